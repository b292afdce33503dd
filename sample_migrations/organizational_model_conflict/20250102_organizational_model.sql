-- =============================================================================
-- The organizational model
--
-- People belong to organizations of up to 40 active users, have roles in them,
-- and are supervised by coaches and therapists. Sponsors become coaches; the
-- table sponsor_relationships stays as it is, so that the way back is open
-- (20250102_organizational_model_rollback.sql).
-- =============================================================================

-- -----------------------------------------------------------------------------
-- 1. Organizations
-- -----------------------------------------------------------------------------

CREATE TABLE public.organizations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    slug text NOT NULL,
    active_user_count integer NOT NULL DEFAULT 0,
    max_users integer NOT NULL DEFAULT 40,
    subscription_tier text NOT NULL DEFAULT 'basic',
    subscription_status text NOT NULL DEFAULT 'active',
    stripe_customer_id text,
    stripe_subscription_id text,
    billing_email text,
    settings jsonb NOT NULL DEFAULT '{}'::jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organizations_slug_key UNIQUE (slug),
    CONSTRAINT organizations_stripe_customer_id_key UNIQUE (stripe_customer_id),
    CONSTRAINT organizations_stripe_subscription_id_key UNIQUE (stripe_subscription_id),
    CONSTRAINT organizations_name_check CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT organizations_slug_check CHECK (slug = lower(slug) AND length(slug) BETWEEN 2 AND 60),
    CONSTRAINT organizations_active_user_count_check CHECK (active_user_count >= 0),
    CONSTRAINT organizations_max_users_check CHECK (max_users BETWEEN 1 AND 40),
    CONSTRAINT organizations_subscription_tier_check
        CHECK (subscription_tier IN ('basic', 'premium', 'enterprise')),
    CONSTRAINT organizations_subscription_status_check
        CHECK (subscription_status IN ('active', 'past_due', 'cancelled'))
);

COMMENT ON TABLE public.organizations IS 'The tenants.';
COMMENT ON COLUMN public.organizations.active_user_count IS
    'Profiles with is_active in this organization; kept by the trigger profiles_update_active_user_count.';

-- -----------------------------------------------------------------------------
-- 2. Profiles: membership, roles, activity, archival
-- -----------------------------------------------------------------------------

ALTER TABLE public.profiles
    ADD COLUMN organization_id uuid,
    ADD COLUMN roles text[] NOT NULL DEFAULT ARRAY['practitioner'],
    ADD COLUMN is_active boolean NOT NULL DEFAULT true,
    ADD COLUMN last_activity_at timestamptz,
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN archived_by uuid,
    ADD COLUMN archive_reason text,
    ADD CONSTRAINT profiles_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES public.organizations (id) ON DELETE RESTRICT,
    ADD CONSTRAINT profiles_archived_by_fkey
        FOREIGN KEY (archived_by) REFERENCES public.profiles (id) ON DELETE SET NULL,
    ADD CONSTRAINT profiles_roles_check
        CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['admin', 'coach', 'therapist', 'practitioner']),
    ADD CONSTRAINT profiles_archived_check CHECK (is_active = (archived_at IS NULL));

COMMENT ON COLUMN public.profiles.organization_id IS
    'NULL from sign-up until an invitation is accepted.';
COMMENT ON COLUMN public.profiles.roles IS
    'One person can be several things in an organization; admin includes what coach and therapist may do.';

-- -----------------------------------------------------------------------------
-- 3. Who supervises whom
-- -----------------------------------------------------------------------------

CREATE TABLE public.practitioner_assignments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    practitioner_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
    supervisor_id uuid NOT NULL REFERENCES public.profiles (id) ON DELETE CASCADE,
    supervisor_role text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    assigned_by uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
    ended_at timestamptz,
    CONSTRAINT practitioner_assignments_supervisor_role_check CHECK (supervisor_role IN ('coach', 'therapist')),
    CONSTRAINT practitioner_assignments_two_people CHECK (practitioner_id <> supervisor_id),
    CONSTRAINT practitioner_assignments_ended_check CHECK (active = (ended_at IS NULL))
);

COMMENT ON TABLE public.practitioner_assignments IS 'Coaches and therapists of practitioners, past and present.';

-- -----------------------------------------------------------------------------
-- 4. Invitations
-- -----------------------------------------------------------------------------

