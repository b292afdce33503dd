-- =============================================================================
-- Profiles, sponsors and the journal
--
-- The application as it was before organizations: people practise virtues, write
-- a journal about it, and may ask another person to be their sponsor.
-- =============================================================================

-- -----------------------------------------------------------------------------
-- 1. Helpers
-- -----------------------------------------------------------------------------

CREATE FUNCTION public.set_updated_at()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

COMMENT ON FUNCTION public.set_updated_at() IS 'Keeps updated_at; for BEFORE UPDATE triggers.';

-- -----------------------------------------------------------------------------
-- 2. Tables
-- -----------------------------------------------------------------------------

CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    email text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    time_zone text NOT NULL DEFAULT 'UTC',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT profiles_email_key UNIQUE (email)
);

COMMENT ON TABLE public.profiles IS 'One row for each person who has signed up.';

CREATE TABLE public.sponsor_relationships (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    practitioner_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
    sponsor_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'pending',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sponsor_relationships_pair_key UNIQUE (practitioner_id, sponsor_id),
    CONSTRAINT sponsor_relationships_status_check CHECK (status IN ('pending', 'active', 'ended')),
    CONSTRAINT sponsor_relationships_two_people CHECK (practitioner_id <> sponsor_id)
);

COMMENT ON TABLE public.sponsor_relationships IS 'Who asked whom to be a sponsor.';

CREATE TABLE public.journal_entries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
    virtue text NOT NULL,
    content text NOT NULL DEFAULT '',
    is_shared boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT journal_entries_virtue_check CHECK (virtue <> '')
);

COMMENT ON COLUMN public.journal_entries.is_shared IS 'Whether the sponsors of the writer may read the entry.';

-- -----------------------------------------------------------------------------
-- 3. Indexes
-- -----------------------------------------------------------------------------

CREATE INDEX sponsor_relationships_sponsor_id_idx ON public.sponsor_relationships (sponsor_id, status);
CREATE INDEX journal_entries_user_id_idx ON public.journal_entries (user_id, created_at DESC);

-- -----------------------------------------------------------------------------
-- 4. Triggers
-- -----------------------------------------------------------------------------

CREATE TRIGGER profiles_set_updated_at
    BEFORE UPDATE ON public.profiles
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER sponsor_relationships_set_updated_at
    BEFORE UPDATE ON public.sponsor_relationships
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER journal_entries_set_updated_at
    BEFORE UPDATE ON public.journal_entries
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- -----------------------------------------------------------------------------
-- 5. Who may do what
-- -----------------------------------------------------------------------------

-- The default privileges of the platform give more than is wanted here (TRUNCATE, for instance).
REVOKE ALL ON public.profiles, public.sponsor_relationships, public.journal_entries FROM anon, authenticated;
GRANT SELECT, INSERT, UPDATE ON public.profiles TO authenticated;
-- A sponsor answers with the status; who the two people are is settled when the request is made.
GRANT SELECT, INSERT, UPDATE (status), DELETE ON public.sponsor_relationships TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.journal_entries TO authenticated;
GRANT ALL ON public.profiles, public.sponsor_relationships, public.journal_entries TO service_role;

ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sponsor_relationships ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.journal_entries ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Profiles are visible to their owner and sponsors" ON public.profiles
    FOR SELECT TO authenticated
    USING (
        id = (SELECT auth.uid())
        OR EXISTS (
            SELECT 1
            FROM public.sponsor_relationships sr
            WHERE sr.practitioner_id = profiles.id
              AND sr.sponsor_id = (SELECT auth.uid())
              AND sr.status = 'active'
        )
    );

CREATE POLICY "People create their own profile" ON public.profiles
    FOR INSERT TO authenticated
    WITH CHECK (id = (SELECT auth.uid()));

CREATE POLICY "People change their own profile" ON public.profiles
    FOR UPDATE TO authenticated
    USING (id = (SELECT auth.uid()))
    WITH CHECK (id = (SELECT auth.uid()));

CREATE POLICY "Relationships are visible to both sides" ON public.sponsor_relationships
    FOR SELECT TO authenticated
    USING ((SELECT auth.uid()) IN (practitioner_id, sponsor_id));

CREATE POLICY "Practitioners ask for a sponsor" ON public.sponsor_relationships
    FOR INSERT TO authenticated
    WITH CHECK (practitioner_id = (SELECT auth.uid()) AND status = 'pending');

CREATE POLICY "Sponsors answer" ON public.sponsor_relationships
    FOR UPDATE TO authenticated
    USING (sponsor_id = (SELECT auth.uid()))
    WITH CHECK (sponsor_id = (SELECT auth.uid()));

CREATE POLICY "Practitioners end a relationship" ON public.sponsor_relationships
    FOR DELETE TO authenticated
    USING (practitioner_id = (SELECT auth.uid()));

CREATE POLICY "Entries are visible to the writer and, if shared, sponsors" ON public.journal_entries
    FOR SELECT TO authenticated
    USING (
        user_id = (SELECT auth.uid())
        OR (
            is_shared
            AND EXISTS (
                SELECT 1
                FROM public.sponsor_relationships sr
                WHERE sr.practitioner_id = journal_entries.user_id
                  AND sr.sponsor_id = (SELECT auth.uid())
                  AND sr.status = 'active'
            )
        )
    );

CREATE POLICY "People write their own entries" ON public.journal_entries
    FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT auth.uid()));

CREATE POLICY "People change their own entries" ON public.journal_entries
    FOR UPDATE TO authenticated
    USING (user_id = (SELECT auth.uid()))
    WITH CHECK (user_id = (SELECT auth.uid()));

CREATE POLICY "People delete their own entries" ON public.journal_entries
    FOR DELETE TO authenticated
    USING (user_id = (SELECT auth.uid()));
