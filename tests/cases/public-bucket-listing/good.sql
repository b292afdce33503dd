CREATE SCHEMA storage;
CREATE TABLE storage.buckets (id text PRIMARY KEY, public boolean DEFAULT false);
CREATE TABLE storage.objects (id int, bucket_id text REFERENCES storage.buckets (id), name text, owner_name text);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
INSERT INTO storage.buckets VALUES ('avatars', true), ('logos', true), ('invoices', false);
CREATE POLICY own ON storage.objects FOR SELECT USING (bucket_id = 'avatars' AND owner_name = CURRENT_USER);
