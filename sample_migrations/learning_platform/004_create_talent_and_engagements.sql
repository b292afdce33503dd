-- The talent marketplace: profiles, requests for an engagement, and consultations.

CREATE TABLE talent_profiles (
    user_id UUID PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
    tagline TEXT NOT NULL,
    skills JSONB NOT NULL DEFAULT '[]',
    hourly_rate_cents INTEGER,
    is_available BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT talent_profiles_rate_not_negative CHECK (hourly_rate_cents >= 0)
);

CREATE TABLE engagement_requests (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID NOT NULL REFERENCES organizations(id) ON DELETE CASCADE,
    requested_by UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    talent_id UUID REFERENCES talent_profiles(user_id) ON DELETE SET NULL,
    title TEXT NOT NULL,
    requirements JSONB NOT NULL DEFAULT '{}',
    budget_cents INTEGER,
    status TEXT NOT NULL DEFAULT 'open',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT engagement_requests_status_known CHECK (status IN ('open', 'matched', 'closed')),
    CONSTRAINT engagement_requests_budget_not_negative CHECK (budget_cents >= 0)
);

CREATE TABLE consultations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    talent_id UUID NOT NULL REFERENCES talent_profiles(user_id) ON DELETE CASCADE,
    client_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    engagement_id UUID REFERENCES engagement_requests(id) ON DELETE SET NULL,
    status consultation_status NOT NULL DEFAULT 'requested',
    scheduled_at TIMESTAMPTZ,
    duration_minutes INTEGER NOT NULL DEFAULT 60,
    notes TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT consultations_duration_positive CHECK (duration_minutes > 0),
    CONSTRAINT consultations_scheduled_have_time CHECK (status <> 'scheduled' OR scheduled_at IS NOT NULL)
);

ALTER TABLE revenue_transactions ADD COLUMN consultation_id UUID REFERENCES consultations(id) ON DELETE SET NULL;

CREATE INDEX idx_talent_profiles_skills ON talent_profiles USING gin (skills);
CREATE INDEX idx_talent_profiles_available ON talent_profiles(hourly_rate_cents) WHERE is_available;
CREATE INDEX idx_engagement_requests_organization_id ON engagement_requests(organization_id, status);
CREATE INDEX idx_engagement_requests_requested_by ON engagement_requests(requested_by);
CREATE INDEX idx_engagement_requests_talent_id ON engagement_requests(talent_id);
CREATE INDEX idx_consultations_talent_id ON consultations(talent_id, scheduled_at);
CREATE INDEX idx_consultations_client_id ON consultations(client_id);
CREATE INDEX idx_consultations_engagement_id ON consultations(engagement_id);
CREATE INDEX idx_revenue_transactions_consultation_id ON revenue_transactions(consultation_id);

CREATE TRIGGER update_talent_profiles_updated_at BEFORE UPDATE ON talent_profiles
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_engagement_requests_updated_at BEFORE UPDATE ON engagement_requests
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CREATE TRIGGER update_consultations_updated_at BEFORE UPDATE ON consultations
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

ALTER TABLE talent_profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE engagement_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE consultations ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Available talent can be viewed" ON talent_profiles
    FOR SELECT TO authenticated
    USING (is_available OR user_id = (SELECT auth.uid()));
CREATE POLICY "Users can offer themselves" ON talent_profiles
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY "Talent can update their profile" ON talent_profiles
    FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY "Talent can withdraw" ON talent_profiles
    FOR DELETE TO authenticated
    USING (user_id = (SELECT auth.uid()));

CREATE POLICY "Organizations and talent can view requests" ON engagement_requests
    FOR SELECT TO authenticated
    USING (organization_id = (SELECT private.current_organization_id()) OR talent_id = (SELECT auth.uid()));
CREATE POLICY "Members can request for their organization" ON engagement_requests
    FOR INSERT TO authenticated
    WITH CHECK (requested_by = (SELECT auth.uid())
                AND organization_id = (SELECT private.current_organization_id()));
CREATE POLICY "Organization admins can update requests" ON engagement_requests
    FOR UPDATE TO authenticated
    USING (private.administers(organization_id)) WITH CHECK (private.administers(organization_id));

CREATE POLICY "Both sides can view consultations" ON consultations
    FOR SELECT TO authenticated
    USING (client_id = (SELECT auth.uid()) OR talent_id = (SELECT auth.uid()));
CREATE POLICY "Clients can request consultations" ON consultations
    FOR INSERT TO authenticated
    WITH CHECK (client_id = (SELECT auth.uid()) AND status = 'requested'
                -- Whoever may not see the engagement may not speak of it.
                AND (engagement_id IS NULL
                     OR EXISTS (SELECT FROM engagement_requests AS e WHERE e.id = consultations.engagement_id)));
CREATE POLICY "Talent can schedule consultations" ON consultations
    FOR UPDATE TO authenticated
    USING (talent_id = (SELECT auth.uid())) WITH CHECK (talent_id = (SELECT auth.uid()));
-- When it takes place, and not whose it is.
REVOKE UPDATE ON consultations FROM anon, authenticated;
GRANT UPDATE (status, scheduled_at, duration_minutes, notes, updated_at) ON consultations TO authenticated;
