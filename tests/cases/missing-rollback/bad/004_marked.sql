-- migrate-validate: irreversible:
DROP TABLE t_001;
