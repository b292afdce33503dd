-- schema: workspaces_bigint
-- found: anonymous-write public.customers
CREATE POLICY everybody ON public.customers FOR UPDATE TO anon USING (true) WITH CHECK (true);
