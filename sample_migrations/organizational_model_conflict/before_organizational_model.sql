-- People, sponsors and entries as they were before 20250102_organizational_model.sql:
-- what its data migration has to carry over.

INSERT INTO auth.users (id, email, aud, role, created_at, updated_at) VALUES
    ('10000000-0000-4000-8000-000000000001', 'ada@example.com', 'authenticated', 'authenticated', '2024-09-02 08:00+00', '2024-09-02 08:00+00'),
    ('10000000-0000-4000-8000-000000000002', 'ben@example.com', 'authenticated', 'authenticated', '2024-09-03 08:00+00', '2024-09-03 08:00+00'),
    ('10000000-0000-4000-8000-000000000003', 'cleo@example.com', 'authenticated', 'authenticated', '2024-09-10 08:00+00', '2024-09-10 08:00+00'),
    ('10000000-0000-4000-8000-000000000004', 'dan@example.com', 'authenticated', 'authenticated', '2024-10-01 08:00+00', '2024-10-01 08:00+00'),
    ('10000000-0000-4000-8000-000000000005', 'eva@example.com', 'authenticated', 'authenticated', '2024-11-20 08:00+00', '2024-11-20 08:00+00'),
    ('10000000-0000-4000-8000-000000000006', 'finn@example.com', 'authenticated', 'authenticated', '2024-12-24 08:00+00', '2024-12-24 08:00+00');

INSERT INTO public.profiles (id, email, display_name, time_zone, created_at)
SELECT id, email, initcap(split_part(email, '@', 1)), 'Europe/Berlin', created_at
FROM auth.users
WHERE id::text LIKE '10000000-0000-4000-8000-%';

INSERT INTO public.sponsor_relationships (practitioner_id, sponsor_id, status, created_at) VALUES
    -- Ada sponsors two people, Ben is sponsored by two.
    ('10000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'active', '2024-09-05 10:00+00'),
    ('10000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000001', 'active', '2024-09-12 10:00+00'),
    ('10000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000004', 'active', '2024-10-02 10:00+00'),
    -- A sponsor who is sponsored.
    ('10000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000001', 'active', '2024-10-03 10:00+00'),
    -- Neither of these makes anybody a coach.
    ('10000000-0000-4000-8000-000000000005', '10000000-0000-4000-8000-000000000002', 'pending', '2024-11-21 10:00+00'),
    ('10000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000005', 'ended', '2024-12-01 10:00+00');

INSERT INTO public.journal_entries (user_id, virtue, content, is_shared, created_at) VALUES
    ('10000000-0000-4000-8000-000000000001', 'patience', 'Waited for the bus without looking at the clock.', false, '2024-09-20 19:00+00'),
    ('10000000-0000-4000-8000-000000000002', 'honesty', 'Said that I had forgotten, because I had.', true, '2024-09-21 19:00+00'),
    ('10000000-0000-4000-8000-000000000002', 'courage', 'Asked the question in front of everybody.', true, '2024-12-02 19:00+00'),
    ('10000000-0000-4000-8000-000000000003', 'temperance', 'One piece of cake.', false, '2024-12-25 19:00+00'),
    ('10000000-0000-4000-8000-000000000004', 'justice', 'Gave back the change that was too much.', true, '2024-12-30 19:00+00');
