CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN email AS text CHECK (VALUE ~* '^[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,}$');
CREATE TABLE teams (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    size integer NOT NULL CHECK (size BETWEEN 1000 AND 1010),
    mood mood NOT NULL,
    contact email NOT NULL
);
CREATE TABLE members (
    team uuid REFERENCES teams,
    number integer GENERATED ALWAYS AS IDENTITY,
    head integer,
    name text NOT NULL CHECK (length(trim(name)) > 0),
    code char(4) NOT NULL CHECK (length(code) = 4),
    "from" date NOT NULL,
    until date NOT NULL CHECK (until > "from"),
    PRIMARY KEY (team, number),
    FOREIGN KEY (team, head) REFERENCES members
);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name := trim(NEW.name);
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION touch();
