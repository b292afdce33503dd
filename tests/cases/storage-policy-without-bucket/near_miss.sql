CREATE SCHEMA storage;
CREATE TABLE storage.buckets (id text PRIMARY KEY, public boolean DEFAULT false);
CREATE TABLE storage.objects (id int, bucket_id text REFERENCES storage.buckets (id), name text, owner_name text);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
-- By a function that is told the bucket; restrictive; for a role above policies; for nobody; on another table.
CREATE FUNCTION may_see(bucket text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT bucket = 'avatars' $$;
CREATE POLICY asked ON storage.objects FOR SELECT USING (may_see((storage.objects.bucket_id)::text));
CREATE POLICY own ON storage.objects AS RESTRICTIVE USING (owner_name = CURRENT_USER);
CREATE POLICY service ON storage.objects TO mv_case_service USING (true);
CREATE POLICY closed ON storage.objects FOR DELETE USING (false);
CREATE TABLE objects (id int, name text);
ALTER TABLE objects ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON objects USING (true);
