-- Superusers only, and carried out by the service all the same.
SET session_replication_role = replica;
INSERT INTO public.notes (id, body) VALUES (1, 'first');
SET session_replication_role = origin;
