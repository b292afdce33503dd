-- The instructor portal: profiles, courses, enrollments, progress, activity, revenue and reviews.

-- ---------------------------------------------------------------------------------------------------------------
-- Enums
-- ---------------------------------------------------------------------------------------------------------------

CREATE TYPE course_status AS ENUM ('draft', 'published', 'archived');
CREATE TYPE course_difficulty AS ENUM ('beginner', 'intermediate', 'advanced');
CREATE TYPE lesson_type AS ENUM ('video', 'article', 'quiz', 'assignment', 'live_session');
CREATE TYPE workshop_type AS ENUM ('online', 'in_person', 'hybrid');
CREATE TYPE activity_type AS ENUM (
    'enrolled', 'lesson_started', 'lesson_completed', 'course_completed', 'workshop_registered', 'review_posted'
);
CREATE TYPE transaction_type AS ENUM ('course_enrollment', 'workshop_registration', 'consultation', 'refund');
CREATE TYPE payout_schedule AS ENUM ('weekly', 'biweekly', 'monthly');

ALTER TABLE workshops ADD COLUMN workshop_type workshop_type NOT NULL DEFAULT 'online';

-- ---------------------------------------------------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------------------------------------------------

CREATE TABLE instructor_profiles (
    user_id UUID PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    headline TEXT,
    bio TEXT,
    pillars ai_pillar[] NOT NULL DEFAULT '{}',
    credentials JSONB NOT NULL DEFAULT '[]',
    is_verified BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE instructor_settings (
    instructor_id UUID PRIMARY KEY REFERENCES instructor_profiles(user_id) ON DELETE CASCADE,
    notify_enrollments BOOLEAN NOT NULL DEFAULT true,
    notify_reviews BOOLEAN NOT NULL DEFAULT true,
    payout_schedule payout_schedule NOT NULL DEFAULT 'monthly',
    preferences JSONB NOT NULL DEFAULT '{}',
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE courses (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID REFERENCES organizations(id) ON DELETE CASCADE,
    instructor_id UUID NOT NULL REFERENCES instructor_profiles(user_id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    description TEXT,
    pillar ai_pillar NOT NULL DEFAULT 'adaptability',
    status course_status NOT NULL DEFAULT 'draft',
    difficulty course_difficulty NOT NULL DEFAULT 'beginner',
    price_cents INTEGER NOT NULL DEFAULT 0,
    enrolled_count INTEGER NOT NULL DEFAULT 0,
    metadata JSONB NOT NULL DEFAULT '{}',
    published_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT courses_price_not_negative CHECK (price_cents >= 0),
    CONSTRAINT courses_enrolled_count_not_negative CHECK (enrolled_count >= 0)
);

COMMENT ON COLUMN courses.organization_id IS 'Null: open to everybody';
COMMENT ON COLUMN courses.enrolled_count IS 'Enrollments that were not dropped; kept by auto_update_enrolled_count';

CREATE TABLE course_sections (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    course_id UUID NOT NULL REFERENCES courses(id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    position INTEGER NOT NULL,
    CONSTRAINT course_sections_position_once UNIQUE (course_id, position)
);

CREATE TABLE course_lessons (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    course_id UUID NOT NULL REFERENCES courses(id) ON DELETE CASCADE,
    section_id UUID REFERENCES course_sections(id) ON DELETE SET NULL,
    title TEXT NOT NULL,
    lesson_type lesson_type NOT NULL DEFAULT 'video',
    content_type content_type NOT NULL DEFAULT 'video',
    content JSONB NOT NULL DEFAULT '{}',
    position INTEGER NOT NULL,
    duration_seconds INTEGER,
    is_published BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT course_lessons_position_once UNIQUE (course_id, position),
    CONSTRAINT course_lessons_duration_not_negative CHECK (duration_seconds >= 0)
);

CREATE TABLE enrollments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    course_id UUID NOT NULL REFERENCES courses(id) ON DELETE CASCADE,
    status enrollment_status NOT NULL DEFAULT 'enrolled',
    progress_percent NUMERIC(5,2) NOT NULL DEFAULT 0,
    enrolled_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_accessed_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT enrollments_once UNIQUE (user_id, course_id),
    CONSTRAINT enrollments_progress_range CHECK (progress_percent BETWEEN 0 AND 100)
);

CREATE TABLE student_progress (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    enrollment_id UUID NOT NULL REFERENCES enrollments(id) ON DELETE CASCADE,
    lesson_id UUID NOT NULL REFERENCES course_lessons(id) ON DELETE CASCADE,
    completed BOOLEAN NOT NULL DEFAULT false,
    started_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT student_progress_once UNIQUE (enrollment_id, lesson_id)
);

CREATE TABLE student_activity (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    course_id UUID REFERENCES courses(id) ON DELETE CASCADE,
    lesson_id UUID REFERENCES course_lessons(id) ON DELETE SET NULL,
    activity activity_type NOT NULL,
    details JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE revenue_transactions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    instructor_id UUID NOT NULL REFERENCES instructor_profiles(user_id) ON DELETE RESTRICT,
    enrollment_id UUID REFERENCES enrollments(id) ON DELETE SET NULL,
    registration_id UUID REFERENCES workshop_registrations(id) ON DELETE SET NULL,
    kind transaction_type NOT NULL,
    amount_cents INTEGER NOT NULL,
    currency TEXT NOT NULL DEFAULT 'USD',
    occurred_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT revenue_transactions_sign CHECK ((kind = 'refund') = (amount_cents < 0)),
    CONSTRAINT revenue_transactions_currency_code CHECK (currency ~ '^[A-Z]{3}$')
);

CREATE TABLE course_reviews (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    course_id UUID NOT NULL REFERENCES courses(id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    rating SMALLINT NOT NULL,
    comment TEXT,
    is_published BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT course_reviews_once UNIQUE (course_id, user_id),
    CONSTRAINT course_reviews_rating_range CHECK (rating BETWEEN 1 AND 5)
);

-- ---------------------------------------------------------------------------------------------------------------
-- Indexes
-- ---------------------------------------------------------------------------------------------------------------

CREATE INDEX idx_instructor_profiles_credentials ON instructor_profiles USING gin (credentials);
CREATE INDEX idx_courses_organization_id ON courses(organization_id);
CREATE INDEX idx_courses_instructor_id ON courses(instructor_id, status);
CREATE INDEX idx_courses_published ON courses(pillar, published_at DESC) WHERE status = 'published';
CREATE INDEX idx_courses_metadata ON courses USING gin (metadata);
CREATE INDEX idx_courses_title_search ON courses USING gin (title extensions.gin_trgm_ops);
CREATE INDEX idx_course_lessons_section_id ON course_lessons(section_id);
CREATE INDEX idx_course_lessons_content ON course_lessons USING gin (content);
CREATE INDEX idx_enrollments_course_id ON enrollments(course_id, status);
CREATE INDEX idx_enrollments_last_accessed_at ON enrollments(last_accessed_at DESC NULLS LAST);
CREATE INDEX idx_student_progress_lesson_id ON student_progress(lesson_id);
CREATE INDEX idx_student_progress_completed ON student_progress(enrollment_id, completed_at) WHERE completed;
CREATE INDEX idx_student_activity_user_id ON student_activity(user_id, created_at DESC);
CREATE INDEX idx_student_activity_course_id ON student_activity(course_id, created_at DESC);
CREATE INDEX idx_student_activity_lesson_id ON student_activity(lesson_id);
CREATE INDEX idx_revenue_transactions_instructor_id ON revenue_transactions(instructor_id, occurred_at DESC);
CREATE INDEX idx_revenue_transactions_enrollment_id ON revenue_transactions(enrollment_id);
CREATE INDEX idx_revenue_transactions_registration_id ON revenue_transactions(registration_id);
CREATE INDEX idx_course_reviews_user_id ON course_reviews(user_id);

-- ---------------------------------------------------------------------------------------------------------------
-- Questions that the policies ask
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION private.teaches(p_course_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (SELECT FROM public.courses WHERE id = p_course_id AND instructor_id = (SELECT auth.uid()))
$$;

CREATE FUNCTION private.can_take(p_course_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT FROM public.courses
         WHERE id = p_course_id
           AND status = 'published'
           AND (organization_id IS NULL OR organization_id = (SELECT private.current_organization_id()))
    )
$$;

CREATE FUNCTION private.is_enrolled(p_course_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (SELECT FROM public.enrollments
                    WHERE course_id = p_course_id AND user_id = (SELECT auth.uid()) AND status <> 'dropped')
$$;

REVOKE ALL ON FUNCTION private.teaches(uuid), private.can_take(uuid), private.is_enrolled(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION private.teaches(uuid), private.can_take(uuid), private.is_enrolled(uuid)
    TO authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- The dashboard. The functions run with the rights of whoever calls them: the policies decide what is counted.
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION get_instructor_dashboard_stats(p_instructor_id uuid)
RETURNS TABLE (total_courses bigint, published_courses bigint, total_students bigint, average_rating numeric,
               revenue_cents bigint)
LANGUAGE sql STABLE
SET search_path = ''
AS $$
    SELECT (SELECT count(*) FROM public.courses WHERE instructor_id = p_instructor_id),
           (SELECT count(*) FROM public.courses WHERE instructor_id = p_instructor_id AND status = 'published'),
           (SELECT count(DISTINCT e.user_id)
              FROM public.enrollments AS e JOIN public.courses AS c ON c.id = e.course_id
             WHERE c.instructor_id = p_instructor_id AND e.status <> 'dropped'),
           (SELECT round(avg(r.rating), 2)
              FROM public.course_reviews AS r JOIN public.courses AS c ON c.id = r.course_id
             WHERE c.instructor_id = p_instructor_id AND r.is_published),
           (SELECT coalesce(sum(amount_cents), 0)
              FROM public.revenue_transactions WHERE instructor_id = p_instructor_id)
$$;

CREATE FUNCTION get_instructor_student_progress(p_instructor_id uuid, p_course_id uuid DEFAULT NULL)
RETURNS TABLE (student_id uuid, student_name text, student_avatar text, course_title text, lessons bigint,
               lessons_completed bigint, last_accessed_at timestamptz)
LANGUAGE sql STABLE
SET search_path = ''
AS $$
    SELECT u.id, u.name, u.avatar, c.title, count(p.id), count(p.id) FILTER (WHERE p.completed), e.last_accessed_at
      FROM public.courses AS c
      JOIN public.enrollments AS e ON e.course_id = c.id
      JOIN public.users AS u ON u.id = e.user_id
      LEFT JOIN public.student_progress AS p ON p.enrollment_id = e.id
     WHERE c.instructor_id = p_instructor_id
       AND (p_course_id IS NULL OR c.id = p_course_id)
     GROUP BY u.id, c.id, e.id
     ORDER BY e.last_accessed_at DESC NULLS LAST
$$;

CREATE FUNCTION get_instructor_recent_activity(p_instructor_id uuid, p_limit integer DEFAULT 20)
RETURNS TABLE (activity activity_type, student_name text, course_title text, created_at timestamptz)
LANGUAGE sql STABLE
SET search_path = ''
AS $$
    SELECT a.activity, u.name, c.title, a.created_at
      FROM public.student_activity AS a
      JOIN public.courses AS c ON c.id = a.course_id
      JOIN public.users AS u ON u.id = a.user_id
     WHERE c.instructor_id = p_instructor_id
     ORDER BY a.created_at DESC
     LIMIT p_limit
$$;

CREATE FUNCTION get_instructor_revenue_breakdown(p_instructor_id uuid, p_start_date date, p_end_date date)
RETURNS TABLE (month date, kind transaction_type, transactions bigint, amount_cents bigint)
LANGUAGE sql STABLE
SET search_path = ''
AS $$
    SELECT date_trunc('month', t.occurred_at AT TIME ZONE 'UTC')::date, t.kind, count(*), sum(t.amount_cents)
      FROM public.revenue_transactions AS t
     WHERE t.instructor_id = p_instructor_id
       AND t.occurred_at AT TIME ZONE 'UTC' >= p_start_date
       AND t.occurred_at AT TIME ZONE 'UTC' < p_end_date + 1
     GROUP BY 1, 2
     ORDER BY 1, 2
$$;

-- ---------------------------------------------------------------------------------------------------------------
-- Triggers
-- ---------------------------------------------------------------------------------------------------------------

-- Counts anew instead of adding one, so that a count that was wrong becomes right.
CREATE FUNCTION update_enrolled_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    UPDATE public.courses AS c
       SET enrolled_count = (SELECT count(*) FROM public.enrollments AS e
                              WHERE e.course_id = c.id AND e.status <> 'dropped')
     WHERE c.id IN (OLD.course_id, NEW.course_id);
    RETURN NULL;
END;
$$;

CREATE TRIGGER auto_update_enrolled_count
    AFTER INSERT OR DELETE OR UPDATE OF status, course_id ON enrollments
    FOR EACH ROW EXECUTE FUNCTION update_enrolled_count();

CREATE FUNCTION create_student_progress() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    INSERT INTO public.student_progress (enrollment_id, lesson_id)
    SELECT NEW.id, l.id
      FROM public.course_lessons AS l
     WHERE l.course_id = NEW.course_id
       AND l.is_published
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END;
$$;

CREATE TRIGGER auto_create_student_progress
    AFTER INSERT ON enrollments
    FOR EACH ROW EXECUTE FUNCTION create_student_progress();

REVOKE ALL ON FUNCTION update_enrolled_count(), create_student_progress() FROM PUBLIC, anon, authenticated;

CREATE TRIGGER update_instructor_profiles_updated_at BEFORE UPDATE ON instructor_profiles
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_instructor_settings_updated_at BEFORE UPDATE ON instructor_settings
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_courses_updated_at BEFORE UPDATE ON courses
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_course_lessons_updated_at BEFORE UPDATE ON course_lessons
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_enrollments_updated_at BEFORE UPDATE ON enrollments
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_student_progress_updated_at BEFORE UPDATE ON student_progress
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_course_reviews_updated_at BEFORE UPDATE ON course_reviews
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

-- ---------------------------------------------------------------------------------------------------------------
-- Row level security. revenue_transactions is written by the service role alone.
-- ---------------------------------------------------------------------------------------------------------------

ALTER TABLE instructor_profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE instructor_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE courses ENABLE ROW LEVEL SECURITY;
ALTER TABLE course_sections ENABLE ROW LEVEL SECURITY;
ALTER TABLE course_lessons ENABLE ROW LEVEL SECURITY;
ALTER TABLE enrollments ENABLE ROW LEVEL SECURITY;
ALTER TABLE student_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE student_activity ENABLE ROW LEVEL SECURITY;
ALTER TABLE revenue_transactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE course_reviews ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Verified instructors and colleagues can be viewed" ON instructor_profiles
    FOR SELECT TO authenticated
    USING (is_verified
           OR user_id = (SELECT auth.uid())
           OR private.organization_of_user(user_id) = (SELECT private.current_organization_id()));
CREATE POLICY "Users can apply as instructor" ON instructor_profiles
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()) AND NOT is_verified);
CREATE POLICY "Admins can verify instructors" ON instructor_profiles
    FOR UPDATE TO authenticated
    USING ((SELECT private.is_admin())) WITH CHECK ((SELECT private.is_admin()));

CREATE POLICY "Instructors can view their settings" ON instructor_settings
    FOR SELECT TO authenticated
    USING (instructor_id = (SELECT auth.uid()));
CREATE POLICY "Instructors can create their settings" ON instructor_settings
    FOR INSERT TO authenticated
    WITH CHECK (instructor_id = (SELECT auth.uid()));
CREATE POLICY "Instructors can update their settings" ON instructor_settings
    FOR UPDATE TO authenticated
    USING (instructor_id = (SELECT auth.uid())) WITH CHECK (instructor_id = (SELECT auth.uid()));

CREATE POLICY "Visitors can view open courses" ON courses
    FOR SELECT TO anon
    USING (status = 'published' AND organization_id IS NULL);
CREATE POLICY "Members can view courses of their organization" ON courses
    FOR SELECT TO authenticated
    USING (instructor_id = (SELECT auth.uid())
           OR (status = 'published'
               AND (organization_id IS NULL OR organization_id = (SELECT private.current_organization_id())))
           OR private.is_enrolled(id)
           OR (SELECT private.is_admin()));
CREATE POLICY "Instructors can create courses" ON courses
    FOR INSERT TO authenticated
    WITH CHECK (instructor_id = (SELECT auth.uid())
                AND organization_id IS NOT DISTINCT FROM (SELECT private.current_organization_id()));
CREATE POLICY "Instructors can update their courses" ON courses
    FOR UPDATE TO authenticated
    USING (instructor_id = (SELECT auth.uid()))
    WITH CHECK (instructor_id = (SELECT auth.uid())
                AND organization_id IS NOT DISTINCT FROM (SELECT private.current_organization_id()));
CREATE POLICY "Instructors can delete courses without students" ON courses
    FOR DELETE TO authenticated
    USING (instructor_id = (SELECT auth.uid()) AND enrolled_count = 0);

CREATE POLICY "Students and instructors can view sections" ON course_sections
    FOR SELECT TO authenticated
    USING (private.can_take(course_id) OR private.is_enrolled(course_id) OR private.teaches(course_id));
CREATE POLICY "Instructors can create sections" ON course_sections
    FOR INSERT TO authenticated
    WITH CHECK (private.teaches(course_id));
CREATE POLICY "Instructors can update sections" ON course_sections
    FOR UPDATE TO authenticated
    USING (private.teaches(course_id)) WITH CHECK (private.teaches(course_id));
CREATE POLICY "Instructors can delete sections" ON course_sections
    FOR DELETE TO authenticated
    USING (private.teaches(course_id));

CREATE POLICY "Students and instructors can view lessons" ON course_lessons
    FOR SELECT TO authenticated
    USING ((is_published AND private.is_enrolled(course_id)) OR private.teaches(course_id));
CREATE POLICY "Instructors can create lessons" ON course_lessons
    FOR INSERT TO authenticated
    WITH CHECK (private.teaches(course_id));
CREATE POLICY "Instructors can update lessons" ON course_lessons
    FOR UPDATE TO authenticated
    USING (private.teaches(course_id)) WITH CHECK (private.teaches(course_id));
CREATE POLICY "Instructors can delete lessons" ON course_lessons
    FOR DELETE TO authenticated
    USING (private.teaches(course_id));

CREATE POLICY "Students and instructors can view enrollments" ON enrollments
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR private.teaches(course_id));
CREATE POLICY "Students can enroll themselves" ON enrollments
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()) AND private.can_take(course_id));
CREATE POLICY "Students can update their enrollments" ON enrollments
    FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid()))
    WITH CHECK (user_id = (SELECT auth.uid()) AND private.can_take(course_id));

