ALTER TABLE public.notes ADD tenant uuid DEFAULT auth.tenant_id();
