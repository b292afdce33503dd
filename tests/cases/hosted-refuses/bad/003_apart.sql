CREATE INDEX CONCURRENTLY users_by_role ON auth.users (role);
CREATE INDEX CONCURRENTLY notes_by_tenant ON public.notes (tenant);
