-- Not published; published, and nobody may read it; published to a replica.
CREATE TABLE drafts (id int);
GRANT SELECT ON drafts TO mv_case_anon;
CREATE TABLE internal (id int);
CREATE PUBLICATION supabase_realtime FOR TABLE internal;
CREATE PUBLICATION replica FOR TABLE drafts;
