-- Queries of the instructor portal, to copy from. Not part of the migrations.

-- The overview of one instructor
SELECT * FROM get_instructor_dashboard_stats('00000000-0000-4000-8000-000000000002');

-- How far the students are, in all courses and in one
SELECT * FROM get_instructor_student_progress('00000000-0000-4000-8000-000000000002');
SELECT * FROM get_instructor_student_progress('00000000-0000-4000-8000-000000000002',
                                              '00000003-0000-4000-8000-000000000001');

-- The ten newest activities
SELECT * FROM get_instructor_recent_activity('00000000-0000-4000-8000-000000000002', 10);

-- The revenue of this year by month
SELECT * FROM get_instructor_revenue_breakdown('00000000-0000-4000-8000-000000000002',
                                               date_trunc('year', now())::date, now()::date);

-- Courses whose title is like a word, also misspelt
SELECT title FROM courses WHERE title ILIKE '%coach%' ORDER BY title;

-- Students who have not been seen for two weeks
SELECT u.email, c.title, e.last_accessed_at
  FROM enrollments AS e
  JOIN users AS u ON u.id = e.user_id
  JOIN courses AS c ON c.id = e.course_id
 WHERE e.status IN ('enrolled', 'in_progress')
   AND e.last_accessed_at < now() - interval '14 days';
