CREATE TYPE "kind" AS ENUM ('a', 'b');--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "kind" "kind";