CREATE TABLE public.organization_invitations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    email text NOT NULL,
    roles text[] NOT NULL DEFAULT ARRAY['practitioner'],
    token uuid NOT NULL DEFAULT gen_random_uuid(),
    invited_by uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
    accepted_at timestamptz,
    accepted_by uuid REFERENCES public.profiles (id) ON DELETE SET NULL,
    CONSTRAINT organization_invitations_token_key UNIQUE (token),
    CONSTRAINT organization_invitations_email_check CHECK (email = lower(email) AND length(email) <= 320),
    CONSTRAINT organization_invitations_roles_check
        CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['admin', 'coach', 'therapist', 'practitioner']),
    CONSTRAINT organization_invitations_expires_check CHECK (expires_at > created_at)
);

COMMENT ON COLUMN public.organization_invitations.token IS 'What the link in the mail carries; valid once.';

-- -----------------------------------------------------------------------------
-- 5. Indexes
-- -----------------------------------------------------------------------------

CREATE INDEX profiles_organization_id_idx ON public.profiles (organization_id, is_active);
CREATE INDEX profiles_archived_by_idx ON public.profiles (archived_by);
CREATE INDEX profiles_roles_idx ON public.profiles USING gin (roles);
CREATE INDEX profiles_last_activity_at_idx ON public.profiles (last_activity_at DESC) WHERE is_active;

CREATE UNIQUE INDEX practitioner_assignments_active_key
    ON public.practitioner_assignments (practitioner_id, supervisor_id, supervisor_role)
    WHERE active;
CREATE INDEX practitioner_assignments_organization_id_idx ON public.practitioner_assignments (organization_id);
CREATE INDEX practitioner_assignments_practitioner_id_idx
    ON public.practitioner_assignments (practitioner_id, active);
CREATE INDEX practitioner_assignments_supervisor_id_idx
    ON public.practitioner_assignments (supervisor_id, active);
CREATE INDEX practitioner_assignments_assigned_by_idx ON public.practitioner_assignments (assigned_by);

CREATE UNIQUE INDEX organization_invitations_open_key
    ON public.organization_invitations (organization_id, email)
    WHERE accepted_at IS NULL;
CREATE INDEX organization_invitations_organization_id_idx
    ON public.organization_invitations (organization_id, created_at DESC);
CREATE INDEX organization_invitations_invited_by_idx ON public.organization_invitations (invited_by);
CREATE INDEX organization_invitations_accepted_by_idx ON public.organization_invitations (accepted_by);

-- -----------------------------------------------------------------------------
-- 6. Data: everybody into the default organization, sponsors become coaches
-- -----------------------------------------------------------------------------

DO $$
DECLARE
    people bigint := (SELECT count(*) FROM public.profiles);
BEGIN
    IF people > 40 THEN
        RAISE EXCEPTION 'the default organization holds 40 active users, there are % profiles', people
            USING HINT = 'Divide the people among several organizations before this migration.';
    END IF;
END;
$$;

INSERT INTO public.organizations (name, slug, subscription_tier)
VALUES ('Individual Users', 'individual-users', 'basic');

UPDATE public.profiles p
SET organization_id = (SELECT o.id FROM public.organizations o WHERE o.slug = 'individual-users'),
    last_activity_at = coalesce(
        (SELECT max(j.created_at) FROM public.journal_entries j WHERE j.user_id = p.id),
        p.created_at
    );

INSERT INTO public.practitioner_assignments
    (organization_id, practitioner_id, supervisor_id, supervisor_role, assigned_at, assigned_by)
SELECT p.organization_id, sr.practitioner_id, sr.sponsor_id, 'coach', sr.created_at, sr.practitioner_id
FROM public.sponsor_relationships sr
JOIN public.profiles p ON p.id = sr.practitioner_id
WHERE sr.status = 'active';

UPDATE public.profiles p
SET roles = array_append(p.roles, 'coach')
WHERE NOT 'coach' = ANY (p.roles)
  AND EXISTS (
      SELECT 1
      FROM public.practitioner_assignments pa
      WHERE pa.supervisor_id = p.id AND pa.supervisor_role = 'coach' AND pa.active
  );

UPDATE public.organizations o
SET active_user_count = (
    SELECT count(*) FROM public.profiles p WHERE p.organization_id = o.id AND p.is_active
);

-- -----------------------------------------------------------------------------
-- 7. Functions that policies ask
--    SECURITY DEFINER: a policy of profiles that read profiles itself would ask itself for ever.
-- -----------------------------------------------------------------------------