CREATE POLICY "Students and instructors can view progress" ON student_progress
    FOR SELECT TO authenticated
    USING (EXISTS (SELECT FROM enrollments AS e WHERE e.id = enrollment_id));
CREATE POLICY "Students can update their progress" ON student_progress
    FOR UPDATE TO authenticated
    USING (EXISTS (SELECT FROM enrollments AS e WHERE e.id = enrollment_id AND e.user_id = (SELECT auth.uid())))
    WITH CHECK (EXISTS (SELECT FROM enrollments AS e WHERE e.id = enrollment_id AND e.user_id = (SELECT auth.uid())));
-- How far a lesson is done, and not which lesson it is.
REVOKE UPDATE ON student_progress FROM anon, authenticated;
GRANT UPDATE (completed, started_at, completed_at, updated_at) ON student_progress TO authenticated;

CREATE POLICY "Students and instructors can view activity" ON student_activity
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR private.teaches(course_id));
CREATE POLICY "Students can record their activity" ON student_activity
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()) AND (course_id IS NULL OR private.is_enrolled(course_id)));

CREATE POLICY "Instructors can view their revenue" ON revenue_transactions
    FOR SELECT TO authenticated
    USING (instructor_id = (SELECT auth.uid()) OR (SELECT private.is_admin()));

CREATE POLICY "Published reviews can be viewed" ON course_reviews
    FOR SELECT TO authenticated
    USING ((is_published AND private.can_take(course_id))
           OR user_id = (SELECT auth.uid())
           OR private.teaches(course_id));
CREATE POLICY "Students can review their courses" ON course_reviews
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()) AND private.is_enrolled(course_id));
CREATE POLICY "Students can update their reviews" ON course_reviews
    FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid()))
    WITH CHECK (user_id = (SELECT auth.uid()) AND private.is_enrolled(course_id));
CREATE POLICY "Students can delete their reviews" ON course_reviews
    FOR DELETE TO authenticated
    USING (user_id = (SELECT auth.uid()) OR (SELECT private.is_admin()));
