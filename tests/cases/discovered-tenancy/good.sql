-- Without row level security there is nothing to prove.
CREATE TABLE notes (id bigint PRIMARY KEY, body text NOT NULL);
GRANT SELECT ON notes TO mv_case_user;
