-- schema: workspaces_bigint
-- found: anonymous-read public.people
-- found: cross-tenant-read public.people
-- found: view-exposes-auth-users public.people
-- A view of one table, which is the environment's and could be changed through it.
CREATE VIEW public.people AS SELECT id, email, raw_user_meta_data FROM auth.users;
