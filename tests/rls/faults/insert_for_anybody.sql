-- schema: app_setting
-- found: cross-tenant-insert public.ticket
ALTER POLICY ticket ON ticket WITH CHECK (account_id IS NOT NULL);
