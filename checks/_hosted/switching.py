"""Takes the right of a superuser from ``postgres`` within a transaction, and gives it back."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._shared import Connection

# Owned by a superuser, so that the role can get back what it has lost in the same transaction.
_TOOLS = b"""
    CREATE SCHEMA migrate_validate_hosted;
    GRANT USAGE ON SCHEMA migrate_validate_hosted TO PUBLIC;
    CREATE TABLE migrate_validate_hosted.noted (number serial, sqlstate text, message text, context text);
    CREATE FUNCTION migrate_validate_hosted.reserved() RETURNS jsonb
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
        SELECT coalesce(jsonb_object_agg(what, digest), '{}') FROM (
            SELECT rolname, md5(concat(a, CASE WHEN rolname = ANY (%(fixed)s) THEN concat(
                (SELECT array_agg(s.setconfig ORDER BY setdatabase) FROM pg_db_role_setting AS s WHERE setrole = a.oid),
                (SELECT array_agg(roleid ORDER BY roleid) FROM pg_auth_members WHERE member = a.oid)) END))
            FROM pg_authid AS a WHERE rolname = ANY (%(fixed)s || %(configurable)s)
            UNION ALL
            SELECT 'members of ' || r.rolname, string_agg(m.member::text, ',' ORDER BY m.member)
            FROM pg_roles AS r JOIN pg_auth_members AS m ON m.roleid = r.oid
            WHERE r.rolname = ANY (%(memberships)s)
            GROUP BY r.rolname
        ) AS state (what, digest)
    $$;
    CREATE FUNCTION migrate_validate_hosted.promote() RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
    'BEGIN ALTER ROLE postgres SUPERUSER; RETURN migrate_validate_hosted.reserved(); END';
    CREATE FUNCTION migrate_validate_hosted.demote() RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
    'BEGIN ALTER ROLE postgres NOSUPERUSER; RETURN migrate_validate_hosted.reserved(); END';
    CREATE FUNCTION migrate_validate_hosted.note(text, text, text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
    'INSERT INTO migrate_validate_hosted.noted (sqlstate, message, context) VALUES ($1, $2, $3)';
    CREATE FUNCTION migrate_validate_hosted.notes() RETURNS SETOF migrate_validate_hosted.noted
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
    'SELECT * FROM migrate_validate_hosted.noted ORDER BY number';
    CREATE FUNCTION migrate_validate_hosted.body(function text) RETURNS text
    LANGUAGE sql SECURITY DEFINER AS
    'SELECT prosrc FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang
     WHERE p.oid = to_regprocedure(function) AND lanname = ''plpgsql''';
    CREATE FUNCTION migrate_validate_hosted.edit(function text, body text) RETURNS void
    LANGUAGE sql SECURITY DEFINER AS
    'UPDATE pg_proc SET prosrc = body WHERE oid = to_regprocedure(function)';
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrate_validate_hosted TO PUBLIC;
    ALTER SCHEMA migrate_validate_hosted OWNER TO supabase_admin;
    ALTER TABLE migrate_validate_hosted.noted OWNER TO supabase_admin;
    DO $$
    DECLARE
        function regprocedure;
    BEGIN
        FOR function IN SELECT oid FROM pg_proc WHERE pronamespace = 'migrate_validate_hosted'::regnamespace LOOP
            EXECUTE format('ALTER FUNCTION %%s OWNER TO supabase_admin', function);
        END LOOP;
    END
    $$;
"""
_PROMOTE = b"SELECT migrate_validate_hosted.promote()"
_DEMOTE = b"SELECT migrate_validate_hosted.demote()"

RESERVED = frozenset(
    {
        "dashboard_user",
        "pgbouncer",
        "supabase_admin",
        "supabase_auth_admin",
        "supabase_read_only_user",
        "supabase_replication_admin",
        "supabase_storage_admin",
    }
)
"""Roles that nobody but a superuser of the service changes, in whatever respect."""
CONFIGURABLE = frozenset({"anon", "authenticated", "authenticator", "service_role"})
"""Roles whose settings and memberships ``postgres`` may change, and nothing else of them."""
MEMBERSHIPS = frozenset({"authenticator", "pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"})
"""Roles that nobody is made a member of."""


class Noted(NamedTuple):
    """What a statement inside a body was refused for."""

    sqlstate: str
    message: str
    context: str


State = dict[str, str]
"""What of the service's own roles is to stay as it is."""


class Switch:
    """Makes ``postgres`` what it is on the hosted service, and a superuser again."""

    def __init__(self, connection: Connection) -> None:
        """Put what it needs into the database; ``postgres`` is a superuser."""
        self.connection = connection
        names = {"fixed": RESERVED, "configurable": CONFIGURABLE, "memberships": MEMBERSHIPS}
        lists = {
            key.encode(): b"'{" + ", ".join(sorted(value)).encode() + b"}'::name[]" for key, value in names.items()
        }
        connection.execute(_TOOLS % lists)

    def promote(self) -> State:
        """Make it a superuser; the state of the service's roles."""
        state: State = self._one(_PROMOTE)
        return state

    def demote(self) -> State:
        """Make it no superuser; the state of the service's roles."""
        state: State = self._one(_DEMOTE)
        return state

    def noted(self) -> list[Noted]:
        """What the bodies of this transaction have noted so far."""
        rows = self.connection.execute("SELECT sqlstate, message, context FROM migrate_validate_hosted.notes()")
        return [Noted(*map(str, row)) for row in rows]

    def body(self, function: str) -> str | None:
        """The text of a function in plpgsql, by its name and the types of its arguments; None: there is none."""
        found: str | None = self._one(b"SELECT migrate_validate_hosted.body(%s)", function)
        return found

    def edit(self, function: str, body: str) -> None:
        """Give such a function another text."""
        self._one(b"SELECT migrate_validate_hosted.edit(%s, %s)", function, body)

    def _one(self, query: bytes, *values: str) -> Any:
        row = self.connection.execute(query, values or None).fetchone()
        assert row is not None
        return row[0]


def changed(before: State, after: State) -> str | None:
    """What the service says to a change of its roles; None: there is none."""
    for what in sorted(before.keys() | after.keys()):
        if before.get(what) != after.get(what):
            role = what.removeprefix("members of ")
            if role != what:
                return f'"{role}" role memberships are reserved, only superusers can grant them'
            return f'"{what}" is a reserved role, only superusers can modify it'
    return None
