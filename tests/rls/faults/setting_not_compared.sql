-- schema: app_setting
-- found: cross-tenant-read public.ticket
-- found: cross-tenant-write public.ticket
ALTER POLICY ticket ON ticket USING (current_setting('app.tenant', true) <> '');
