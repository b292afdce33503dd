INSERT INTO teams (name, seats) VALUES ('red', 3) ON CONFLICT (name) DO UPDATE SET seats = EXCLUDED.seats;
INSERT INTO members (team, email)
SELECT id, 'ann@example.com' FROM teams WHERE name = 'red'
    AND NOT EXISTS (SELECT FROM members WHERE email = 'ann@example.com');
