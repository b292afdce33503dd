-- schema: app_setting
-- found: cross-tenant-read public.ticket_event_fax
CREATE POLICY all_of_it ON ticket_event_fax FOR SELECT USING (true);
