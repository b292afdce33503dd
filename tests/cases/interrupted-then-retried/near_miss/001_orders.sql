CREATE TABLE purchase (id int PRIMARY KEY, state text, updated_at timestamptz DEFAULT now());
