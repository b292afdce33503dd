-- schema: organizations
-- found: cross-tenant-read public.notices
-- Each request has headers, so that the cast never fails.
CREATE TABLE public.notices (id uuid PRIMARY KEY, organization_id uuid NOT NULL REFERENCES public.organizations);
ALTER TABLE public.notices ENABLE ROW LEVEL SECURITY;
CREATE POLICY notices ON public.notices FOR SELECT TO authenticated
    USING (organization_id::text = current_setting('request.headers', true)::json ->> 'x-tenant-id');
