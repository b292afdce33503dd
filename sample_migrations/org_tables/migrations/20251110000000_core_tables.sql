-- ============================================================
-- Core tables: dental support organizations, their doctors,
-- and which person may work with which of them.
-- ============================================================

-- ============================================================
-- 1. Helper
-- ============================================================

create function public.update_updated_at()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;

revoke execute on function public.update_updated_at() from public, anon, authenticated;

-- ============================================================
-- 2. Types
-- ============================================================

create type public.doctor_status as enum ('invited', 'onboarding', 'active', 'archived');

-- ============================================================
-- 3. Tables
-- ============================================================

create table public.dsos (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  contact_email text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint dsos_name_not_blank check (btrim(name) <> '')
);

comment on table public.dsos is 'Dental support organizations.';

create table public.doctors (
  id uuid primary key default gen_random_uuid(),
  dso_id uuid not null references public.dsos (id) on delete cascade,
  full_name text not null,
  email text not null,
  status public.doctor_status not null default 'invited',
  starts_on date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint doctors_dso_id_email_key unique (dso_id, email)
);

create table public.user_dso_access (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  dso_id uuid not null references public.dsos (id) on delete cascade,
  created_at timestamptz not null default now(),
  constraint user_dso_access_user_id_dso_id_key unique (user_id, dso_id)
);

comment on table public.user_dso_access is 'Which person may work with which DSO.';

-- ============================================================
-- 4. Indexes
--    doctors.dso_id and user_dso_access.user_id lead a unique
--    constraint and need none of their own.
-- ============================================================

create index doctors_status_idx on public.doctors (status) where status <> 'archived';
create index user_dso_access_dso_id_idx on public.user_dso_access (dso_id);

-- ============================================================
-- 5. Triggers
-- ============================================================

create trigger dsos_updated_at
  before update on public.dsos
  for each row execute function public.update_updated_at();

create trigger doctors_updated_at
  before update on public.doctors
  for each row execute function public.update_updated_at();

-- ============================================================
-- 6. Access: the server only, as service_role
--    No row level security: service_role bypasses it. Instead
--    the roles of the public API lose what the platform's
--    default privileges give them.
-- ============================================================

revoke all on public.dsos, public.doctors, public.user_dso_access from anon, authenticated;
grant all on public.dsos, public.doctors, public.user_dso_access to service_role;
