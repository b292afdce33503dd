-- schema: organizations
-- found: storage-policy-without-bucket storage.objects
CREATE POLICY files ON storage.objects FOR SELECT TO authenticated USING (owner_id = (SELECT auth.uid())::text);
