"""What the roles from outside reach: which relations and functions, and with which privileges.

PostgreSQL itself says so: grants to the role, to PUBLIC and to roles whose privileges it has, on the relation or on
columns, together with USAGE of the schema. Default privileges have become grants when the object was made. Writing
counts for views only where PostgreSQL passes it on to a table.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from migrate_validate.catalog.model import Catalog, Grant, Table
from migrate_validate.findings import NotApplicable, Result, Unproven
from migrate_validate.replay.timeline import Timeline
from migrate_validate.results import Shared
from migrate_validate.syntax import quote

from .._shared import Connection, fetch, own_catalog, problem

READING = ("SELECT",)
WRITING = ("INSERT", "UPDATE", "DELETE")
ROWS = (*READING, *WRITING)
"""The commands that policies are for."""

_NOBODY = "no role is declared that reaches the database from outside (api_roles)"
_GUARDED = "SELECT FROM pg_class WHERE relrowsecurity UNION ALL SELECT FROM pg_policy LIMIT 1"
_ROLES = "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles ORDER BY rolname"
_POWERS = """
SELECT a.rolname, b.rolname
FROM pg_roles a JOIN pg_roles b ON pg_has_role(a.oid, b.oid, 'USAGE')
WHERE b.rolname !~ '^pg_'
"""
_RELATIONS = """
SELECT n.nspname || '.' || c.relname, r.rolname, p.privilege,
  CASE WHEN NOT has_table_privilege(r.oid, c.oid, p.privilege) THEN ARRAY(
    SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND has_column_privilege(r.oid, c.oid, a.attnum, p.privilege)
    ORDER BY a.attnum) END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN pg_roles r
CROSS JOIN (
  VALUES ('SELECT', true, 2), ('INSERT', true, 8), ('UPDATE', true, 4), ('DELETE', false, 16), ('TRUNCATE', false, 0)
) AS p (privilege, by_column, bit)
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND r.rolname = ANY ({roles})
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND has_schema_privilege(r.oid, n.oid, 'USAGE')
  AND (c.relkind IN ('r', 'p') OR p.privilege = 'SELECT' OR pg_relation_is_updatable(c.oid, false) & p.bit <> 0)
  AND CASE WHEN p.by_column THEN has_any_column_privilege(r.oid, c.oid, p.privilege)
      ELSE has_table_privilege(r.oid, c.oid, p.privilege) END
ORDER BY 1, 2, 3
"""
_FUNCTIONS = """
SELECT n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')', r.rolname,
  has_schema_privilege(r.oid, n.oid, 'USAGE')
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN pg_roles r
WHERE r.rolname = ANY ({roles}) AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Access:
    """One privilege that one role has on a relation."""

    role: str
    privilege: str
    """``SELECT``, ``INSERT``, ``UPDATE``, ``DELETE`` or ``TRUNCATE``."""
    columns: tuple[str, ...] | None = None
    """The columns that it is restricted to; None: the whole relation."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the roles from outside reach, of all that is in the database."""

    roles: tuple[str, ...]
    """Those that policies bind: no superusers, none with BYPASSRLS."""
    relations: Mapping[str, tuple[Access, ...]] = field(default_factory=dict)
    """By ``schema.name`` of tables and views; a relation that nobody reaches is not there."""
    executable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By ``schema.name(arguments)`` of functions: the roles that may execute them, also where they may not name them
    for want of USAGE of the schema. An expression that is stored, such as a policy's, asks no more."""
    callable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The same, of those who may name them, too: only they can call them from outside."""
    above: frozenset[str] = frozenset()
    """All roles that no policy binds."""
    powers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By role: itself and the roles whose privileges it has."""

    def privileges(self, relation: str, wanted: Collection[str] = ROWS) -> dict[str, tuple[str, ...]]:
        """Who may do what to a relation, or to some of its columns: privileges by role.

        :param relation: ``schema.name``
        """
        found: dict[str, tuple[str, ...]] = {}
        for access in self.relations.get(relation, ()):
            if access.privilege in wanted:
                found[access.role] = (*found.get(access.role, ()), access.privilege)
        return found

    def readable(self, relation: str, column: str) -> tuple[str, ...]:
        """The roles that may read a column of a relation."""
        return tuple(
            access.role
            for access in self.relations.get(relation, ())
            if access.privilege == "SELECT" and (access.columns is None or column in access.columns)
        )

    def grantees(self, grants: Iterable[Grant], roles: Collection[str], privilege: str | None = None) -> list[str]:
        """To whom privileges were granted that some roles have; what to revoke them from.

        :param privilege: only this one
        """
        having = {"PUBLIC"}.union(*(self.powers.get(role, frozenset((role,))) for role in roles))
        found = {each.grantee for each in grants if privilege in (None, each.privilege)}
        return sorted(found & having)

    def exempt(self, role: str, table: Table) -> bool:
        """Whether row level security of a table does not bind a role: it is above it, or the table's owner."""
        owns = table.owner in self.powers.get(role, frozenset((role,)))
        return role in self.above or (owns and not table.force_row_security)

    def applies(self, roles: Collection[str], role: str) -> bool:
        """Whether a policy that is given to some roles is for this one, by membership too."""
        return "public" in roles or not self.powers.get(role, frozenset((role,))).isdisjoint(roles)


