ALTER TABLE members ADD COLUMN role text;
