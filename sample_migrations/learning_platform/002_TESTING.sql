-- Run by hand after 002 on a database that may be thrown away; everything is rolled back at the end.

BEGIN;

INSERT INTO auth.users (id, email) VALUES ('99999999-0000-4000-8000-000000000001', 'testing@example.com');
INSERT INTO users (id, email, name)
VALUES ('99999999-0000-4000-8000-000000000001', 'testing@example.com', 'Testing');
INSERT INTO instructor_profiles (user_id) VALUES ('99999999-0000-4000-8000-000000000001');
INSERT INTO courses (id, instructor_id, title, slug)
VALUES ('99999999-0000-4000-8000-000000000002', '99999999-0000-4000-8000-000000000001', 'Testing', 'testing');
INSERT INTO course_lessons (course_id, title, position, is_published)
VALUES ('99999999-0000-4000-8000-000000000002', 'One', 1, true),
       ('99999999-0000-4000-8000-000000000002', 'Two', 2, false);
INSERT INTO enrollments (user_id, course_id)
VALUES ('99999999-0000-4000-8000-000000000001', '99999999-0000-4000-8000-000000000002');

DO $$
BEGIN
    ASSERT (SELECT enrolled_count FROM courses WHERE slug = 'testing') = 1, 'the enrollment was not counted';
    ASSERT (SELECT count(*) FROM student_progress AS p JOIN enrollments AS e ON e.id = p.enrollment_id
             WHERE e.course_id = '99999999-0000-4000-8000-000000000002') = 1,
           'progress is prepared for published lessons alone';
END;
$$;

UPDATE enrollments SET status = 'dropped' WHERE course_id = '99999999-0000-4000-8000-000000000002';

DO $$
BEGIN
    ASSERT (SELECT enrolled_count FROM courses WHERE slug = 'testing') = 0, 'a dropped enrollment still counts';
END;
$$;

ROLLBACK;
