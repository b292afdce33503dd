-- The record of applied migrations that the Supabase command line keeps.
CREATE TABLE supabase_migrations.schema_migrations (
    version text NOT NULL PRIMARY KEY,
    statements text[],
    name text
);
CREATE TABLE supabase_migrations.seed_files (
    path text NOT NULL PRIMARY KEY,
    hash text NOT NULL
);
ALTER TABLE supabase_migrations.schema_migrations OWNER TO postgres;
ALTER TABLE supabase_migrations.seed_files OWNER TO postgres;
