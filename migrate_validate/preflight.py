"""Asks a real database for the rows that stand in the way of its next migrations; reads it, and changes nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from tabulate import tabulate

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain, Migration
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Expectations, Settings
from migrate_validate.data.breaking import breaking_rows
from migrate_validate.data.pending import Question, Unasked, questions
from migrate_validate.errors import ConfigError, ServerError
from migrate_validate.findings import Finding, Unproven
from migrate_validate.rules import Registry
from migrate_validate.settings import load_project, load_settings
from migrate_validate.syntax import quote

STATEMENT_TIMEOUT, LOCK_TIMEOUT = 30.0, 1.0
"""Seconds: what one query may take, and how long it waits for a lock."""
ROWS = 5
"""Rows that are shown of those that stand in the way."""
APPLICATION = "migrate-validate preflight"
RULES: Mapping[str, tuple[str, Sequence[str] | None]] = {
    "orphaned-rows": ("every row that a foreign key names is there", None),
    "counter-mismatch": ("every declared counter is right", None),
    "duplicate-rows": ("no rows share what is declared to be unique", ("rows",)),
}
"""Rules that ask the rows of a database: what holds where they find nothing, and what of their evidence is no value of
a row but a key or a number; None: all of it."""
_HISTORIES = ("schema_migrations", "migrations", "_migrations")
_VERSIONS = ("version", "filename", "file", "name")
_TOO_SLOW, _LOCKED, _WRONG_VALUE = "57014", "55P03", "22"

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the database says of one thing."""

    what: str
    place: str
    """Where it comes from."""
    count: int | None = 0
    """Rows that stand in the way; None: it was not checked, or a row broke the query."""
    rows: tuple[Mapping[str, Any], ...] = ()
    lines: int | None = None
    """Of how many ``rows`` are the first; None: of ``count``."""
    why: str = ""
    """Why it was not checked."""
    broken: bool = False
    trouble: bool = False
    """Whether it should have been checked."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """All answers."""

    text: str
    """For people."""
    status: int
    """0: nothing stands in the way; 1: rows do; 2: none were found, but not everything could be checked."""


def preflight(
    dsn: str,
    directory: Path,
    path: str | None = None,
    *,
    applied: str | None = None,
    statement_timeout: float = STATEMENT_TIMEOUT,
    rows: bool = True,
) -> Preflight:
    """Show the rows of a real database that stand in the way of migrations; reads it in READ ONLY transactions.

    Asked are what the migrations that it lacks take for granted, by comments and in the configuration, what their
    statements demand of the rows (NOT NULL, unique, CHECK, foreign keys, exclusions, casts, domains, partitions), and
    the rules over declared expectations and foreign keys. Every query is a transaction of its own, with a time limit,
    and takes no lock beyond ACCESS SHARE.

    :param dsn: a connection string; empty: libpq's environment variables
    :param directory: what ``path`` is relative to
    :param path: the chain; None: the one that is configured
    :param applied: version or file of the last migration that the database has; ``none``; None: it is asked
    :param statement_timeout: seconds that one query may take
    :param rows: whether values of rows are shown; their keys are in any case
    :raises MigrateValidateError: when the chain cannot be read, or the database not be reached
    """
    settings, chain = _chain(path, directory)
    try:
        conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # libpq quotes what it cannot read, which may be the password.
        raise ConfigError(
            "the connection string is none of PostgreSQL",
            remedy="write it as postgresql://user@host:5432/database or as 'host=... dbname=...'",
        ) from None
    try:
        with _connected(dsn) as connection:
            asking = _Asking(connection, statement_timeout, rows)
            with asking.reading():
                catalog = Catalog.read(connection)
            pending, told = _pending(asking, chain, catalog, applied)
            answers = [asking.answer(each, catalog) for each in questions(pending, settings.assume, catalog)]
            answers += asking.rules(catalog, settings.expect)
            about = f"{connection.info.dbname} (PostgreSQL {connection.info.parameter_status('server_version')})"
    except psycopg.Error as error:
        message = (error.diag.message_primary or str(error)).strip()
        if error.sqlstate == _LOCKED:
            message = f"a table is locked by another session, for longer than {LOCK_TIMEOUT:g} s: {message}"
        secret = str(conninfo_to_dict(dsn).get("password") or "")
        raise ServerError(
            "the database cannot be asked: " + (message.replace(secret, "***") if secret else message),
            looked=["the connection string" if dsn else "libpq's environment variables: PGHOST, PGDATABASE, ..."],
            remedy="name a database that this machine can reach, and a role that may read it",
        ) from None
    return Preflight(_text(f"{chain.given} against {about}: {told}", answers), _status(answers))


def _chain(path: str | None, directory: Path) -> tuple[Settings, Chain]:
    named = path
    if named is None:
        configured = load_project(directory).migrations
        if len(configured) != 1:
            raise ConfigError(
                "no chain of migrations is named" if not configured else "several chains of migrations are configured",
                looked=[f"{directory / 'pyproject.toml'} [tool.migrate_validate] migrations"],
                remedy="name it: migrate-validate preflight DSN PATH",
            )
        named = configured[0]
    settings = load_settings((directory / named).absolute(), directory)
    return settings, read_chain(named, settings, rootdir=directory)


@contextlib.contextmanager
def _connected(dsn: str) -> Iterator[Connection]:
    with psycopg.connect(dsn, connect_timeout=10, autocommit=True, application_name=APPLICATION) as connection:
        connection.read_only = True
        yield connection


@dataclass(frozen=True, slots=True)
class _Asking:
    """A connection, and how it may be used."""

    connection: Connection
    statement_timeout: float
    shows_rows: bool

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction that only reads, and waits for nobody; the session, which a pool may share, stays as it is."""
        with self.connection.transaction(force_rollback=True):
            self.connection.execute(
                f"SET LOCAL statement_timeout = {round(self.statement_timeout * 1000)}; "
                f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT * 1000)}; SET LOCAL default_transaction_read_only = on; "
                "SET LOCAL idle_in_transaction_session_timeout = '60s'".encode()
            )
            yield

    def answer(self, question: Question | Unasked, catalog: Catalog) -> Answer:
        """What the database says."""
        if isinstance(question, Unasked):
            return Answer(question.what, question.place, None, why=question.why, trouble=question.trouble)
        what = f"{question.assumption.sentence}{'' if question.stated else ', which the statement demands'}"
        try:
            with self.reading():
                found = breaking_rows(self.connection, question.assumption, catalog, limit=ROWS)
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            wrong_value = (error.sqlstate or "").startswith(_WRONG_VALUE)
            return Answer(what, question.place, None, why=self._why(error), broken=wrong_value, trouble=not wrong_value)
        rows = found.rows
        if not self.shows_rows:
            rows = tuple({name: row[name] for name in found.keys} for row in found.rows if found.keys)
        return Answer(what, question.place, found.count, rows, broken=found.count > 0)

    def rules(self, catalog: Catalog, expectations: Expectations) -> Iterator[Answer]:
        """What the rules say that ask the rows of a database."""
        registry = Registry.load()
        supplied: dict[type, object] = {
            psycopg.Connection: self.connection,
            Catalog: catalog,
            Expectations: expectations,
        }
        for name, (holds, harmless) in RULES.items():
            rule = registry[name]
            arguments = {each: supplied[kind] for each, kind in rule.parameters.items() if kind in supplied}
            with self.reading():
                results = list(rule.function(**arguments))
            for result in results:
                if isinstance(result, Finding):
                    yield self._found(result, harmless)
                elif isinstance(result, Unproven):
                    yield Answer(f"{name} of {result.object}", name, None, why=result.reason, trouble=True)
            if not results:
                yield Answer(holds, name)

    def _found(self, finding: Finding, harmless: Sequence[str] | None) -> Answer:
        sample: list[Mapping[str, Any]] = list(finding.evidence.get("sample", ()))
        if not self.shows_rows and harmless is not None:
            sample = [{name: row[name] for name in harmless} for row in sample]
        evidence = finding.evidence
        return Answer(
            finding.message,
            finding.rule,
            evidence.get("rows"),
            tuple(sample),
            lines=evidence.get("values"),  # several rows share one
            broken=True,
        )

    def _why(self, error: psycopg.Error) -> str:
        if error.sqlstate == _TOO_SLOW:
            return f"it takes longer than {self.statement_timeout:g} s (--statement-timeout)"
        if error.sqlstate == _LOCKED:
            return f"another session has locked the table, for longer than {LOCK_TIMEOUT:g} s"
        message = error.diag.message_primary or str(error).strip()
        # The message of a value that something does not take quotes the value.
        shown = self.shows_rows or not (error.sqlstate or "").startswith(_WRONG_VALUE)
        return f"{message if shown else 'a value is not taken'} (SQLSTATE {error.sqlstate})"

    def versions(self, table: str, column: str) -> set[str]:
        """What a table of applied migrations names."""
        with self.reading():
            rows = self.connection.execute(f"SELECT {quote(column)}::text FROM {table}".encode()).fetchall()
        return {str(row[0]) for row in rows}


