-- Notifications, presence, and what the browser is told of at once.
--
-- payments does not exist before 005: notify_instructor_payment() is written here, with its siblings, and 005 attaches
-- its trigger and adds the table to the publication.

CREATE TABLE notifications (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    data JSONB NOT NULL DEFAULT '{}',
    read_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE student_presence (
    user_id UUID PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    course_id UUID REFERENCES courses(id) ON DELETE SET NULL,
    lesson_id UUID REFERENCES course_lessons(id) ON DELETE SET NULL,
    is_online BOOLEAN NOT NULL DEFAULT true,
    last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_notifications_user_id ON notifications(user_id, created_at DESC);
CREATE INDEX idx_notifications_unread ON notifications(user_id) WHERE read_at IS NULL;
CREATE INDEX idx_notifications_data ON notifications USING gin (data);
CREATE INDEX idx_student_presence_course_id ON student_presence(course_id);
CREATE INDEX idx_student_presence_lesson_id ON student_presence(lesson_id);
CREATE INDEX idx_student_presence_online ON student_presence(last_seen_at) WHERE is_online;

-- ---------------------------------------------------------------------------------------------------------------
-- Functions
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION create_notification(p_user_id uuid, p_kind text, p_title text, p_message text, p_data jsonb DEFAULT '{}')
RETURNS uuid
LANGUAGE sql SECURITY DEFINER
SET search_path = ''
AS $$
    INSERT INTO public.notifications (user_id, kind, title, message, data)
    VALUES (p_user_id, p_kind, p_title, p_message, coalesce(p_data, '{}'))
    RETURNING id
$$;

CREATE FUNCTION cleanup_old_notifications(p_days integer DEFAULT 90) RETURNS bigint
LANGUAGE sql
SET search_path = ''
AS $$
    WITH gone AS (
        DELETE FROM public.notifications
         WHERE read_at IS NOT NULL AND created_at < now() - make_interval(days => p_days)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

CREATE FUNCTION cleanup_stale_presence(p_minutes integer DEFAULT 5) RETURNS bigint
LANGUAGE sql
SET search_path = ''
AS $$
    WITH stale AS (
        UPDATE public.student_presence SET is_online = false
         WHERE is_online AND last_seen_at < now() - make_interval(mins => p_minutes)
        RETURNING 1
    )
    SELECT count(*) FROM stale
$$;

CREATE FUNCTION notify_instructor_new_enrollment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    PERFORM public.create_notification(c.instructor_id, 'enrollment', 'New enrollment',
                                       format('A student enrolled in %s', c.title),
                                       jsonb_build_object('course', c.id, 'enrollment', NEW.id))
       FROM public.courses AS c
      WHERE c.id = NEW.course_id;
    RETURN NULL;
END;
$$;

CREATE FUNCTION notify_instructor_workshop_registration() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    PERFORM public.create_notification(w.instructor_id, 'registration', 'New registration',
                                       format('Somebody registered for %s', w.title),
                                       jsonb_build_object('workshop', w.id, 'registration', NEW.id))
       FROM public.workshops AS w
      WHERE w.id = NEW.workshop_id;
    RETURN NULL;
END;
$$;

CREATE FUNCTION notify_instructor_completion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    PERFORM public.create_notification(c.instructor_id, 'completion', 'Course completed',
                                       format('A student completed %s', c.title),
                                       jsonb_build_object('course', c.id, 'enrollment', NEW.id))
       FROM public.courses AS c
      WHERE c.id = NEW.course_id;
    RETURN NULL;
END;
$$;

CREATE FUNCTION notify_instructor_new_review() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    PERFORM public.create_notification(c.instructor_id, 'review', 'New review',
                                       format('%s stars for %s', NEW.rating, c.title),
                                       jsonb_build_object('course', c.id, 'review', NEW.id))
       FROM public.courses AS c
       LEFT JOIN public.instructor_settings AS s ON s.instructor_id = c.instructor_id
      WHERE c.id = NEW.course_id
        AND coalesce(s.notify_reviews, true);
    RETURN NULL;
END;
$$;

CREATE FUNCTION notify_instructor_payment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    PERFORM public.create_notification(c.instructor_id, 'payment', 'Payment received',
                                       format('%s %s for %s', NEW.currency, NEW.amount_cents / 100.0, c.title),
                                       jsonb_build_object('payment', NEW.id))
       FROM public.enrollments AS e
       JOIN public.courses AS c ON c.id = e.course_id
      WHERE e.id = NEW.enrollment_id;
    RETURN NULL;
END;
$$;

REVOKE ALL ON FUNCTION create_notification(uuid, text, text, text, jsonb), cleanup_old_notifications(integer),
    cleanup_stale_presence(integer), notify_instructor_new_enrollment(), notify_instructor_workshop_registration(),
    notify_instructor_completion(), notify_instructor_new_review(), notify_instructor_payment()
    FROM PUBLIC, anon, authenticated;
GRANT EXECUTE ON FUNCTION create_notification(uuid, text, text, text, jsonb), cleanup_old_notifications(integer),
    cleanup_stale_presence(integer) TO service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- Triggers
-- ---------------------------------------------------------------------------------------------------------------

CREATE TRIGGER trigger_notify_new_enrollment
    AFTER INSERT ON enrollments
    FOR EACH ROW EXECUTE FUNCTION notify_instructor_new_enrollment();
CREATE TRIGGER trigger_notify_completion
    AFTER UPDATE OF status ON enrollments
    FOR EACH ROW WHEN (NEW.status = 'completed' AND OLD.status <> 'completed')
    EXECUTE FUNCTION notify_instructor_completion();
CREATE TRIGGER trigger_notify_workshop_registration
    AFTER INSERT ON workshop_registrations
    FOR EACH ROW EXECUTE FUNCTION notify_instructor_workshop_registration();
CREATE TRIGGER trigger_notify_new_review
    AFTER INSERT ON course_reviews
    FOR EACH ROW WHEN (NEW.is_published)
    EXECUTE FUNCTION notify_instructor_new_review();

-- ---------------------------------------------------------------------------------------------------------------
-- Views, with the rights of whoever reads them
-- ---------------------------------------------------------------------------------------------------------------

CREATE VIEW user_unread_notifications WITH (security_invoker = true) AS
SELECT user_id, count(*) AS unread, max(created_at) AS newest
  FROM notifications
 WHERE read_at IS NULL
 GROUP BY user_id;

CREATE VIEW instructor_recent_activity WITH (security_invoker = true) AS
SELECT c.instructor_id, a.activity, a.created_at, a.user_id AS student_id, u.name AS student_name,
       u.avatar AS student_avatar, c.id AS course_id, c.title AS course_title
  FROM student_activity AS a
  JOIN courses AS c ON c.id = a.course_id
  JOIN users AS u ON u.id = a.user_id;

CREATE VIEW live_course_stats WITH (security_invoker = true) AS
SELECT c.id AS course_id, c.instructor_id, c.title, c.enrolled_count,
       count(p.user_id) FILTER (WHERE p.is_online) AS online_now
  FROM courses AS c
  LEFT JOIN student_presence AS p ON p.course_id = c.id
 GROUP BY c.id;

-- ---------------------------------------------------------------------------------------------------------------
-- Row level security. Notifications are created by triggers and the service role alone.
-- ---------------------------------------------------------------------------------------------------------------

ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE student_presence ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can view their notifications" ON notifications
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()));
CREATE POLICY "Users can mark their notifications as read" ON notifications
    FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY "Users can delete their notifications" ON notifications
    FOR DELETE TO authenticated
    USING (user_id = (SELECT auth.uid()));

CREATE POLICY "Users and instructors can view presence" ON student_presence
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR private.teaches(course_id));
CREATE POLICY "Users can announce themselves" ON student_presence
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid())
                AND EXISTS (SELECT FROM courses AS c WHERE c.id = student_presence.course_id));
CREATE POLICY "Users can update their presence" ON student_presence
    FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid()))
    WITH CHECK (user_id = (SELECT auth.uid())
                AND EXISTS (SELECT FROM courses AS c WHERE c.id = student_presence.course_id));

-- ---------------------------------------------------------------------------------------------------------------
-- Realtime
-- ---------------------------------------------------------------------------------------------------------------

ALTER PUBLICATION supabase_realtime ADD TABLE
    notifications, enrollments, workshop_registrations, student_activity, course_reviews, student_presence;

-- Subscribers filter deletions by user_id, which the primary key alone would not carry.
ALTER TABLE notifications REPLICA IDENTITY FULL;
