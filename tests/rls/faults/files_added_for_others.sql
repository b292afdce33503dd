-- schema: profiles
-- found: cross-tenant-insert storage.objects
ALTER POLICY scans_insert ON storage.objects WITH CHECK (bucket_id = 'scans');
