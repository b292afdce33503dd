CREATE TYPE "role" AS ENUM ('member', 'admin');--> statement-breakpoint
CREATE TABLE "users" (
	"id" integer PRIMARY KEY,
	"role" "role" DEFAULT 'member' NOT NULL
);
