CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid
$$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT current_setting('request.jwt.claim.role', true)
$$;
CREATE SCHEMA storage;
CREATE TABLE storage.buckets (id text PRIMARY KEY, public boolean DEFAULT false);
CREATE TABLE storage.objects (id int, bucket_id text REFERENCES storage.buckets (id), name text, owner uuid);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
-- Reading; putting by those who are signed in; one's own folder; a role above policies; nobody.
CREATE POLICY a ON storage.objects FOR SELECT USING (bucket_id = 'pictures');
CREATE POLICY b ON storage.objects FOR INSERT TO mv_case_user WITH CHECK (bucket_id = 'pictures');
CREATE POLICY c ON storage.objects FOR INSERT WITH CHECK (bucket_id = 'pictures' AND auth.uid() IS NOT NULL);
CREATE POLICY d ON storage.objects FOR DELETE USING (bucket_id = 'pictures' AND split_part(name, '/', 1) = auth.uid()::text);
CREATE POLICY e ON storage.objects TO mv_case_service USING (bucket_id = 'pictures');
CREATE POLICY f ON storage.objects FOR UPDATE USING (bucket_id = 'pictures' AND false);
CREATE POLICY g ON storage.objects FOR UPDATE USING (bucket_id = current_setting('app.bucket', true));
