-- Workshops, who registers for them, and what they say afterwards.

CREATE TABLE workshops (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID REFERENCES organizations(id) ON DELETE CASCADE,
    instructor_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    description TEXT,
    pillar ai_pillar NOT NULL DEFAULT 'adaptability',
    status workshop_status NOT NULL DEFAULT 'draft',
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    capacity INTEGER NOT NULL DEFAULT 20,
    price_cents INTEGER NOT NULL DEFAULT 0,
    materials JSONB NOT NULL DEFAULT '[]',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT workshops_ends_after_start CHECK (ends_at > starts_at),
    CONSTRAINT workshops_capacity_positive CHECK (capacity > 0),
    CONSTRAINT workshops_price_not_negative CHECK (price_cents >= 0)
);

COMMENT ON COLUMN workshops.organization_id IS 'Null: open to everybody';

CREATE TABLE workshop_registrations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    workshop_id UUID NOT NULL REFERENCES workshops(id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    status registration_status NOT NULL DEFAULT 'registered',
    registered_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    attended_at TIMESTAMPTZ,
    CONSTRAINT workshop_registrations_once UNIQUE (workshop_id, user_id)
);

CREATE TABLE workshop_feedback (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    registration_id UUID NOT NULL UNIQUE REFERENCES workshop_registrations(id) ON DELETE CASCADE,
    rating SMALLINT NOT NULL,
    comment TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT workshop_feedback_rating_range CHECK (rating BETWEEN 1 AND 5)
);

CREATE INDEX idx_workshops_organization_id ON workshops(organization_id);
CREATE INDEX idx_workshops_instructor_id ON workshops(instructor_id);
CREATE INDEX idx_workshops_upcoming ON workshops(starts_at) WHERE status = 'published';
CREATE INDEX idx_workshop_registrations_user_id ON workshop_registrations(user_id, status);

CREATE TRIGGER update_workshops_updated_at BEFORE UPDATE ON workshops
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE FUNCTION private.can_attend(p_workshop_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT FROM public.workshops
         WHERE id = p_workshop_id
           AND status = 'published'
           AND (organization_id IS NULL OR organization_id = (SELECT private.current_organization_id()))
    )
$$;

CREATE FUNCTION private.leads_workshop(p_workshop_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (SELECT FROM public.workshops WHERE id = p_workshop_id AND instructor_id = (SELECT auth.uid()))
$$;

REVOKE ALL ON FUNCTION private.can_attend(uuid), private.leads_workshop(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION private.can_attend(uuid), private.leads_workshop(uuid) TO authenticated, service_role;

ALTER TABLE workshops ENABLE ROW LEVEL SECURITY;
ALTER TABLE workshop_registrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE workshop_feedback ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Visitors can view open workshops" ON workshops
    FOR SELECT TO anon
    USING (status = 'published' AND organization_id IS NULL);
CREATE POLICY "Members can view workshops of their organization" ON workshops
    FOR SELECT TO authenticated
    USING (instructor_id = (SELECT auth.uid())
           OR (status <> 'draft'
               AND (organization_id IS NULL OR organization_id = (SELECT private.current_organization_id())))
           OR (SELECT private.is_admin()));
CREATE POLICY "Instructors can create workshops" ON workshops
    FOR INSERT TO authenticated
    WITH CHECK (instructor_id = (SELECT auth.uid())
                AND organization_id IS NOT DISTINCT FROM (SELECT private.current_organization_id()));
CREATE POLICY "Instructors can update their workshops" ON workshops
    FOR UPDATE TO authenticated
    USING (instructor_id = (SELECT auth.uid()))
    WITH CHECK (instructor_id = (SELECT auth.uid())
                AND organization_id IS NOT DISTINCT FROM (SELECT private.current_organization_id()));
CREATE POLICY "Instructors can delete their workshops" ON workshops
    FOR DELETE TO authenticated
    USING (instructor_id = (SELECT auth.uid()) OR (SELECT private.is_admin()));

CREATE POLICY "Participants and instructors can view registrations" ON workshop_registrations
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR private.leads_workshop(workshop_id));
CREATE POLICY "Users can register themselves" ON workshop_registrations
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()) AND private.can_attend(workshop_id));
CREATE POLICY "Instructors can record attendance" ON workshop_registrations
    FOR UPDATE TO authenticated
    USING (private.leads_workshop(workshop_id)) WITH CHECK (private.leads_workshop(workshop_id));
-- Attendance, and not who has registered for what.
REVOKE UPDATE ON workshop_registrations FROM anon, authenticated;
GRANT UPDATE (status, attended_at) ON workshop_registrations TO authenticated;

CREATE POLICY "Participants and instructors can view feedback" ON workshop_feedback
    FOR SELECT TO authenticated
    USING (EXISTS (SELECT FROM workshop_registrations AS r WHERE r.id = registration_id));
CREATE POLICY "Participants can give feedback" ON workshop_feedback
    FOR INSERT TO authenticated
    WITH CHECK (EXISTS (SELECT FROM workshop_registrations AS r
                         WHERE r.id = registration_id AND r.user_id = (SELECT auth.uid())));
