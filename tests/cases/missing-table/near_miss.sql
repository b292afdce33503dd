CREATE TABLE organizations (id bigint) PARTITION BY LIST (id);
CREATE TABLE members ();
