-- schema: app_setting
-- found: policy-error public.ticket
ALTER POLICY ticket ON ticket USING (account_id = current_setting('app.tenant')::bigint);
