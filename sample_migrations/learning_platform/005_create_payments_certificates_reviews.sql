-- Payments and certificates. Reviews are course_reviews of 002; here a review learns whether its author had paid.

CREATE TABLE payments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE RESTRICT,
    enrollment_id UUID REFERENCES enrollments(id) ON DELETE SET NULL,
    registration_id UUID REFERENCES workshop_registrations(id) ON DELETE SET NULL,
    amount_cents INTEGER NOT NULL,
    currency TEXT NOT NULL DEFAULT 'USD',
    status payment_status NOT NULL DEFAULT 'pending',
    provider TEXT NOT NULL DEFAULT 'stripe',
    provider_reference TEXT UNIQUE,
    metadata JSONB NOT NULL DEFAULT '{}',
    paid_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT payments_amount_not_negative CHECK (amount_cents >= 0),
    CONSTRAINT payments_currency_code CHECK (currency ~ '^[A-Z]{3}$')
);

CREATE TABLE certificates (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    enrollment_id UUID UNIQUE REFERENCES enrollments(id) ON DELETE SET NULL,
    assessment_id UUID REFERENCES assessments(id) ON DELETE SET NULL,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    revoked_at TIMESTAMPTZ
);

ALTER TABLE revenue_transactions ADD COLUMN payment_id UUID REFERENCES payments(id) ON DELETE SET NULL;
ALTER TABLE course_reviews ADD COLUMN is_verified_purchase BOOLEAN NOT NULL DEFAULT false;

CREATE INDEX idx_payments_user_id ON payments(user_id, created_at DESC);
CREATE INDEX idx_payments_enrollment_id ON payments(enrollment_id);
CREATE INDEX idx_payments_registration_id ON payments(registration_id);
CREATE INDEX idx_payments_pending ON payments(created_at) WHERE status = 'pending';
CREATE INDEX idx_payments_metadata ON payments USING gin (metadata);
CREATE INDEX idx_certificates_user_id ON certificates(user_id);
CREATE INDEX idx_certificates_assessment_id ON certificates(assessment_id);
CREATE INDEX idx_revenue_transactions_payment_id ON revenue_transactions(payment_id);

CREATE TRIGGER update_payments_updated_at BEFORE UPDATE ON payments
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TRIGGER trigger_notify_payment
    AFTER INSERT ON payments
    FOR EACH ROW WHEN (NEW.status = 'completed')
    EXECUTE FUNCTION notify_instructor_payment();

ALTER PUBLICATION supabase_realtime ADD TABLE payments;

-- Written by the service role alone.
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE certificates ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can view their payments" ON payments
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR (SELECT private.is_admin()));
CREATE POLICY "Users can view their certificates" ON certificates
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR (SELECT private.is_admin()));