def revoking(what: str, name: str, grantees: Sequence[str]) -> str:
    """The statement that takes privileges back; empty where nobody holds a grant: they own it, or may read all data.

    :param what: ``ALL``, ``TRUNCATE``, ``EXECUTE``, ...
    :param name: as it stands behind ON
    """
    roles = ", ".join(each if each == "PUBLIC" else quote(each) for each in grantees)
    return f"REVOKE {what} ON {name} FROM {roles};" if roles else ""


Judge = Callable[[Reach, Catalog], Iterator[Result]]


def judged(
    judge: Judge,
    connection: Connection,
    timeline: Timeline | None,
    catalog: Catalog | None,
    api_roles: Sequence[str],
    shared: Shared | None,
) -> Iterator[Result]:
    """What a rule says of what is reached, or why nothing can be said; see :func:`outside`."""
    reach, said = outside(connection, timeline, api_roles, shared)
    yield from said
    if reach:
        yield from judge(reach, own_catalog(connection, catalog, timeline))


def told(privileges: Mapping[str, Sequence[str]]) -> str:
    """``anon: SELECT, INSERT; authenticated: SELECT``."""
    return "; ".join(f"{role}: {', '.join(granted)}" for role, granted in privileges.items())


def outside(
    connection: Connection,
    timeline: Timeline | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> tuple[Reach | None, tuple[Result, ...]]:
    """What is reached from outside, and what to say where that cannot be decided, or only in part.

    :param connection: to the migrated database
    :param timeline: gives the roles that reach the database from outside
    :param api_roles: these roles, where there is no timeline
    :param shared: keeps the answer for other rules of the run
    :returns: None with the reason where nothing can be decided, or nothing is to be; else the reach of the roles that
        there are, with an Unproven for each that does not exist
    """
    roles = tuple(api_roles) or (timeline.api_roles if timeline else ())
    if not roles:
        undeclared = timeline is None or not timeline.api_roles_known
        return None, (_unknown() if undeclared and _guards(connection) else NotApplicable(_NOBODY),)
    if shared is None:
        return _asked(connection, roles)
    return shared.once(f"what is reached by {', '.join(roles)}", lambda: _asked(connection, roles))


def _unknown() -> Unproven:
    return Unproven(
        "there is row level security, and nobody says which roles reach the database from outside: "
        "name them in the configuration, api_roles = [...]; [] where there are none"
    )


def _guards(connection: Connection) -> bool:
    """Whether anything in the database is guarded by row level security."""
    with contextlib.suppress(psycopg.Error):
        return bool(fetch(connection, sql.SQL(_GUARDED)))
    return True


Reached = tuple[Reach | None, tuple[Result, ...]]


def _asked(connection: Connection, roles: tuple[str, ...]) -> Reached:
    try:
        known = dict(fetch(connection, sql.SQL(_ROLES)))
        bound = [role for role in roles if known.get(role) is False]
        relations = fetch(connection, sql.SQL(_RELATIONS).format(roles=sql.Literal(bound)))
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL search_path = ''")  # Types are named with their schema, as in the catalog.
            functions = fetch(connection, sql.SQL(_FUNCTIONS).format(roles=sql.Literal(bound)))
        powers = fetch(connection, sql.SQL(_POWERS))
    except psycopg.Error as error:
        return None, (Unproven(f"what {', '.join(roles)} can reach cannot be found out: {problem(error)}"),)
    said: tuple[Result, ...] = tuple(
        Unproven(f"role {role} does not exist, so what it can reach cannot be decided", object=role)
        for role in roles
        if role not in known
    )
    if not bound:
        return None, said or (NotApplicable(f"row level security binds none of {', '.join(roles)}"),)
    return _assembled(bound, relations, functions, known, powers), said


def _assembled(
    roles: Sequence[str],
    relations: Sequence[tuple[str, str, str, list[str] | None]],
    functions: Sequence[tuple[str, str, bool]],
    above: Mapping[str, bool],
    powers: Sequence[tuple[str, str]],
) -> Reach:
    reached: dict[str, list[Access]] = defaultdict(list)
    for name, role, privilege, columns in relations:
        reached[name].append(Access(role, privilege, None if columns is None else tuple(columns)))
    has: dict[str, set[str]] = defaultdict(set)
    for role, other in powers:
        has[role].add(other)
    return Reach(
        roles=tuple(roles),
        relations={name: tuple(found) for name, found in reached.items()},
        executable=_by_name((name, role) for name, role, _ in functions),
        callable=_by_name((name, role) for name, role, named in functions if named),
        above=frozenset(role for role, is_above in above.items() if is_above),
        powers={role: frozenset(others) for role, others in has.items()},
    )


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, role in pairs:
        found[name].add(role)
    return {name: frozenset(roles) for name, roles in found.items()}
