CREATE TABLE "users" (
	"id" integer PRIMARY KEY,
	"invited_by" integer REFERENCES "users" DEFERRABLE INITIALLY DEFERRED
);
