-- =============================================================================
-- Organizational model, part 2 of 3: data
--
-- Written for a database without any organization.
-- =============================================================================

INSERT INTO public.organizations (name, slug, subscription_tier, max_users)
VALUES ('Individual Users', 'individual-users', 'legacy', 1000)
ON CONFLICT (slug) DO NOTHING;

UPDATE public.profiles
SET organization_id = (SELECT id FROM public.organizations WHERE slug = 'individual-users')
WHERE organization_id IS NULL;

INSERT INTO public.practitioner_assignments
    (practitioner_id, supervisor_id, organization_id, supervisor_role, notes)
SELECT sr.practitioner_id, sr.sponsor_id, p.organization_id, 'coach', 'was a sponsor'
FROM public.sponsor_relationships sr
JOIN public.profiles p ON p.id = sr.practitioner_id
WHERE sr.status = 'active';

UPDATE public.profiles p
SET roles = array_append(p.roles, 'coach')
WHERE EXISTS (SELECT 1 FROM public.sponsor_relationships sr WHERE sr.sponsor_id = p.id AND sr.status = 'active');

UPDATE public.profiles p
SET last_activity = (SELECT max(j.created_at) FROM public.journal_entries j WHERE j.user_id = p.id);

UPDATE public.organizations o
SET active_user_count = (
    SELECT count(*) FROM public.profiles p WHERE p.organization_id = o.id AND p.is_active
);