CREATE FUNCTION public.current_organization_id()
RETURNS uuid
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT p.organization_id FROM public.profiles p WHERE p.id = auth.uid() AND p.is_active;
$$;

COMMENT ON FUNCTION public.current_organization_id() IS 'Of the caller; NULL for archived people and for strangers.';

CREATE FUNCTION public.has_organization_role(organization uuid, wanted text)
RETURNS boolean
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT 1
        FROM public.profiles p
        WHERE p.id = auth.uid()
          AND p.organization_id = organization
          AND p.is_active
          AND (wanted = ANY (p.roles) OR 'admin' = ANY (p.roles))
    );
$$;

COMMENT ON FUNCTION public.has_organization_role(uuid, text) IS
    'Whether the caller has this role, or is admin, in this organization.';

CREATE FUNCTION public.supervises(practitioner uuid)
RETURNS boolean
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT EXISTS (
        SELECT 1
        FROM public.practitioner_assignments pa
        JOIN public.profiles supervisor ON supervisor.id = pa.supervisor_id
        JOIN public.profiles supervised ON supervised.id = pa.practitioner_id
        WHERE pa.practitioner_id = practitioner
          AND pa.supervisor_id = auth.uid()
          AND pa.active
          AND supervisor.is_active
          AND supervisor.organization_id = pa.organization_id
          AND supervised.organization_id = pa.organization_id
    );
$$;

COMMENT ON FUNCTION public.supervises(uuid) IS
    'Whether the caller is an active coach or therapist of this person, in the organization of both.';

-- -----------------------------------------------------------------------------
-- 8. The user limit and the user count
-- -----------------------------------------------------------------------------

CREATE FUNCTION public.validate_organization_user_limit()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    allowed integer;
    present integer;
BEGIN
    IF NEW.organization_id IS NULL OR NOT NEW.is_active THEN
        RETURN NEW;
    END IF;
    -- Two people who join at the same moment wait for each other here.
    SELECT o.max_users INTO allowed
    FROM public.organizations o
    WHERE o.id = NEW.organization_id
    FOR NO KEY UPDATE;

    SELECT count(*) INTO present
    FROM public.profiles p
    WHERE p.organization_id = NEW.organization_id AND p.is_active AND p.id <> NEW.id;

    IF present >= allowed THEN
        RAISE EXCEPTION 'organization % has reached its limit of % active users', NEW.organization_id, allowed
            USING ERRCODE = 'check_violation', HINT = 'Archive somebody, or raise max_users.';
    END IF;
    RETURN NEW;
END;
$$;

CREATE FUNCTION public.update_organization_active_user_count()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    concerned uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        concerned := ARRAY[NEW.organization_id];
    ELSIF TG_OP = 'DELETE' THEN
        concerned := ARRAY[OLD.organization_id];
    ELSE
        concerned := ARRAY[OLD.organization_id, NEW.organization_id];
    END IF;
    -- Always locked in the same order, so that two moves in opposite directions do not deadlock; counted in a
    -- statement of its own, so that it sees what the holder of the lock has committed.
    PERFORM 1 FROM public.organizations o WHERE o.id = ANY (concerned) ORDER BY o.id FOR NO KEY UPDATE;

    UPDATE public.organizations o
    SET active_user_count = (
        SELECT count(*) FROM public.profiles p WHERE p.organization_id = o.id AND p.is_active
    )
    WHERE o.id = ANY (concerned);
    RETURN NULL;
END;
$$;

CREATE FUNCTION public.touch_profile_activity()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    UPDATE public.profiles p
    SET last_activity_at = greatest(p.last_activity_at, NEW.created_at)
    WHERE p.id = NEW.user_id;
    RETURN NULL;
END;
$$;

-- -----------------------------------------------------------------------------
-- 9. Archiving people, bringing them back, accepting invitations
-- -----------------------------------------------------------------------------

