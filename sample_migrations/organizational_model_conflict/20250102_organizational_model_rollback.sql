-- =============================================================================
-- Takes 20250102_organizational_model.sql back
--
-- Profiles, sponsors and journal entries keep their rows. What only the
-- organizational model could hold is lost: organizations, assignments,
-- invitations, roles, and who was archived.
-- =============================================================================

-- -----------------------------------------------------------------------------
-- 1. Policies: the sponsors' are restored
-- -----------------------------------------------------------------------------

DROP POLICY "Entries are visible to the writer and, if shared, supervisors" ON public.journal_entries;

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

DROP POLICY "Profiles are visible to their owner, supervisors and admins" ON public.profiles;

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

-- -----------------------------------------------------------------------------
-- 2. Privileges: of the table again, not of single columns
-- -----------------------------------------------------------------------------

REVOKE INSERT, UPDATE ON public.profiles FROM authenticated;
GRANT INSERT, UPDATE ON public.profiles TO authenticated;

-- -----------------------------------------------------------------------------
-- 3. Triggers on tables that stay
-- -----------------------------------------------------------------------------

DROP TRIGGER journal_entries_touch_profile_activity ON public.journal_entries;
DROP TRIGGER profiles_update_active_user_count ON public.profiles;
DROP TRIGGER profiles_validate_user_limit ON public.profiles;

-- -----------------------------------------------------------------------------
-- 4. Tables and columns, with their policies, triggers, constraints and indexes
-- -----------------------------------------------------------------------------

DROP TABLE public.organization_invitations;
DROP TABLE public.practitioner_assignments;

ALTER TABLE public.profiles
    DROP CONSTRAINT profiles_archived_check,
    DROP CONSTRAINT profiles_roles_check,
    DROP COLUMN archive_reason,
    DROP COLUMN archived_by,
    DROP COLUMN archived_at,
    DROP COLUMN last_activity_at,
    DROP COLUMN is_active,
    DROP COLUMN roles,
    DROP COLUMN organization_id;

DROP TABLE public.organizations;

-- -----------------------------------------------------------------------------
-- 5. Functions
-- -----------------------------------------------------------------------------

DROP FUNCTION public.accept_organization_invitation(uuid);
DROP FUNCTION public.reactivate_user(uuid);
DROP FUNCTION public.archive_user(uuid, text);
DROP FUNCTION public.touch_profile_activity();
DROP FUNCTION public.update_organization_active_user_count();
DROP FUNCTION public.validate_organization_user_limit();
DROP FUNCTION public.supervises(uuid);
DROP FUNCTION public.has_organization_role(uuid, text);
DROP FUNCTION public.current_organization_id();
