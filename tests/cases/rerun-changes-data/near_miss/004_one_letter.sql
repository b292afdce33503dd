-- A column has the name that a query might give to its table.
CREATE TABLE IF NOT EXISTS letter (id int PRIMARY KEY, c text);
INSERT INTO letter VALUES (1, 'c'), (2, NULL) ON CONFLICT DO NOTHING;
VACUUM letter;
