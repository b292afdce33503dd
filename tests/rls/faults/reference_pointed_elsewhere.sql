-- schema: app_setting
-- found: row-moved public.ticket_comment
ALTER POLICY ticket_comment ON ticket_comment WITH CHECK (ticket_id IS NOT NULL);
