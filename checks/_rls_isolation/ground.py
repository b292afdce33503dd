"""What probes are judged against: where each row of the universes lies, and what each role was granted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.syntax import quote

from .identities import Identity
from .known import Known
from .owning import Owned, owned
from .probes import Connection
from .tenancy import Tenancy
from .universes import BOTH, SHARED, A, B, Universes

_UNMISTAKABLE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\S+@\S+\.\S+")
"""Values that no two rows have by chance: a UUID, the address of a mailbox."""
_STEPS = 3
"""How far up it is looked whom a row is about."""
COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")

_PRIVILEGES = """
SELECT r.rolname, n.nspname || '.' || c.relname,
  array(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
        WHERE has_table_privilege(r.oid, c.oid, p)),
  array(SELECT p || ' ' || a.attname FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p, pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL
          AND has_column_privilege(r.oid, c.oid, a.attnum, p))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN pg_roles r
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND r.rolname = ANY (%s)
  AND n.nspname || '.' || c.relname = ANY (%s) AND has_schema_privilege(r.oid, n.oid, 'USAGE')
"""

_BASES = """
SELECT v.relnamespace::regnamespace || '.' || v.relname,
  array_agg(DISTINCT n.nspname || '.' || t.relname)
FROM pg_rewrite r
JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class t ON t.oid = d.refobjid AND t.oid <> v.oid AND t.relkind IN ('r', 'p', 'v', 'm', 'f')
JOIN pg_namespace n ON n.oid = t.relnamespace
GROUP BY 1
"""

_GIVEN_AWAY = """
SELECT r.rolname, pg_get_userbyid(d.defaclrole), coalesce(n.nspname, '')
FROM pg_default_acl d
CROSS JOIN aclexplode(d.defaclacl) a
JOIN pg_roles r ON r.oid = a.grantee
LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
WHERE d.defaclobjtype = 'r' AND a.privilege_type = 'TRUNCATE'
"""


def named(name: str) -> str:
    """``schema.name`` as SQL writes it."""
    schema, _, rest = name.partition(".")
    return f"{quote(schema)}.{quote(rest)}"


def literal(value: str | None) -> str:
    """A value as SQL writes it, of no type: PostgreSQL takes it for that of the column."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Placed:
    """A row, and where it lies."""

    table: str
    """``schema.name``."""
    at: str
    """``tableoid:ctid``: no other version of it, and no other row, lies there as long as nothing is kept."""
    universe: str
    """As in :class:`~.universes.SeededRow`; ``""``: it was there before, and whose it is is not known."""
    values: Mapping[str, str | None]
    """All columns as text."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a role may do with a relation, before any policy is asked."""

    whole: frozenset[str] = frozenset()
    """Commands."""
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By command: the columns that were granted one by one."""

    def __contains__(self, command: object) -> bool:
        """Whether it may use a command, on some column at least."""
        return command in self.whole or bool(self.columns.get(str(command)))

    def allows(self, command: str, column: str) -> bool:
        """Whether it may use a command on a column."""
        return command in self.whole or column in self.columns.get(command, frozenset())


@dataclass(frozen=True)
class Ground:
    """The rows and privileges of one state of a database; nothing in it changes while probes are run."""

    catalog: Catalog
    tenancy: Tenancy
    universes: Universes
    rows: Mapping[str, tuple[Placed, ...]]
    """By ``schema.name``."""
    granted: Mapping[tuple[str, str], Granted]
    """By role and relation."""
    bases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By view: the relations that it reads."""
    given_away: frozenset[tuple[str, str, str]] = frozenset()
    """Roles that are granted TRUNCATE on every new table of an owner in a schema (empty: in all): the platform does
    it, and its API cannot be asked for it."""

    @classmethod
    def read(
        cls,
        connection: Connection,
        catalog: Catalog,
        tenancy: Tenancy,
        universes: Universes,
        roles: Iterable[str],
    ) -> Ground:
        """Look at everything above all policies; the connection sees all rows."""
        # Rows of the environment's own tables are not probed, but others refer to them.
        filled = (each for each in catalog.whole.tables if each.qualified_name in universes.rows)
        tables = [each for each in {*targets(catalog, universes), *filled} if each.kind != "foreign table"]
        tables.sort(key=lambda table: table.qualified_name)
        rows = {
            each.qualified_name: _placed(connection, each, universes, whole_of(catalog, each.qualified_name))
            for each in tables
        }
        relations = [each.qualified_name for each in targets(catalog, universes)]
        relations += [each.qualified_name for each in catalog.views]
        found = connection.execute(_PRIVILEGES, [list(roles), relations]).fetchall()
        granted = {}
        for role, relation, whole, by_column in found:
            columns: dict[str, set[str]] = defaultdict(set)
            for each in by_column:
                command, _, column = each.partition(" ")
                columns[command].add(column)
            granted[role, relation] = Granted(
                frozenset(whole), {command: frozenset(names) for command, names in columns.items()}
            )
        bases = {view: tuple(reads) for view, reads in connection.execute(_BASES).fetchall()}
        given_away = frozenset(
            (role, owner, schema) for role, owner, schema in connection.execute(_GIVEN_AWAY).fetchall()
        )
        return cls(catalog, tenancy, universes, rows, granted, bases, given_away)

    def may(self, role: str, relation: str) -> Granted:
        """What a role may do with a relation."""
        return self.granted.get((role, relation), Granted())

    @cached_property
    def owned(self) -> Mapping[str, Owned]:
        """What policies say of rows that belong to one person, by table."""
        return owned(self.catalog, self.tenancy.person_setting)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that are probed."""
        return targets(self.catalog, self.universes)

    @cached_property
    def by_place(self) -> Mapping[str, Placed]:
        """All rows by where they lie."""
        return {row.at: row for rows in self.rows.values() for row in rows}

    # Whose rows.

    @cached_property
    def _sides(self) -> Mapping[str, frozenset[str]]:
        sides = {f"own of {each.label}": _side(each.universe) for each in self.universes.actors}
        return {**sides, "": frozenset(), SHARED: frozenset()}

    @cached_property
    def _homes(self) -> dict[frozenset[str], frozenset[str]]:
        """The tenants by the universes that an identity is of, as they are asked for."""
        return {}

    def sides(self, universe: str) -> frozenset[str]:
        """The tenants that a universe is part of: none for rows that belong to nobody."""
        return self._sides.get(universe, _side(universe))

    def home(self, identity: Identity) -> frozenset[str]:
        """The tenants that an identity belongs to."""
        if identity.home not in self._homes:
            # A member of one tenant sees who is a member of both, which makes it no member of the other.
            sides = (self.sides(each) for each in identity.home if each != BOTH)
            self._homes[identity.home] = frozenset[str]().union(*sides)
        return self._homes[identity.home]

    def foreign(self, identity: Identity, row: Placed) -> bool:
        """Whether a row belongs to others."""
        sides = self.sides(row.universe)
        return bool(sides) and sides.isdisjoint(self.home(identity))

    def own(self, identity: Identity, row: Placed) -> bool:
        """Whether a row belongs to the identity or its tenant."""
        return not self.sides(row.universe).isdisjoint(self.home(identity))

    def foreign_rows(self, identity: Identity, table: str) -> list[Placed]:
        """Rows of a table that belong to others, those of the two tenants first."""
        found = [row for row in self.rows.get(table, ()) if self.foreign(identity, row)]
        return sorted(found, key=lambda row: row.universe not in (A, B))

    def own_rows(self, identity: Identity, table: str) -> list[Placed]:
        """Rows of a table that belong to the identity or its tenant, its very own first."""
        found = [row for row in self.rows.get(table, ()) if self.own(identity, row)]
        return sorted(found, key=lambda row: identity.sub not in row.values.values())

    # What a row's belonging hangs on.

    def owner_columns(self, table: str) -> tuple[str, ...]:
        """The columns that say whose a row is; none where nothing does."""
        tenancy, table = self.tenancy, whole_of(self.catalog, table)
        if table == tenancy.root:
            return tenancy.root_key
        if table in tenancy.tenant_columns:
            return (tenancy.tenant_columns[table],)
        for paths in (tenancy.scoped, tenancy.personal):
            if paths.get(table):
                return paths[table][0].columns
        return tenancy.people.columns_of(table) if tenancy.people else ()

    def belongs(self, table: str) -> bool:
        """Whether the rows of a table belong to somebody."""
        return bool(self.owner_columns(table))

    def owners(self, table: str) -> Mapping[tuple[str | None, ...], str]:
        """The universe by what stands in the columns that say whose a row is."""
        return self._owners[table]

    @cached_property
    def _owners(self) -> Mapping[str, Mapping[tuple[str | None, ...], str]]:
        found: dict[str, dict[tuple[str | None, ...], str]] = {}
        for table, rows in self.rows.items():
            columns = self.owner_columns(table)
            known = found.setdefault(table, {})
            for row in rows if columns else ():
                known.setdefault(tuple(row.values[column] for column in columns), row.universe)
        return found

    @cached_property
    def people(self) -> frozenset[str]:
        """The keys of all people that were made, as text."""
        return frozenset(each.sub for each in self.universes.actors)

    @cached_property
    def about(self) -> Mapping[str, frozenset[str]]:
        """By the place of a row: the people whom it names, or whom rows name that it refers to."""
        found = {
            at: frozenset(value for value in row.values.values() if value in self.people)
            for at, row in self.by_place.items()
        }
        above = {row.at: tuple(self._parents(row)) for row in self.by_place.values()}
        for _ in range(_STEPS):
            found = {at: people.union(*(found[parent] for parent in above[at])) for at, people in found.items()}
        return found

    def _parents(self, row: Placed) -> Iterator[str]:
        """Where the rows lie that a row refers to; that of the tenant is none."""
        table = self.catalog.whole.tables_by_name[row.table]
        keys = [(key.columns, key.references or "", key.referenced_columns) for key in table.foreign_keys]
        links = (each for each in self.tenancy.links if each.table == row.table)
        keys += [(each.columns, each.references, each.referenced_columns) for each in links]
        for columns, other, referenced in keys:
            wanted = [row.values.get(name) for name in columns]
            if other != self.tenancy.root and None not in wanted:
                for parent in self.rows.get(other, ()):
                    if [parent.values.get(name) for name in referenced] == wanted and parent.at in self.by_place:
                        yield parent.at

    @cached_property
    def policy_words(self) -> frozenset[str]:
        """The words of all policies, names of columns among them."""
        policies = (policy for table in self.catalog.whole.tables for policy in table.policies)
        texts = (text for policy in policies for text in (policy.using, policy.check) if text)
        return frozenset(word for text in texts for word in re.findall(r"\w+", text))

    def person_columns(self, table: Table) -> tuple[str, ...]:
        """The columns of a table that name a person, by what stands in them."""
        rows = self.rows.get(table.qualified_name, ())
        return tuple(
            column.name
            for column in table.columns
            if any(row.values[column.name] in self.people for row in rows if row.values[column.name] is not None)
        )

    def markers(self, identity: Identity) -> Mapping[str, frozenset[str]]:
        """Words that only stand in rows of one tenant, by tenant, without the identity's own.

        Whoever is shown one has seen rows of that tenant. What stands in tables that are meant to be read is none.
        """
        anonymous = identity.kind == "anon"
        home = self.home(identity)
        found = self._open_markers if anonymous else self._markers
        return {side: words for side, words in found.items() if side not in home}

    @cached_property
    def _open_markers(self) -> Mapping[str, frozenset[str]]:
        return self._words(self.tenancy.public_read)

    @cached_property
    def _markers(self) -> Mapping[str, frozenset[str]]:
        return self._words(self.tenancy.public_read | self.tenancy.cross_tenant)

    def _words(self, meant: frozenset[str]) -> Mapping[str, frozenset[str]]:
        canaries = tuple(self.universes.canaries.values())
        seen: dict[str, set[str]] = defaultdict(set)
        for row in self.by_place.values():
            sides = frozenset() if row.table in meant else self.sides(row.universe)
            side = next(iter(sides)) if len(sides) == 1 else ""
            for value in filter(None, row.values.values()):
                if _UNMISTAKABLE.fullmatch(value) or any(canary in value for canary in canaries):
                    seen[value].add(side)
        found: dict[str, set[str]] = defaultdict(set)
        for value, where in seen.items():
            if len(where) == 1 and (side := next(iter(where))):
                found[side].add(value)
        return {side: frozenset(values) for side, values in found.items()}


def whole_of(catalog: Catalog, table: str) -> str:
    """The table that a partition is part of, however far above; any other table itself."""
    known = catalog.whole.table(table)
    return whole_of(catalog, known.partition_of) if known is not None and known.partition_of else table


def targets(catalog: Catalog, universes: Universes) -> tuple[Table, ...]:
    """The chain's own tables, and those of the environment that it has written policies for."""
    own = set(catalog.tables_by_name)
    theirs = (
        each
        for each in catalog.whole.tables
        if each.qualified_name not in own and each.policies and each.qualified_name in universes.rows
    )
    return (*catalog.tables, *theirs)


def _side(universe: str) -> frozenset[str]:
    return frozenset((A, B)) if universe == BOTH else frozenset((universe,))


def _placed(connection: Connection, table: Table, universes: Universes, filled: str) -> tuple[Placed, ...]:
    """The rows of a table.

    :param filled: the table that it is part of, or its own name
    """
    columns = [column.name for column in table.columns]
    listed = ", ".join(f"{quote(column)}::text" for column in columns)
    # What a partition holds is found by way of its table too: the place is the same.
    query = f"SELECT {place()}, ARRAY[{listed}]::text[] FROM {named(table.qualified_name)}"
    known = Known(universes, filled)
    return tuple(
        Placed(table.qualified_name, at, known.universe(found := dict(zip(columns, values, strict=True))), found)
        for at, values in connection.execute(query.encode()).fetchall()
    )


def place() -> str:
    """The expression that says where a row lies."""
    return "tableoid::int8 || ':' || ctid"


def writable(column: Column) -> bool:
    """Whether a statement may give a column a value."""
    return not column.generated and column.identity != "always"
