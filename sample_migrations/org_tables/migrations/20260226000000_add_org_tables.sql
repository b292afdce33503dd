-- ============================================================
-- Organizations above DSOs
--
-- Safe to apply to production data: org_id is added in three
-- steps, organizations are found by slug (their ids differ
-- between environments), and every INSERT may be repeated.
-- ============================================================

-- ============================================================
-- 1. organizations
-- ============================================================

create table public.organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null unique,
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint organizations_slug_lower_case check (slug = lower(slug) and slug <> '')
);

comment on column public.organizations.slug is 'Stable name in URLs and migrations.';

create index organizations_created_by_idx on public.organizations (created_by);

create trigger organizations_updated_at
  before update on public.organizations
  for each row execute function public.update_updated_at();

-- ============================================================
-- 2. org_members
-- ============================================================

create table public.org_members (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null default 'member',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint org_members_org_id_user_id_key unique (org_id, user_id),
  constraint org_members_role_check check (role in ('owner', 'admin', 'member'))
);

-- The unique constraint serves look-ups by org_id; this one serves "which organizations am I in".
create index org_members_user_id_idx on public.org_members (user_id);

create trigger org_members_updated_at
  before update on public.org_members
  for each row execute function public.update_updated_at();

-- ============================================================
-- 3. user_profiles: what lists show of a person, without one
--    request to the authentication service for each
-- ============================================================

create table public.user_profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  email text not null,
  full_name text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create index user_profiles_email_idx on public.user_profiles (lower(email));

create trigger user_profiles_updated_at
  before update on public.user_profiles
  for each row execute function public.update_updated_at();

-- ============================================================
-- 4. dsos.org_id, step one of three: nullable
-- ============================================================

alter table public.dsos
  add column org_id uuid references public.organizations (id) on delete restrict;

create index dsos_org_id_idx on public.dsos (org_id);

-- ============================================================
-- 5. Step two: production data
--    On an empty database these statements find nobody and
--    leave one organization behind. Of people who sign in with
--    SSO several may have one address; of the others none.
-- ============================================================

insert into public.organizations (name, slug, created_by)
values (
  'All Solutions Consulting',
  'all-solutions-consulting',
  (select id from auth.users where email = 'alan@allsolutions.example' and not is_sso_user)
)
on conflict (slug) do nothing;

update public.dsos
set org_id = (select id from public.organizations where slug = 'all-solutions-consulting')
where org_id is null;

insert into public.org_members (org_id, user_id, role)
select o.id, u.id, 'owner'
from public.organizations o
join auth.users u on u.email = 'alan@allsolutions.example' and not u.is_sso_user
where o.slug = 'all-solutions-consulting'
on conflict (org_id, user_id) do nothing;

insert into public.org_members (org_id, user_id, role)
select o.id, u.id, 'admin'
from public.organizations o
join auth.users u on u.email = 'claudia@allsolutions.example' and not u.is_sso_user
where o.slug = 'all-solutions-consulting'
on conflict (org_id, user_id) do nothing;

insert into public.user_profiles (id, email, full_name)
select u.id, u.email, u.raw_user_meta_data ->> 'full_name'
from auth.users u
where u.email is not null
on conflict (id) do nothing;

-- ============================================================
-- 6. Step three: from now on every DSO has an organization
-- ============================================================

alter table public.dsos alter column org_id set not null;

-- ============================================================
-- 7. Clean-up: an invitation gave Valentina every DSO; she is
--    invited again once invitations know organizations
-- ============================================================

delete from public.user_dso_access
where user_id in (select id from auth.users where email = 'valentina@allsolutions.example');

-- ============================================================
-- 8. Access: the server only, as service_role (see the core
--    tables). Without this the platform's default privileges
--    would open the new tables to everybody with the public key.
-- ============================================================

revoke all on public.organizations, public.org_members, public.user_profiles from anon, authenticated;
grant all on public.organizations, public.org_members, public.user_profiles to service_role;
