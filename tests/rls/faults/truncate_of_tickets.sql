-- schema: app_setting
-- found: cross-tenant-write public.ticket_comment
GRANT TRUNCATE ON ticket_comment TO ticket_app;
