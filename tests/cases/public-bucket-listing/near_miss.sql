CREATE SCHEMA storage;
CREATE TABLE storage.buckets (id text PRIMARY KEY, public boolean DEFAULT false);
CREATE TABLE storage.objects (id int, bucket_id text REFERENCES storage.buckets (id), name text, owner_name text);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
INSERT INTO storage.buckets VALUES ('avatars', true), ('logos', true), ('invoices', false);
-- A bucket that is not public; no listing; for a role above policies; buckets that another table names.
CREATE POLICY private ON storage.objects FOR SELECT USING (bucket_id = 'invoices');
CREATE POLICY upload ON storage.objects FOR INSERT WITH CHECK (bucket_id = 'avatars');
CREATE POLICY service ON storage.objects FOR SELECT TO mv_case_service USING (bucket_id = 'avatars');
CREATE POLICY looked_up ON storage.objects FOR SELECT
    USING (bucket_id = (SELECT b.id FROM storage.buckets AS b WHERE b.id = 'avatars' AND NOT b.public));
