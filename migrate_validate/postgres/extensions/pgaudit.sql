-- Its settings are accepted without it; these are what its event triggers would call.
CREATE FUNCTION pgaudit_ddl_command_end() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgaudit_sql_drop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
