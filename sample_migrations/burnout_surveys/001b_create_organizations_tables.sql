-- Organizations: the six tables around them, the columns of the tables that existed, and one organization for each
-- mail domain that the users have.

-- ---------------------------------------------------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------------------------------------------------

CREATE TABLE organizations (
    id SERIAL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    domain VARCHAR(255) UNIQUE NOT NULL,
    slug VARCHAR(100) UNIQUE NOT NULL,
    primary_contact_email VARCHAR(255),
    billing_email VARCHAR(255),
    website VARCHAR(255),
    plan_type VARCHAR(50) DEFAULT 'free',
    max_users INTEGER DEFAULT 50,
    max_analyses_per_month INTEGER DEFAULT 5,
    status VARCHAR(20) DEFAULT 'active',
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    settings JSON
);

CREATE INDEX idx_organizations_domain ON organizations(domain);
CREATE INDEX idx_organizations_slug ON organizations(slug);

CREATE TABLE organization_invitations (
    id SERIAL PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organizations(id),
    email VARCHAR(255) NOT NULL,
    role VARCHAR(20) DEFAULT 'user',
    invited_by INTEGER REFERENCES users(id),
    token VARCHAR(255) UNIQUE,
    expires_at TIMESTAMP WITH TIME ZONE,
    status VARCHAR(20) DEFAULT 'pending',
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    used_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX idx_organization_invitations_email ON organization_invitations(email);
CREATE INDEX idx_organization_invitations_token ON organization_invitations(token);
CREATE INDEX idx_organization_invitations_organization_id ON organization_invitations(organization_id);
CREATE INDEX idx_organization_invitations_invited_by ON organization_invitations(invited_by);

CREATE TABLE user_notifications (
    id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users(id),
    title VARCHAR(255) NOT NULL,
    message TEXT NOT NULL,
    category VARCHAR(50) DEFAULT 'general',
    priority VARCHAR(20) DEFAULT 'normal',
    status VARCHAR(20) DEFAULT 'unread',
    action_url VARCHAR(500),
    action_label VARCHAR(100),
    metadata JSON,
    expires_at TIMESTAMP WITH TIME ZONE,
    read_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);

CREATE INDEX idx_user_notifications_user_id ON user_notifications(user_id);
CREATE INDEX idx_user_notifications_status ON user_notifications(status);
CREATE INDEX idx_user_notifications_created_at ON user_notifications(created_at DESC);

CREATE TABLE user_burnout_reports (
    id SERIAL PRIMARY KEY,
    user_id INTEGER REFERENCES users(id),
    organization_id INTEGER REFERENCES organizations(id),
    slack_user_id VARCHAR(50),
    self_reported_score INTEGER,
    energy_level VARCHAR(20),
    work_life_balance VARCHAR(20),
    workload_level VARCHAR(20),
    stress_factors TEXT,
    comments TEXT,
    submitted_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    CONSTRAINT user_burnout_reports_score_range CHECK (self_reported_score BETWEEN 0 AND 100)
);

CREATE INDEX idx_user_burnout_reports_user_id ON user_burnout_reports(user_id);
CREATE INDEX idx_user_burnout_reports_org_id ON user_burnout_reports(organization_id);
CREATE INDEX idx_user_burnout_reports_slack_user_id ON user_burnout_reports(slack_user_id);

CREATE TABLE slack_workspace_mappings (
    id SERIAL PRIMARY KEY,
    workspace_id VARCHAR(50) UNIQUE NOT NULL,
    workspace_name VARCHAR(255),
    organization_id INTEGER REFERENCES organizations(id),
    owner_user_id INTEGER REFERENCES users(id),
    status VARCHAR(20) DEFAULT 'active',
    registered_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    last_used_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX idx_slack_workspace_mappings_workspace_id ON slack_workspace_mappings(workspace_id);
CREATE INDEX idx_slack_workspace_mappings_org_id ON slack_workspace_mappings(organization_id);
CREATE INDEX idx_slack_workspace_mappings_owner_user_id ON slack_workspace_mappings(owner_user_id);

CREATE TABLE survey_schedules (
    id SERIAL PRIMARY KEY,
    organization_id INTEGER UNIQUE REFERENCES organizations(id),
    enabled BOOLEAN DEFAULT FALSE,
    send_time TIME NOT NULL,
    timezone VARCHAR(100) NOT NULL,
    send_weekdays_only BOOLEAN DEFAULT TRUE,
    send_reminder BOOLEAN DEFAULT FALSE,
    reminder_hours_after INTEGER DEFAULT 5,
    last_sent_at TIMESTAMP WITH TIME ZONE,
    next_send_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);

CREATE INDEX idx_survey_schedules_organization_id ON survey_schedules(organization_id);
CREATE INDEX idx_survey_schedules_next_send_at ON survey_schedules(next_send_at);

-- ---------------------------------------------------------------------------------------------------------------
-- Columns of the tables that existed
-- ---------------------------------------------------------------------------------------------------------------

ALTER TABLE users ADD COLUMN organization_id INTEGER REFERENCES organizations(id);
ALTER TABLE users ADD COLUMN role VARCHAR(20) DEFAULT 'user';
ALTER TABLE users ADD COLUMN joined_org_at TIMESTAMP WITH TIME ZONE DEFAULT NOW();
ALTER TABLE users ADD COLUMN last_active_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE users ADD COLUMN status VARCHAR(20) DEFAULT 'active';
CREATE INDEX idx_users_organization_id ON users(organization_id);

-- Analyses are still looked up by their user alone; the column is filled so that this can change later.
ALTER TABLE analyses ADD COLUMN organization_id INTEGER REFERENCES organizations(id);
CREATE INDEX idx_analyses_organization_id ON analyses(organization_id);

ALTER TABLE slack_integrations ADD COLUMN workspace_id VARCHAR(50);
ALTER TABLE slack_integrations ADD COLUMN workspace_name VARCHAR(255);
ALTER TABLE slack_integrations ADD COLUMN connection_type VARCHAR(20);
ALTER TABLE slack_integrations ADD COLUMN created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW();

-- ---------------------------------------------------------------------------------------------------------------
-- updated_at
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

CREATE TRIGGER organizations_touch_updated_at
    BEFORE UPDATE ON organizations
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER survey_schedules_touch_updated_at
    BEFORE UPDATE ON survey_schedules
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- ---------------------------------------------------------------------------------------------------------------
-- One organization for each mail domain. People with an address of a public mail provider stay without one.
-- ---------------------------------------------------------------------------------------------------------------

WITH domains AS (
    SELECT lower(split_part(email, '@', 2)) AS domain, min(lower(email)) AS contact
      FROM users
     WHERE split_part(email, '@', 2) <> ''
       AND lower(split_part(email, '@', 2)) NOT IN ('gmail.com', 'outlook.com', 'yahoo.com', 'icloud.com')
     GROUP BY 1
), slugs AS (
    SELECT domain, contact, left(regexp_replace(domain, '[^a-z0-9]+', '-', 'g'), 90) AS slug
      FROM domains
), numbered AS (
    SELECT domain, contact, slug, row_number() OVER (PARTITION BY slug ORDER BY domain) AS n
      FROM slugs
)
INSERT INTO organizations (name, domain, slug, primary_contact_email)
SELECT initcap(split_part(domain, '.', 1)), domain,
       CASE n WHEN 1 THEN slug ELSE slug || '-' || left(md5(domain), 8) END, contact
  FROM numbered
 ORDER BY domain;

UPDATE users AS u
   SET organization_id = o.id,
       joined_org_at = u.created_at
  FROM organizations AS o
 WHERE o.domain = lower(split_part(u.email, '@', 2))
   AND u.organization_id IS NULL;

-- The first user of each organization administers it.
UPDATE users
   SET role = 'org_admin'
 WHERE id IN (SELECT min(id) FROM users WHERE organization_id IS NOT NULL GROUP BY organization_id);

UPDATE analyses AS a
   SET organization_id = u.organization_id
  FROM users AS u
 WHERE u.id = a.user_id
   AND a.organization_id IS NULL;

INSERT INTO migrations (name, status)
VALUES ('001b_create_organizations_tables', 'completed')
ON CONFLICT (name) DO UPDATE SET status = excluded.status, applied_at = NOW();
