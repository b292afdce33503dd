-- schema: app_setting
-- found: cross-tenant-write public.ticket_event
CREATE POLICY all_of_it ON ticket_event FOR DELETE USING (true);
