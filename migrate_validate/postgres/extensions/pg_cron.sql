CREATE SCHEMA cron;
CREATE SEQUENCE cron.jobid_seq;
CREATE SEQUENCE cron.runid_seq;
CREATE TABLE cron.job (
    jobid bigint PRIMARY KEY DEFAULT nextval('cron.jobid_seq'),
    schedule text NOT NULL,
    command text NOT NULL,
    nodename text NOT NULL DEFAULT 'localhost',
    nodeport int NOT NULL DEFAULT 5432,
    database text NOT NULL DEFAULT current_database(),
    username text NOT NULL DEFAULT current_user,
    active boolean NOT NULL DEFAULT true,
    jobname text,
    CONSTRAINT jobname_username_uniq UNIQUE (jobname, username)
);
ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY;
CREATE POLICY cron_job_policy ON cron.job USING (username = current_user);
CREATE TABLE cron.job_run_details (
    jobid bigint,
    runid bigint PRIMARY KEY DEFAULT nextval('cron.runid_seq'),
    job_pid int,
    database text,
    username text,
    command text,
    status text,
    return_message text,
    start_time timestamptz,
    end_time timestamptz
);
ALTER TABLE cron.job_run_details ENABLE ROW LEVEL SECURITY;
CREATE POLICY cron_job_run_details_policy ON cron.job_run_details USING (username = current_user);
GRANT USAGE ON SCHEMA cron TO PUBLIC;
GRANT SELECT ON cron.job TO PUBLIC;
GRANT SELECT, DELETE ON cron.job_run_details TO PUBLIC;
GRANT USAGE ON SEQUENCE cron.jobid_seq, cron.runid_seq TO PUBLIC;

CREATE FUNCTION cron.stand_in_check(schedule text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Five fields, "N seconds", or a nickname such as @daily.
    IF schedule !~ '^\s*([-*/,0-9a-zA-Z$]+\s+){4}[-*/,0-9a-zA-Z$]+\s*$'
        AND schedule !~* '^\s*([1-9]|[1-5][0-9])\s+seconds?\s*$'
        AND schedule !~ '^\s*@(yearly|annually|monthly|weekly|daily|midnight|hourly|reboot)\s*$'
    THEN
        RAISE EXCEPTION 'invalid schedule: %', schedule USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
    END IF;
END
$$;
CREATE FUNCTION cron.schedule(schedule text, command text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = cron AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM cron.stand_in_check(schedule);
    INSERT INTO cron.job (schedule, command, username) VALUES (schedule, command, session_user) RETURNING jobid INTO made;
    RETURN made;
END
$$;
CREATE FUNCTION cron.schedule(job_name text, schedule text, command text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = cron AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM cron.stand_in_check(schedule);
    INSERT INTO cron.job AS old (schedule, command, username, jobname)
    VALUES (schedule, command, session_user, job_name)
    ON CONFLICT ON CONSTRAINT jobname_username_uniq
        DO UPDATE SET schedule = EXCLUDED.schedule, command = EXCLUDED.command
    RETURNING jobid INTO made;
    RETURN made;
END
$$;
CREATE FUNCTION cron.schedule_in_database(
    job_name text, schedule text, command text, database text, username text DEFAULT NULL, active boolean DEFAULT true
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = cron AS $$
DECLARE
    made bigint := cron.schedule(job_name, schedule, command);
BEGIN
    UPDATE cron.job AS j
    SET database = schedule_in_database.database, active = schedule_in_database.active,
        username = coalesce(schedule_in_database.username, j.username)
    WHERE j.jobid = made;
    RETURN made;
END
$$;
CREATE FUNCTION cron.alter_job(
    job_id bigint, schedule text DEFAULT NULL, command text DEFAULT NULL, database text DEFAULT NULL,
    username text DEFAULT NULL, active boolean DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = cron AS $$
BEGIN
    UPDATE cron.job AS j
    SET schedule = coalesce(alter_job.schedule, j.schedule), command = coalesce(alter_job.command, j.command),
        database = coalesce(alter_job.database, j.database), username = coalesce(alter_job.username, j.username),
        active = coalesce(alter_job.active, j.active)
    WHERE j.jobid = job_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job % does not exist or you don''t own it', job_id;
    END IF;
END
$$;
CREATE FUNCTION cron.unschedule(job_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = cron AS $$
BEGIN
    DELETE FROM cron.job WHERE jobid = job_id AND username = session_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'could not find valid entry for job ''%''', job_id;
    END IF;
    RETURN true;
END
$$;
CREATE FUNCTION cron.unschedule(job_name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = cron AS $$
BEGIN
    DELETE FROM cron.job WHERE jobname = job_name AND username = session_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'could not find valid entry for job ''%''', job_name;
    END IF;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION cron.schedule_in_database(text, text, text, text, text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION cron.alter_job(bigint, text, text, text, text, boolean) FROM PUBLIC;
