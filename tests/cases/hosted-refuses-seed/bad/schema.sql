CREATE TABLE public.notes (id int PRIMARY KEY, body text);
CREATE FUNCTION auth.tenant_id() RETURNS uuid LANGUAGE sql STABLE RETURN auth.uid();
