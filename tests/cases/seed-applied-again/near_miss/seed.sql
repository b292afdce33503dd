-- It takes away what it is about to insert, and counts what it has made itself.
DELETE FROM members WHERE email LIKE '%@seed.example';
INSERT INTO teams (name, seats) VALUES ('red', 0) ON CONFLICT (name) DO NOTHING;
INSERT INTO members (team, email) SELECT id, 'ann@seed.example' FROM teams WHERE name = 'red';
UPDATE teams SET seats = (SELECT count(*) FROM members WHERE email LIKE '%@seed.example') WHERE name = 'red';
