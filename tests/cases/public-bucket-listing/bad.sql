CREATE SCHEMA storage;
CREATE TABLE storage.buckets (id text PRIMARY KEY, public boolean DEFAULT false);
CREATE TABLE storage.objects (id int, bucket_id text REFERENCES storage.buckets (id), name text, owner_name text);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
INSERT INTO storage.buckets VALUES ('avatars', true), ('logos', true), ('invoices', false);
CREATE POLICY avatars ON storage.objects FOR SELECT USING (bucket_id = 'avatars');
CREATE POLICY two ON storage.objects FOR SELECT TO mv_case_user USING (bucket_id IN ('avatars', 'invoices'));
CREATE POLICY mixed ON storage.objects TO mv_case_anon
    USING (bucket_id = 'invoices' AND owner_name = CURRENT_USER OR 'logos' = bucket_id);
CREATE POLICY whole ON storage.objects FOR SELECT USING (true);
