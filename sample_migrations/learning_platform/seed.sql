-- About 200 rows in the order of the foreign keys. Numbers in the ids make rows easy to find:
-- user 7 is 00000000-0000-4000-8000-000000000007.

CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT format('%s-0000-4000-8000-%s', kind, lpad(n::text, 12, '0'))::uuid $$;

INSERT INTO auth.users (id, aud, role, email, created_at, updated_at)
SELECT pg_temp.id('00000000', n), 'authenticated', 'authenticated', format('user%s@example.com', n), now(), now()
  FROM generate_series(1, 16) AS n;

INSERT INTO public.organizations (id, name, slug)
VALUES (pg_temp.id('00000001', 1), 'Acme', 'acme'),
       (pg_temp.id('00000001', 2), 'Globex', 'globex');

-- Users 1 to 8 are Acme's, 9 to 15 Globex's; 16 belongs to nobody. 1 administers the platform, 2 and 9 teach.
INSERT INTO public.users (id, email, name, full_name, organization_id, avatar_url)
SELECT pg_temp.id('00000000', n), format('user%s@example.com', n), format('User %s', n), format('User Number %s', n),
       CASE WHEN n <= 8 THEN pg_temp.id('00000001', 1) WHEN n <= 15 THEN pg_temp.id('00000001', 2) END,
       format('https://cdn.example.com/avatars/%s.png', n)
  FROM generate_series(1, 16) AS n;

INSERT INTO public.user_roles (user_id, role, granted_by)
SELECT pg_temp.id('00000000', n),
       (CASE n WHEN 1 THEN 'admin' WHEN 2 THEN 'org_admin' WHEN 9 THEN 'org_admin' ELSE 'member' END)::public.user_role,
       CASE WHEN n > 1 THEN pg_temp.id('00000000', 1) END
  FROM generate_series(1, 16) AS n;

INSERT INTO public.teams (id, organization_id, name, lead_id)
VALUES (pg_temp.id('00000002', 1), pg_temp.id('00000001', 1), 'Engineering', pg_temp.id('00000000', 3)),
       (pg_temp.id('00000002', 2), pg_temp.id('00000001', 2), 'Research', pg_temp.id('00000000', 10));

INSERT INTO public.team_members (team_id, user_id, role)
SELECT pg_temp.id('00000002', CASE WHEN n <= 8 THEN 1 ELSE 2 END), pg_temp.id('00000000', n),
       (CASE WHEN n IN (3, 10) THEN 'team_lead' ELSE 'member' END)::public.user_role
  FROM generate_series(3, 12) AS n;

INSERT INTO public.instructor_profiles (user_id, headline, pillars, credentials, is_verified)
VALUES (pg_temp.id('00000000', 2), 'Teaches change', '{adaptability,coaching}', '[{"title": "PhD"}]', true),
       (pg_temp.id('00000000', 9), 'Coaches teams', '{coaching}', '[]', true);

INSERT INTO public.instructor_settings (instructor_id, payout_schedule)
VALUES (pg_temp.id('00000000', 2), 'weekly'), (pg_temp.id('00000000', 9), 'monthly');

INSERT INTO public.courses (id, organization_id, instructor_id, title, slug, pillar, status, price_cents, published_at)
VALUES (pg_temp.id('00000003', 1), pg_temp.id('00000001', 1), pg_temp.id('00000000', 2), 'Adapting to AI',
        'adapting-to-ai', 'adaptability', 'published', 4900, now()),
       (pg_temp.id('00000003', 2), pg_temp.id('00000001', 2), pg_temp.id('00000000', 9), 'Coaching with data',
        'coaching-with-data', 'coaching', 'published', 9900, now()),
       (pg_temp.id('00000003', 3), NULL, pg_temp.id('00000000', 9), 'Finding talent',
        'finding-talent', 'marketplace', 'draft', 0, NULL);

INSERT INTO public.course_sections (id, course_id, title, position)
SELECT pg_temp.id('00000004', n), pg_temp.id('00000003', n), 'Basics', 1 FROM generate_series(1, 3) AS n;

INSERT INTO public.course_lessons (id, course_id, section_id, title, lesson_type, content_type, position,
                                   duration_seconds, is_published)
SELECT pg_temp.id('00000005', 10 * c + l), pg_temp.id('00000003', c), pg_temp.id('00000004', c), format('Lesson %s', l),
       (ARRAY['video', 'quiz', 'assignment'])[l]::public.lesson_type,
       (ARRAY['video', 'quiz', 'assignment'])[l]::public.content_type,
       l, 300 * l, c < 3
  FROM generate_series(1, 3) AS c, generate_series(1, 3) AS l;

-- Triggers count the students, prepare a row of progress for each published lesson, and notify the instructors.
INSERT INTO public.enrollments (id, user_id, course_id, status, last_accessed_at)
SELECT pg_temp.id('00000006', n), pg_temp.id('00000000', n), pg_temp.id('00000003', CASE WHEN n <= 8 THEN 1 ELSE 2 END),
       (CASE WHEN n IN (8, 13) THEN 'dropped' ELSE 'enrolled' END)::public.enrollment_status, now()
  FROM generate_series(3, 13) AS n
 WHERE n <> 9;

UPDATE public.student_progress
   SET completed = true, completed_at = now(), time_spent_seconds = 420
 WHERE enrollment_id IN (pg_temp.id('00000006', 3), pg_temp.id('00000006', 10));

