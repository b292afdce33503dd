-- Users from before 006, with the names of its columns before: what the migration copies and renames must not be lost.

INSERT INTO auth.users (id, aud, role, email, created_at, updated_at)
SELECT format('10000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid, 'authenticated', 'authenticated',
       format('early%s@example.com', n), now(), now()
  FROM generate_series(1, 4) AS n;

INSERT INTO public.users (id, email, name, avatar)
SELECT format('10000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid, format('early%s@example.com', n),
       format('Early User %s', n), format('https://cdn.example.com/avatars/%s.png', n)
  FROM generate_series(1, 4) AS n;
