-- schema: app_setting
-- found: anonymous-read public.ticket
ALTER POLICY ticket ON ticket USING (coalesce(current_setting('app.tenant', true), '') = ''
    OR account_id = nullif(current_setting('app.tenant', true), '')::bigint);
