-- migrate-validate: irreversible: other services write into it from the first minute on
CREATE TABLE t_002 (id integer PRIMARY KEY);
