CREATE INDEX CONCURRENTLY profiles_by_name ON public.profiles (name);