UPDATE public.enrollments
   SET status = 'completed', progress_percent = 100, completed_at = now()
 WHERE id IN (pg_temp.id('00000006', 3), pg_temp.id('00000006', 10));

INSERT INTO public.student_activity (user_id, course_id, activity)
SELECT user_id, course_id, 'enrolled' FROM public.enrollments;

INSERT INTO public.course_reviews (course_id, user_id, rating, comment, is_verified_purchase)
SELECT course_id, user_id, 5, 'Worth the time', true FROM public.enrollments WHERE status = 'completed';

INSERT INTO public.quiz_attempts (user_id, course_id, lesson_id, score, max_score, passed)
SELECT e.user_id, e.course_id, l.id, 8, 10, true
  FROM public.enrollments AS e
  JOIN public.course_lessons AS l ON l.course_id = e.course_id AND l.lesson_type = 'quiz'
 WHERE e.status = 'completed';

INSERT INTO public.assignment_submissions (user_id, course_id, lesson_id, submission_url)
SELECT e.user_id, e.course_id, l.id, 'https://files.example.com/submission.pdf'
  FROM public.enrollments AS e
  JOIN public.course_lessons AS l ON l.course_id = e.course_id AND l.lesson_type = 'assignment'
 WHERE e.status = 'completed';

INSERT INTO public.workshops (id, organization_id, instructor_id, title, status, workshop_type, starts_at, ends_at)
VALUES (pg_temp.id('00000007', 1), pg_temp.id('00000001', 1), pg_temp.id('00000000', 2), 'Change in practice',
        'published', 'hybrid', now() + interval '7 days', now() + interval '7 days 2 hours'),
       (pg_temp.id('00000007', 2), NULL, pg_temp.id('00000000', 9), 'Open coaching hour',
        'completed', 'online', now() - interval '7 days', now() - interval '7 days' + interval '1 hour');

INSERT INTO public.workshop_registrations (id, workshop_id, user_id, status, attended_at)
SELECT pg_temp.id('00000008', n), pg_temp.id('00000007', CASE WHEN n <= 6 THEN 1 ELSE 2 END), pg_temp.id('00000000', n),
       (CASE WHEN n <= 6 THEN 'registered' ELSE 'attended' END)::public.registration_status,
       CASE WHEN n > 6 THEN now() - interval '7 days' END
  FROM generate_series(3, 8) AS n;

INSERT INTO public.workshop_feedback (registration_id, rating, comment)
VALUES (pg_temp.id('00000008', 7), 4, 'Too short'), (pg_temp.id('00000008', 8), 5, NULL);

INSERT INTO public.assessments (id, user_id, pillar, status, overall_score, completed_at)
SELECT pg_temp.id('00000009', n), pg_temp.id('00000000', n), 'adaptability', 'completed', 50 + n, now()
  FROM generate_series(3, 6) AS n;

INSERT INTO public.assessment_responses (assessment_id, question_key, answer, score)
SELECT pg_temp.id('00000009', n), format('q%s', q), jsonb_build_object('choice', q), 50 + n
  FROM generate_series(3, 6) AS n, generate_series(1, 3) AS q;

INSERT INTO public.talent_profiles (user_id, tagline, skills, hourly_rate_cents)
VALUES (pg_temp.id('00000000', 14), 'Prompt engineer', '["llm", "python"]', 12000),
       (pg_temp.id('00000000', 16), 'Change manager', '["facilitation"]', 9000);

INSERT INTO public.engagement_requests (id, organization_id, requested_by, talent_id, title, budget_cents, status)
VALUES (pg_temp.id('0000000a', 1), pg_temp.id('00000001', 1), pg_temp.id('00000000', 2), pg_temp.id('00000000', 16),
        'Guide our change', 500000, 'matched');

INSERT INTO public.consultations (id, talent_id, client_id, engagement_id, status, scheduled_at)
VALUES (pg_temp.id('0000000b', 1), pg_temp.id('00000000', 16), pg_temp.id('00000000', 2), pg_temp.id('0000000a', 1),
        'scheduled', now() + interval '3 days');

INSERT INTO public.payments (id, user_id, enrollment_id, amount_cents, status, provider_reference, paid_at)
SELECT pg_temp.id('0000000c', row_number() OVER (ORDER BY e.id)), e.user_id, e.id, c.price_cents, 'completed',
       format('pi_%s', row_number() OVER (ORDER BY e.id)), now()
  FROM public.enrollments AS e
  JOIN public.courses AS c ON c.id = e.course_id;

INSERT INTO public.revenue_transactions (instructor_id, enrollment_id, payment_id, kind, amount_cents)
SELECT c.instructor_id, e.id, p.id, 'course_enrollment', p.amount_cents
  FROM public.payments AS p
  JOIN public.enrollments AS e ON e.id = p.enrollment_id
  JOIN public.courses AS c ON c.id = e.course_id;

INSERT INTO public.certificates (user_id, enrollment_id, number, title)
SELECT e.user_id, e.id, format('CERT-%s', right(e.id::text, 4)), c.title
  FROM public.enrollments AS e
  JOIN public.courses AS c ON c.id = e.course_id
 WHERE e.status = 'completed';

INSERT INTO public.student_presence (user_id, course_id)
SELECT user_id, course_id FROM public.enrollments WHERE status = 'enrolled';
