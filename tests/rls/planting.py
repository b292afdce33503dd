"""Correct schemas, and faults that are planted into them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.watching import CatalogReader
from migrate_validate.chain.model import Chain
from migrate_validate.config import Expectations, Settings
from migrate_validate.findings import Finding, Severity
from migrate_validate.postgres import Database, Server
from migrate_validate.postgres.environments import SUPABASE, prepare, settle
from migrate_validate.replay.timeline import Timeline
from migrate_validate.rules import Registry

_PACKAGE = "migrate_validate.checks._rls_isolation"
_proving: Any = import_module(f"{_PACKAGE}.proving")

HERE = Path(__file__).parent
BASES = HERE / "bases"
FAULTS = HERE / "faults"
NAMES = tuple(sorted(path.stem for path in BASES.glob("*.sql")))
APPLICATION = "ticket_app"
"""The role of the schema that is not on Supabase."""
_FOUND = re.compile(r"^-- (found|warned): (\S+) ?(\S*)$", re.MULTILINE)

_KINDS = ("found", "warned")
_PROMOTED = "ALTER ROLE postgres SUPERUSER; SET LOCAL ROLE postgres; SET LOCAL search_path = public, extensions"
_DEMOTED = "RESET ROLE; ALTER ROLE postgres NOSUPERUSER"
"""Around a script that is run as migrations are."""

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """A few statements that open a correct schema."""

    name: str
    base: str
    found: frozenset[tuple[str, str]]
    """The errors that it has to lead to: rules and objects. Rules of the schema alone may warn as well."""
    warned: frozenset[tuple[str, str]]
    """The warnings."""
    text: str


def faults() -> list[Fault]:
    """All that are planted."""
    found = []
    for path in sorted(FAULTS.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        base = re.match(r"-- schema: (\w+)\n", text)
        assert base is not None, f"{path.name} does not say which schema it belongs to"
        said = {kind: frozenset(each[1:] for each in _FOUND.findall(text) if each[0] == kind) for kind in _KINDS}
        found.append(Fault(path.stem, base[1], said["found"], said["warned"], text))
    return found


class Bases:
    """Each correct schema in a database of its own."""

    def __init__(self, server: Server) -> None:
        """On a server; nothing is made until it is asked for."""
        self.server = server
        self._made: dict[str, Database] = {}
        self._readers: dict[str, CatalogReader] = {}
        with server.create_database("bases") as database, database.connect() as connection:
            self._own_role = not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone()
            if self._own_role:
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(APPLICATION)))

    def close(self) -> None:
        """Remove all that was made."""
        for database in self._made.values():
            database.drop()
        if self._own_role:
            with self.server.create_database("bases") as database, database.connect() as connection:
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(APPLICATION)))

    def on_supabase(self, name: str) -> bool:
        """Whether a schema is one for Supabase."""
        return name != "app_setting"

    def roles(self, name: str) -> tuple[str, ...]:
        """The roles that reach a schema from outside."""
        return ("anon", "authenticated") if self.on_supabase(name) else (APPLICATION,)

    @contextlib.contextmanager
    def planted(self, name: str, text: str = "") -> Iterator[tuple[Connection, Catalog]]:
        """A schema with a fault, in a transaction that is taken back, and its catalog without what others made."""
        supabase = self.on_supabase(name)
        database = self._made.get(name) or self._make(name)
        with database.connect() as connection, connection.transaction(force_rollback=True):
            if text:
                if supabase:
                    connection.execute(_PROMOTED)
                connection.execute(text.encode())
                connection.execute(_DEMOTED if supabase else "RESET ROLE")
            whole = self._readers.setdefault(name, CatalogReader()).read(connection)
            yield connection, whole.without_schemas(SUPABASE.schemas) if supabase else whole

    @contextlib.contextmanager
    def fresh(self, name: str, text: str) -> Iterator[Connection]:
        """A schema with a fault as a new session finds it, in a transaction that is taken back."""
        supabase = self.on_supabase(name)
        with self._made[name].connect() as connection, connection.transaction(force_rollback=True):
            connection.execute(_PROMOTED if supabase else "SELECT")
            connection.execute(text.encode())
            connection.execute(f"{_DEMOTED if supabase else 'RESET ROLE'}; SET LOCAL search_path TO DEFAULT")
            yield connection

    def _make(self, name: str) -> Database:
        supabase = self.on_supabase(name)
        database = self.server.create_database(name)
        self._made[name] = database
        if supabase:
            prepare(SUPABASE, database)
        self._apply(database, (BASES / f"{name}.sql").read_text(encoding="utf-8"), supabase=supabase)
        return database

    def _apply(self, database: Database, text: str, *, supabase: bool) -> None:
        """Run a script as migrations are: by a role that is a superuser until all is done."""
        if supabase:
            with database.connect() as connection:
                connection.execute("ALTER ROLE postgres SUPERUSER")
        with database.connect("postgres" if supabase else None) as connection:
            connection.execute(text.encode())
        if supabase:
            settle(SUPABASE, database)


@dataclass(frozen=True, slots=True)
class Found:
    """What is said of a schema."""

    breaches: frozenset[tuple[str, str, Severity]]
    unproven: dict[str, str]
    nothing: str
    why: tuple[str, ...]
    probes: int
    seconds: float
    told: tuple[Any, ...] = ()
    """All of it with its scripts."""

    @property
    def errors(self) -> frozenset[tuple[str, str]]:
        """Rules and objects of all errors."""
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> frozenset[tuple[str, str]]:
        """Rules and objects of all warnings."""
        return self._of(Severity.WARNING)

    def _of(self, wanted: Severity) -> frozenset[tuple[str, str]]:
        return frozenset((rule, name) for rule, name, severity in self.breaches if severity is wanted)


def proven(connection: Connection, catalog: Catalog, roles: tuple[str, ...]) -> Found:
    """Prove the isolation of a schema."""
    proof = _proving.prove(connection, catalog, Settings(api_roles=roles))
    breaches = frozenset((each.worst.rule, each.worst.object, each.worst.severity) for each in proof.told)
    unproven = {table: why for table, why in proof.unproven.items() if table or why}
    why = proof.tenancy.why if proof.tenancy else ()
    return Found(breaches, unproven, proof.nothing, why, proof.isolation.probes, proof.seconds, proof.told)


def shown_by_script(connection: Connection, told: Any) -> str:
    """What the script of a finding does in a new session: ``it happens``, or what happens instead."""
    breach = told.worst
    body = told.script.removeprefix("BEGIN;\n").removesuffix("\nROLLBACK;")
    before, role, rest = body.rpartition("SET LOCAL ROLE ")
    asking, _, statement = rest.partition("\n")
    with connection.transaction(force_rollback=True):
        connection.execute(f"{before}{role}{asking}".encode(), prepare=False)
        try:
            with connection.transaction():
                cursor = connection.execute(statement.encode(), prepare=False)
                said = repr(cursor.fetchall()) if cursor.description else ""
        except psycopg.Error as error:
            expected = breach.rule == "policy-error" and error.sqlstate == breach.outcome.sqlstate
            return "it happens" if expected else str(error)
        connection.execute("RESET ROLE")
        if breach.rule == "policy-error":
            return "no error"
        if breach.rule.endswith("-read"):
            words = [value for value in breach.rows[0].values.values() if value and len(value) > 5]
            return "it happens" if any(word in said for word in words) else f"it shows only {said}"
        if breach.tried.kind == "call" and breach.rows:
            return "it happens" if not _is_there(connection, breach.rows[0]) else "the row is what it was"
        return "it happens" if cursor.rowcount or breach.tried.command == "TRUNCATE" else "no row is touched"


def _is_there(connection: Connection, row: Any) -> bool:
    """Whether there is a row with just these values."""
    schema, _, table = row.table.partition(".")
    same = [
        sql.SQL("{}::text = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in row.values.items()
        if value is not None
    ]
    query = sql.SQL("SELECT FROM {} WHERE {}").format(sql.Identifier(schema, table), sql.SQL(" AND ").join(same))
    return connection.execute(query).fetchone() is not None


def static(name: str, connection: Connection, catalog: Catalog, roles: tuple[str, ...]) -> set[tuple[str, str]]:
    """What a rule says that looks at the schema alone: the rule and the object of each finding."""
    rule = next(each for each in Registry.load() if each.name == name)
    chain = Chain("planted", FAULTS, "sql", ())
    supplied: dict[type, object] = {
        Chain: chain,
        Expectations: Expectations(),
        Settings: Settings(api_roles=roles),
        Timeline: Timeline(chain, "plain", "PostgreSQL", api_roles=roles),
        Catalog: catalog,
        psycopg.Connection: connection,
    }
    results = rule.function(**{name: supplied[kind] for name, kind in rule.parameters.items() if kind in supplied})
    return {(rule.name, each.object or "") for each in results if isinstance(each, Finding)}
