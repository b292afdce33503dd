-- Production as it was before 20260226000000_add_org_tables.sql, in small: five DSOs without an organization, the people
-- that the migration looks up, and the access that an invitation gave by mistake.

insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, created_at, updated_at) values
  ('20000000-0000-4000-8000-000000000001', '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
   'alan@allsolutions.example', '{"full_name": "Alan"}', '2025-11-11 09:00+00', '2025-11-11 09:00+00'),
  ('20000000-0000-4000-8000-000000000002', '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
   'claudia@allsolutions.example', '{"full_name": "Claudia"}', '2025-11-12 09:00+00', '2025-11-12 09:00+00'),
  ('20000000-0000-4000-8000-000000000003', '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
   'valentina@allsolutions.example', '{}', '2026-02-20 09:00+00', '2026-02-20 09:00+00');

insert into public.dsos (id, name, contact_email) values
  ('30000000-0000-4000-8000-000000000001', 'Bright Harbor Dental', 'office@brightharbor.example'),
  ('30000000-0000-4000-8000-000000000002', 'Cedar Smiles', null),
  ('30000000-0000-4000-8000-000000000003', 'Lakeside Orthodontics', 'hello@lakeside.example'),
  ('30000000-0000-4000-8000-000000000004', 'North Ridge Dental Group', null),
  ('30000000-0000-4000-8000-000000000005', 'Valley Oral Care', 'team@valleyoral.example');

insert into public.doctors (dso_id, full_name, email, status, starts_on) values
  ('30000000-0000-4000-8000-000000000001', 'Dr. Ines Hart', 'ines@brightharbor.example', 'active', '2025-12-01'),
  ('30000000-0000-4000-8000-000000000001', 'Dr. Omar Vance', 'omar@brightharbor.example', 'onboarding', '2026-03-01'),
  ('30000000-0000-4000-8000-000000000004', 'Dr. Lena Voss', 'lena@northridge.example', 'invited', null);

insert into public.user_dso_access (user_id, dso_id)
select u.id, d.id
from auth.users u
cross join public.dsos d
where u.email in ('alan@allsolutions.example', 'valentina@allsolutions.example')
   or (u.email = 'claudia@allsolutions.example' and d.name < 'D');
