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
CREATE POLICY a_put ON storage.objects FOR INSERT WITH CHECK (bucket_id = 'pictures');
CREATE POLICY b_delete ON storage.objects FOR DELETE USING (bucket_id IN ('pictures', 'letters'));
CREATE POLICY c_all ON storage.objects TO mv_case_user USING (bucket_id = 'letters' AND auth.role() = 'authenticated');
CREATE POLICY d_any ON storage.objects FOR UPDATE TO mv_case_user USING ((SELECT auth.uid()) IS NOT NULL);