def _pending(asking: _Asking, chain: Chain, catalog: Catalog, applied: str | None) -> tuple[tuple[Migration, ...], str]:
    """The migrations that the database lacks, and how that is known."""
    migrations = chain.migrations
    if applied is not None:
        return _after(chain, applied)
    looked = []
    histories = [table for table in catalog.tables if table.name in _HISTORIES]
    for table in sorted(histories, key=lambda each: (_HISTORIES.index(each.name), each.schema == "public")):
        column = next((name for name in _VERSIONS if table.column(name)), None)
        if column is None:
            continue
        name = f"{quote(table.schema)}.{quote(table.name)}"
        known = asking.versions(name, column)
        looked.append(name)
        there = [each for each in migrations if _names(each) & known]
        if there and table.column("dirty"):  # one row, the last version
            there = list(migrations[: migrations.index(there[-1]) + 1])
        if there:
            pending = tuple(each for each in migrations if each not in there)
            return pending, f"{_listed(pending)} ({name} has the others)"
    said = f"{' and '.join(looked)} names none of the files" if looked else "no table says what was applied"
    return migrations, f"all {len(migrations)} migrations are taken for pending, for {said} (--applied=VERSION)"


def _after(chain: Chain, applied: str) -> tuple[tuple[Migration, ...], str]:
    if applied == "none":
        return chain.migrations, _listed(chain.migrations)
    for number, each in enumerate(chain.migrations, 1):
        if applied in _names(each):
            pending = chain.migrations[number:]
            return pending, _listed(pending)
    known = [each.version for each in chain.migrations]
    near = get_close_matches(applied, [name for each in chain.migrations for name in _names(each)], n=1)
    raise ConfigError(
        f"--applied={applied}: there is no such migration",
        looked=[str(chain.root)],
        remedy=f"did you mean {near[0]}?" if near else f"name one of {', '.join(known)}, or none",
    )


