-- No secrets; and one that no policy shows.
CREATE TABLE accounts (
    id int, has_password boolean, password_changed_at timestamptz, max_tokens int, access_token_expires_at timestamptz,
    secretary text, token_type text, api_key_name text, otp_attempts int, primary_key text
);
GRANT SELECT ON accounts TO mv_case_anon;
CREATE TABLE vault (id int, secret text);
ALTER TABLE vault ENABLE ROW LEVEL SECURITY;
CREATE POLICY deposit ON vault FOR INSERT WITH CHECK (true);
CREATE POLICY open ON vault FOR SELECT TO mv_case_service USING (true);
GRANT ALL ON vault TO mv_case_anon;
