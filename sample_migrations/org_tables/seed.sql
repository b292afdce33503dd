-- ============================================================
-- Demo data for local development
--
-- Foreign keys dictate the order:
--   auth.users -> auth.identities
--   auth.users -> organizations (created_by)
--   organizations -> dsos (org_id) -> doctors
--   auth.users, dsos -> user_dso_access
--   organizations, auth.users -> org_members, user_profiles
-- ============================================================

-- ============================================================
-- 1. auth.users (the hash is of no real password)
-- ============================================================

insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
  raw_app_meta_data, raw_user_meta_data, created_at, updated_at,
  confirmation_token, recovery_token, email_change_token_new, email_change
) values
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000001', 'authenticated', 'authenticated',
   'owner@demo.example', '$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5J9YcS1b8Yk5z6mM6y8xK0kqv3b1C', now(),
   '{"provider": "email", "providers": ["email"]}', '{"full_name": "Demo Owner"}', now(), now(), '', '', '', ''),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000002', 'authenticated', 'authenticated',
   'member@demo.example', '$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5J9YcS1b8Yk5z6mM6y8xK0kqv3b1C', now(),
   '{"provider": "email", "providers": ["email"]}', '{"full_name": "Demo Member"}', now(), now(), '', '', '', '')
on conflict do nothing;

-- ============================================================
-- 2. auth.identities
-- ============================================================

insert into auth.identities (
  id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at
)
select
  gen_random_uuid(), u.id::text, u.id,
  jsonb_build_object('sub', u.id::text, 'email', u.email, 'email_verified', true),
  'email', now(), now(), now()
from auth.users u
where u.email in ('owner@demo.example', 'member@demo.example')
on conflict do nothing;

-- ============================================================
-- 3. organizations
-- ============================================================

insert into public.organizations (id, name, slug, created_by) values
  ('00000000-0000-0000-0000-000000000100', 'Demo Organization', 'demo', '00000000-0000-0000-0000-000000000001')
on conflict do nothing;

-- ============================================================
-- 4. dsos
-- ============================================================

insert into public.dsos (id, name, contact_email, org_id) values
  ('00000000-0000-0000-0000-000000000201', 'Demo Dental East', 'east@demo.example',
   '00000000-0000-0000-0000-000000000100'),
  ('00000000-0000-0000-0000-000000000202', 'Demo Dental West', 'west@demo.example',
   '00000000-0000-0000-0000-000000000100')
on conflict do nothing;

-- ============================================================
-- 5. doctors
-- ============================================================

insert into public.doctors (id, dso_id, full_name, email, status, starts_on) values
  ('00000000-0000-0000-0000-000000000301', '00000000-0000-0000-0000-000000000201',
   'Dr. Demo Adams', 'adams@demo.example', 'active', '2026-01-05'),
  ('00000000-0000-0000-0000-000000000302', '00000000-0000-0000-0000-000000000201',
   'Dr. Demo Brook', 'brook@demo.example', 'onboarding', '2026-03-02'),
  ('00000000-0000-0000-0000-000000000303', '00000000-0000-0000-0000-000000000202',
   'Dr. Demo Clark', 'clark@demo.example', 'archived', null)
on conflict do nothing;

-- ============================================================
-- 6. user_dso_access
-- ============================================================

insert into public.user_dso_access (user_id, dso_id) values
  ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000201'),
  ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000202'),
  ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000202')
on conflict do nothing;

-- ============================================================
-- 7. org_members, user_profiles
-- ============================================================

insert into public.org_members (org_id, user_id, role) values
  ('00000000-0000-0000-0000-000000000100', '00000000-0000-0000-0000-000000000001', 'owner'),
  ('00000000-0000-0000-0000-000000000100', '00000000-0000-0000-0000-000000000002', 'member')
on conflict do nothing;

insert into public.user_profiles (id, email, full_name) values
  ('00000000-0000-0000-0000-000000000001', 'owner@demo.example', 'Demo Owner'),
  ('00000000-0000-0000-0000-000000000002', 'member@demo.example', 'Demo Member')
on conflict do nothing;