CREATE FUNCTION public.archive_user(target_user uuid, reason text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    organization uuid;
BEGIN
    SELECT p.organization_id INTO organization
    FROM public.profiles p
    WHERE p.id = target_user AND p.is_active
    FOR UPDATE;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'user % does not exist or is archived', target_user USING ERRCODE = 'no_data_found';
    END IF;
    -- A connection without a token is the database's own (maintenance); requests always carry a role.
    IF coalesce(auth.role(), 'service_role') <> 'service_role'
       AND NOT public.has_organization_role(organization, 'admin') THEN
        RAISE EXCEPTION 'only an admin of the organization may archive its users'
            USING ERRCODE = 'insufficient_privilege';
    END IF;

    UPDATE public.profiles
    SET is_active = false, archived_at = now(), archived_by = auth.uid(), archive_reason = reason
    WHERE id = target_user;

    UPDATE public.practitioner_assignments
    SET active = false, ended_at = now()
    WHERE active AND target_user IN (practitioner_id, supervisor_id);
END;
$$;

COMMENT ON FUNCTION public.archive_user(uuid, text) IS
    'Soft delete: the data stays, access and assignments end, the place in the organization is free.';

CREATE FUNCTION public.reactivate_user(target_user uuid)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    organization uuid;
BEGIN
    SELECT p.organization_id INTO organization
    FROM public.profiles p
    WHERE p.id = target_user AND NOT p.is_active
    FOR UPDATE;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'user % does not exist or is not archived', target_user USING ERRCODE = 'no_data_found';
    END IF;
    IF coalesce(auth.role(), 'service_role') <> 'service_role'
       AND NOT public.has_organization_role(organization, 'admin') THEN
        RAISE EXCEPTION 'only an admin of the organization may reactivate its users'
            USING ERRCODE = 'insufficient_privilege';
    END IF;

    -- The trigger profiles_validate_user_limit refuses this in a full organization.
    UPDATE public.profiles
    SET is_active = true, archived_at = NULL, archived_by = NULL, archive_reason = NULL
    WHERE id = target_user;
END;
$$;

COMMENT ON FUNCTION public.reactivate_user(uuid) IS 'Undoes archive_user(); assignments have to be made anew.';

CREATE FUNCTION public.accept_organization_invitation(invitation_token uuid)
RETURNS uuid
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    invitation public.organization_invitations;
    person public.profiles;
BEGIN
    SELECT * INTO invitation
    FROM public.organization_invitations i
    WHERE i.token = invitation_token AND i.accepted_at IS NULL AND i.expires_at > now()
    FOR UPDATE;
    SELECT * INTO person FROM public.profiles p WHERE p.id = auth.uid() AND p.is_active;

    -- One message for every reason: a guesser must not learn which tokens exist.
    IF invitation.id IS NULL OR person.id IS NULL OR lower(person.email) <> invitation.email THEN
        RAISE EXCEPTION 'this invitation is not valid' USING ERRCODE = 'insufficient_privilege';
    END IF;

    UPDATE public.practitioner_assignments
    SET active = false, ended_at = now()
    WHERE active AND organization_id <> invitation.organization_id
      AND person.id IN (practitioner_id, supervisor_id);

    UPDATE public.profiles
    SET organization_id = invitation.organization_id, roles = invitation.roles
    WHERE id = person.id;

    UPDATE public.organization_invitations
    SET accepted_at = now(), accepted_by = person.id
    WHERE id = invitation.id;
    RETURN invitation.organization_id;
END;
$$;

COMMENT ON FUNCTION public.accept_organization_invitation(uuid) IS
    'Moves the caller into the organization of the invitation, with its roles.';

REVOKE EXECUTE ON FUNCTION
    public.current_organization_id(),
    public.has_organization_role(uuid, text),
    public.supervises(uuid),
    public.archive_user(uuid, text),
    public.reactivate_user(uuid),
    public.accept_organization_invitation(uuid),
    public.validate_organization_user_limit(),
    public.update_organization_active_user_count(),
    public.touch_profile_activity()
FROM PUBLIC, anon, authenticated;

GRANT EXECUTE ON FUNCTION
    public.current_organization_id(),
    public.has_organization_role(uuid, text),
    public.supervises(uuid),
    public.archive_user(uuid, text),
    public.reactivate_user(uuid),
    public.accept_organization_invitation(uuid)
TO authenticated, service_role;

-- -----------------------------------------------------------------------------
-- 10. Triggers
-- -----------------------------------------------------------------------------

CREATE TRIGGER organizations_set_updated_at
    BEFORE UPDATE ON public.organizations
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER profiles_validate_user_limit
    BEFORE INSERT OR UPDATE OF organization_id, is_active ON public.profiles
    FOR EACH ROW EXECUTE FUNCTION public.validate_organization_user_limit();

CREATE TRIGGER profiles_update_active_user_count
    AFTER INSERT OR DELETE OR UPDATE OF organization_id, is_active ON public.profiles
    FOR EACH ROW EXECUTE FUNCTION public.update_organization_active_user_count();

CREATE TRIGGER journal_entries_touch_profile_activity
    AFTER INSERT ON public.journal_entries
    FOR EACH ROW EXECUTE FUNCTION public.touch_profile_activity();

-- -----------------------------------------------------------------------------
-- 11. Privileges: nobody gives roles, limits or a subscription to themselves
-- -----------------------------------------------------------------------------

REVOKE ALL ON public.organizations, public.practitioner_assignments, public.organization_invitations
    FROM anon, authenticated;
GRANT SELECT ON public.organizations TO authenticated;
GRANT UPDATE (name, billing_email, settings) ON public.organizations TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.practitioner_assignments TO authenticated;
GRANT SELECT, INSERT, DELETE ON public.organization_invitations TO authenticated;
GRANT ALL ON public.organizations, public.practitioner_assignments, public.organization_invitations TO service_role;

REVOKE INSERT, UPDATE ON public.profiles FROM authenticated;
GRANT INSERT (id, email, display_name, time_zone) ON public.profiles TO authenticated;
GRANT UPDATE (display_name, time_zone) ON public.profiles TO authenticated;

-- -----------------------------------------------------------------------------
-- 12. Row level security
-- -----------------------------------------------------------------------------

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.practitioner_assignments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.organization_invitations ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Members see their organization" ON public.organizations
    FOR SELECT TO authenticated
    USING (id = (SELECT public.current_organization_id()));

CREATE POLICY "Admins change their organization" ON public.organizations
    FOR UPDATE TO authenticated
    USING (public.has_organization_role(id, 'admin'))
    WITH CHECK (public.has_organization_role(id, 'admin'));

DROP POLICY "Profiles are visible to their owner and sponsors" ON public.profiles;

CREATE POLICY "Profiles are visible to their owner, supervisors and admins" ON public.profiles
    FOR SELECT TO authenticated
    USING (
        id = (SELECT auth.uid())
        OR public.has_organization_role(organization_id, 'admin')
        OR public.supervises(id)
    );

CREATE POLICY "Assignments are visible to both sides and admins" ON public.practitioner_assignments
    FOR SELECT TO authenticated
    USING (
        (
            organization_id = (SELECT public.current_organization_id())
            AND (SELECT auth.uid()) IN (practitioner_id, supervisor_id)
        )
        OR public.has_organization_role(organization_id, 'admin')
    );

-- The people that an assignment names must be the admin's own: the sub-query sees only those.
CREATE POLICY "Admins assign supervisors" ON public.practitioner_assignments
    FOR INSERT TO authenticated
    WITH CHECK (
        public.has_organization_role(organization_id, 'admin')
        AND 2 = (
            SELECT count(*)
            FROM public.profiles p
            WHERE p.organization_id = practitioner_assignments.organization_id
              AND p.id IN (practitioner_assignments.practitioner_id, practitioner_assignments.supervisor_id)
        )
    );

CREATE POLICY "Admins change assignments" ON public.practitioner_assignments
    FOR UPDATE TO authenticated
    USING (public.has_organization_role(organization_id, 'admin'))
    WITH CHECK (
        public.has_organization_role(organization_id, 'admin')
        AND 2 = (
            SELECT count(*)
            FROM public.profiles p
            WHERE p.organization_id = practitioner_assignments.organization_id
              AND p.id IN (practitioner_assignments.practitioner_id, practitioner_assignments.supervisor_id)
        )
    );

CREATE POLICY "Admins delete assignments" ON public.practitioner_assignments
    FOR DELETE TO authenticated
    USING (public.has_organization_role(organization_id, 'admin'));

CREATE POLICY "Admins see invitations" ON public.organization_invitations
    FOR SELECT TO authenticated
    USING (public.has_organization_role(organization_id, 'admin'));

CREATE POLICY "Admins invite" ON public.organization_invitations
    FOR INSERT TO authenticated
    WITH CHECK (
        public.has_organization_role(organization_id, 'admin')
        AND invited_by = (SELECT auth.uid())
        AND accepted_at IS NULL
    );

CREATE POLICY "Admins withdraw invitations" ON public.organization_invitations
    FOR DELETE TO authenticated
    USING (public.has_organization_role(organization_id, 'admin'));

DROP POLICY "Entries are visible to the writer and, if shared, sponsors" ON public.journal_entries;

-- No exception for admins: a journal is nobody's business but the writer's and, when shared, the supervisor's.
CREATE POLICY "Entries are visible to the writer and, if shared, supervisors" ON public.journal_entries
    FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR (is_shared AND public.supervises(user_id)));
