-- schema: app_setting
-- found: cross-tenant-read public.ticket_comment
-- found: cross-tenant-write public.ticket_comment
ALTER POLICY ticket_comment ON ticket_comment USING (ticket_id > 0);
