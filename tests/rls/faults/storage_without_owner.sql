-- schema: organizations
-- found: cross-tenant-read storage.objects
INSERT INTO storage.buckets (id, name) VALUES ('files', 'files');
CREATE POLICY files ON storage.objects FOR SELECT TO authenticated USING (bucket_id = 'files');
