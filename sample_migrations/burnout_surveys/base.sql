-- What SQLAlchemy's create_all() had made before the first numbered migration, and the table in which the
-- migration runner notes what it has done.

CREATE TABLE users (
    id SERIAL PRIMARY KEY,
    email VARCHAR(255) NOT NULL UNIQUE,
    name VARCHAR(255),
    password_hash VARCHAR(255),
    provider VARCHAR(50),
    is_verified BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE TABLE rootly_integrations (
    id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    api_token TEXT NOT NULL,
    platform VARCHAR(50) NOT NULL DEFAULT 'rootly',
    is_default BOOLEAN NOT NULL DEFAULT FALSE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    CONSTRAINT rootly_integrations_platform_known CHECK (platform IN ('rootly', 'pagerduty'))
);
CREATE INDEX ix_rootly_integrations_user_id ON rootly_integrations(user_id);

CREATE TABLE github_integrations (
    id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL UNIQUE REFERENCES users(id) ON DELETE CASCADE,
    github_username VARCHAR(100) NOT NULL,
    github_token TEXT,
    organizations JSON,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE TABLE slack_integrations (
    id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    slack_token TEXT,
    slack_user_id VARCHAR(20) NOT NULL,
    token_source VARCHAR(20) NOT NULL DEFAULT 'oauth'
);
CREATE INDEX ix_slack_integrations_user_id ON slack_integrations(user_id);

CREATE TABLE analyses (
    id SERIAL PRIMARY KEY,
    uuid UUID NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    user_id INTEGER NOT NULL REFERENCES users(id),
    rootly_integration_id INTEGER REFERENCES rootly_integrations(id) ON DELETE SET NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'pending',
    time_range INTEGER NOT NULL DEFAULT 30,
    config JSON,
    results JSON,
    error_message TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    completed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT analyses_status_known CHECK (status IN ('pending', 'running', 'completed', 'failed'))
);
CREATE INDEX ix_analyses_user_id ON analyses(user_id);
CREATE INDEX ix_analyses_rootly_integration_id ON analyses(rootly_integration_id);
CREATE INDEX ix_analyses_created_at ON analyses(created_at DESC);

CREATE TABLE user_correlations (
    id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users(id),
    email VARCHAR(255) NOT NULL,
    github_username VARCHAR(100),
    slack_user_id VARCHAR(20),
    rootly_email VARCHAR(255),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);
CREATE INDEX ix_user_correlations_user_id ON user_correlations(user_id);
CREATE INDEX ix_user_correlations_email ON user_correlations(email);

CREATE TABLE migrations (
    id SERIAL PRIMARY KEY,
    name VARCHAR(255) NOT NULL UNIQUE,
    applied_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    status VARCHAR(50) NOT NULL DEFAULT 'completed',
    CONSTRAINT migrations_status_known CHECK (status IN ('completed', 'failed', 'rolled_back'))
);
