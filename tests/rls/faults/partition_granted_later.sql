-- schema: app_setting
-- found: cross-tenant-read public.ticket_event_rest
GRANT SELECT ON ticket_event_rest TO ticket_app;
