-- ON CONFLICT speaks for the other rows.
INSERT INTO plan VALUES ('huge', 1000) ON CONFLICT DO NOTHING;
INSERT INTO plan VALUES ('tiny', 1);