def _names(migration: Migration) -> set[str]:
    stem = PurePosixPath(migration.file).name.removesuffix(".sql")
    digits = {migration.version.lstrip("0")} if migration.version.isdigit() else set()
    return {migration.version, migration.file, stem, f"{stem}.sql"} | digits


def _listed(pending: Sequence[Migration]) -> str:
    if not pending:
        return "no migration is pending"
    files = ", ".join(each.file for each in pending[:3]) + (", ..." if len(pending) > 3 else "")
    return f"{len(pending)} pending: {files}"


def _status(answers: Sequence[Answer]) -> int:
    if any(each.broken for each in answers):
        return 1
    return 2 if any(each.trouble for each in answers) else 0


def _text(title: str, answers: Sequence[Answer]) -> str:
    parts = [title]
    for each in answers:
        if each.broken:
            number = "rows" if each.count is None else "1 row" if each.count == 1 else f"{each.count} rows"
            stands = "stands" if each.count == 1 else "stand"
            parts.append(
                f"\n{number} {stands} in the way of {each.place}: {each.what}{f': {each.why}' if each.why else ''}"
            )
            if each.rows:
                parts.append(_table(each.rows))
                hidden = (each.count or 0 if each.lines is None else each.lines) - len(each.rows)
                parts += [f"... and {hidden} more"] if hidden > 0 else []
    holding = [each for each in answers if not each.broken and each.count is not None]
    unchecked = [each for each in answers if not each.broken and each.count is None]
    if holding:
        parts += ["\nholds:", tabulate([(each.place, each.what) for each in holding], tablefmt="plain")]
    for label, trouble in (("not checked", True), ("cannot be told yet", False)):
        lines = [(each.place, each.what, each.why) for each in unchecked if each.trouble is trouble]
        if lines:
            parts += [f"\n{label}:", tabulate(lines, tablefmt="plain")]
    broken = len(answers) - len(holding) - len(unchecked)
    missed = sum(each.trouble for each in unchecked)
    parts.append(f"\n{len(holding)} hold, {broken} {'does' if broken == 1 else 'do'} not, {missed} not checked")
    return "\n".join(parts)


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    shown = [{name: _cell(value) for name, value in row.items()} for row in rows]
    return tabulate(shown, headers="keys", tablefmt="simple", disable_numparse=True)


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
