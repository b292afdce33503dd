COMMENT ON TABLE accounts IS 'who may sign in';
