-- Assessments and the answers to their questions.

CREATE TABLE assessments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    pillar ai_pillar NOT NULL,
    status assessment_status NOT NULL DEFAULT 'not_started',
    overall_score NUMERIC(5,2),
    results JSONB NOT NULL DEFAULT '{}',
    started_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT assessments_score_range CHECK (overall_score BETWEEN 0 AND 100)
);

CREATE TABLE assessment_responses (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    assessment_id UUID NOT NULL REFERENCES assessments(id) ON DELETE CASCADE,
    question_key TEXT NOT NULL,
    answer JSONB NOT NULL,
    score NUMERIC(5,2),
    answered_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT assessment_responses_once UNIQUE (assessment_id, question_key),
    CONSTRAINT assessment_responses_score_range CHECK (score BETWEEN 0 AND 100)
);

CREATE INDEX idx_assessments_user_id ON assessments(user_id, created_at DESC);
CREATE INDEX idx_assessments_open ON assessments(updated_at) WHERE status IN ('not_started', 'in_progress');
CREATE INDEX idx_assessments_results ON assessments USING gin (results);
CREATE INDEX idx_assessment_responses_answer ON assessment_responses USING gin (answer);

CREATE TRIGGER update_assessments_updated_at BEFORE UPDATE ON assessments
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

ALTER TABLE assessments ENABLE ROW LEVEL SECURITY;
ALTER TABLE assessment_responses ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can view their assessments" ON assessments
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR private.administers(private.organization_of_user(user_id)));
CREATE POLICY "Users can start assessments" ON assessments
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY "Users can update their open assessments" ON assessments
    FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid()) AND status IN ('not_started', 'in_progress'))
    WITH CHECK (user_id = (SELECT auth.uid()));

CREATE POLICY "Users can view their responses" ON assessment_responses
    FOR SELECT TO authenticated
    USING (EXISTS (SELECT FROM assessments AS a WHERE a.id = assessment_id AND a.user_id = (SELECT auth.uid())));
CREATE POLICY "Users can answer their open assessments" ON assessment_responses
    FOR INSERT TO authenticated
    WITH CHECK (EXISTS (SELECT FROM assessments AS a
                         WHERE a.id = assessment_id
                           AND a.user_id = (SELECT auth.uid())
                           AND a.status IN ('not_started', 'in_progress')));
