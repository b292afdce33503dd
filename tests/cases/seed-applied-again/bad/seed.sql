INSERT INTO teams (name, seats) VALUES ('red', 3) ON CONFLICT (name) DO NOTHING;
INSERT INTO members (team, email) SELECT id, 'ann@example.com' FROM teams WHERE name = 'red';
