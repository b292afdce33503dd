CREATE EXTENSION IF NOT EXISTS citext;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE place AS (street text, number integer);
CREATE TYPE spread AS RANGE (subtype = numeric);
CREATE DOMAIN email AS text CHECK (VALUE ~ '^[a-z]+@[a-z]+\.[a-z]{2,3}$');
CREATE TABLE organizations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug text NOT NULL UNIQUE CHECK (length(slug) BETWEEN 3 AND 20),
    plan text NOT NULL CHECK (plan IN ('free', 'pro')),
    seats integer NOT NULL DEFAULT 1 CHECK (seats >= 1 AND seats <= 500),
    contact email
);
CREATE TABLE departments (
    organization_id uuid REFERENCES organizations (id),
    number integer GENERATED ALWAYS AS IDENTITY,
    parent integer,
    head bigint,
    PRIMARY KEY (organization_id, number),
    FOREIGN KEY (organization_id, parent) REFERENCES departments (organization_id, number)
);
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    department integer NOT NULL,
    name varchar(10) NOT NULL,
    shouted text GENERATED ALWAYS AS (upper(name)) STORED,
    FOREIGN KEY (organization_id, department) REFERENCES departments (organization_id, number)
);
ALTER TABLE departments ADD FOREIGN KEY (head) REFERENCES people (id);
CREATE TABLE chickens (id integer PRIMARY KEY, egg integer NOT NULL);
CREATE TABLE eggs (id integer PRIMARY KEY, chicken integer NOT NULL REFERENCES chickens DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE chickens ADD FOREIGN KEY (egg) REFERENCES eggs DEFERRABLE;
CREATE TABLE everything (
    a smallint, b integer, c bigint, d numeric(5, 2), e numeric, f real, g double precision, h boolean, i text,
    j varchar(3), k char(4), l uuid, m date, n time, o timetz, p timestamp, q timestamptz(3), r interval, s json,
    t jsonb, u bytea, v inet, w cidr, x macaddr, y bit(5), z varbit(4), aa money, ab integer[], ac text[], ad int4range,
    ae nummultirange, af mood, ag email, ah place, ai spread, aj citext, ak tsvector, al mood[], am place[], an datemultirange,
    ao "char", ap name, aq interval day to second(3), ar timestamp[], av spread[], aw daterange, ax point
);
CREATE TABLE events (at date NOT NULL, note text) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
