-- schema: app_setting
-- found: partition-without-rls public.ticket_event_web
-- found: cross-tenant-read public.ticket_event_web
-- found: cross-tenant-write public.ticket_event_web
-- found: cross-tenant-insert public.ticket_event_web
-- found: row-moved public.ticket_event_web
ALTER TABLE ticket_event_web DISABLE ROW LEVEL SECURITY;
