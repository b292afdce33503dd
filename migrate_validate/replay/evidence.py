"""Measured while a script is applied: locks, rewrites, scans, rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

import psycopg

from migrate_validate.replay.timeline import ChangedTable, LockedRelation, Touched
from migrate_validate.syntax import quote

FIRST_COLUMN = b"migrate_validate_observed"
"""Of ``observed.sql`` and ``closing.sql``: no statement of a script returns it."""
OBSERVED_COLUMNS = 5
"""How many columns of both say what the last statement did; those of ``closing.sql`` go on with the transaction."""

_QUERIES = files("migrate_validate.replay").joinpath("queries")
OBSERVED = _QUERIES.joinpath("observed.sql").read_text(encoding="utf-8").encode()
CLOSING = _QUERIES.joinpath("closing.sql").read_text(encoding="utf-8").encode()

NEWEST = b"""
    select greatest((select max(oid) from pg_class),
                    (select max(relfilenode) from pg_class where reltablespace = 0))::bigint,
           (select coalesce(hashtext(string_agg(s.ctid::text || s.xmin::text, ',')), 0)
            from pg_db_role_setting s
            where s.setdatabase = 0
               or s.setdatabase = (select oid from pg_database where datname = current_database()))
"""
"""The greatest number given to a relation so far: what comes later is greater; and what changes with the settings that
new sessions begin with."""

CLOCK = b"select extract(epoch from pg_catalog.clock_timestamp())::float8"
"""What the server's time is, in seconds."""
FLUSH = CLOCK + b", pg_catalog.pg_stat_force_next_flush()"
"""The same outside of a transaction, and the counters of this session begin anew."""
FLUSH_SINCE = 150000
"""The version of the server that can be asked for it."""
COUNTED = b"""
    select oid::bigint, pg_stat_get_xact_numscans(oid), pg_stat_get_xact_tuples_returned(oid),
           pg_stat_get_xact_tuples_inserted(oid), pg_stat_get_xact_tuples_updated(oid),
           pg_stat_get_xact_tuples_deleted(oid)
    from pg_catalog.pg_class
    where oid >= 16384
      and relkind in ('r', 'm', 'i')
      and (pg_stat_get_xact_numscans(oid) > 0
           or pg_stat_get_xact_tuples_inserted(oid) > 0
           or pg_stat_get_xact_tuples_updated(oid) > 0
           or pg_stat_get_xact_tuples_deleted(oid) > 0)
"""
_NOTHING_COUNTED = (0, 0, 0, 0, 0)

RELATIONS = b"""
    select c.oid::bigint, n.nspname || '.' || c.relname, c.relkind::text, c.relfilenode::bigint,
           (select i.indrelid::bigint from pg_catalog.pg_index i where i.indexrelid = c.oid)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid >= 16384
      and c.relkind in ('r', 'p', 'm', 'f', 'v', 'i')
      and c.relnamespace <> 99 -- pg_toast
"""
"""Columns of ``Relation`` for all that there are."""

_KINDS = {
    "r": "table",
    "p": "partitioned table",
    "m": "materialized view",
    "f": "foreign table",
    "v": "view",
    "i": "index",
}
_TABLES = "rpmf"
_AGAINST_OTHERS = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
_NOT_EMPTY = """
    select c.oid::bigint, n.nspname, c.relname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and c.relpersistence <> 't'
      and c.oid >= 16384
      and n.nspname <> 'information_schema'
      and has_schema_privilege(n.oid, 'usage')
      and has_table_privilege(c.oid, 'select')
      and pg_relation_size(c.oid) > 0
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation as it is outside of the script's transactions."""

    oid: int
    name: str
    """``schema.name``."""
    kind: str
    """One letter, as in ``pg_class``."""
    file: int
    """The number of its file."""
    table: int | None
    """The object identifier of the table that it is an index of."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a transaction has done up to now, to relations that existed before its script. Times in seconds."""

    asked: float
    """When this was asked for: the statement before had ended."""
    began: float
    """When the transaction began."""
    lock_timeout: str
    relations: tuple[tuple[Any, ...], ...]
    answered: float

    @classmethod
    def of(cls, asked: Any, began: Any, lock_timeout: Any, relations: Any, answered: Any) -> Observation:
        """Read one row of ``observed.sql``, in text format or not."""
        if isinstance(relations, bytes):
            relations = json.loads(relations)
        timeout = lock_timeout.decode() if isinstance(lock_timeout, bytes) else lock_timeout
        return cls(float(asked), float(began), timeout, tuple(map(tuple, relations or ())), float(answered))


@dataclass(frozen=True, slots=True)
class Closing:
    """What a transaction leaves when it commits."""

    changed: Mapping[int, ChangedTable]
    """Tables that it may have written, dropped, renamed or emptied, by object identifier."""
    deferred: bool
    """Its COMMIT may change others."""
    event_triggers: bool
    renamed_schemas: bool
    """It may have given schemas other names."""
    changed_defaults: bool
    """It may have changed the settings that new sessions begin with."""
    newest: int
    """The greatest number that it has given to a relation; 0: it has given none."""
    asked: float
    """When it was made, in seconds: COMMIT comes next."""

    @classmethod
    def of(
        cls,
        changed: Any,
        deferred: Any,
        event_triggers: Any,
        renamed_schemas: Any,
        changed_defaults: Any,
        newest: Any,
        asked: Any,
    ) -> Closing:
        """Read what one row of ``closing.sql`` says of the transaction, in text format or not."""
        if isinstance(changed, bytes):
            changed = json.loads(changed)
        true = (True, b"t")
        return cls(
            changed={oid: ChangedTable(schema, name, written) for oid, schema, name, written in changed or ()},
            deferred=deferred in true,
            event_triggers=event_triggers in true,
            renamed_schemas=renamed_schemas in true,
            changed_defaults=changed_defaults in true,
            newest=int(newest or 0),
            asked=float(asked),
        )


@dataclass(slots=True)
class _Known:
    """One relation, as it was seen last."""

    name: str
    """Before the script, where that is known."""
    called: str
    """Now; empty when it is gone."""
    kind: str
    modes: set[str]
    counted: tuple[int, ...]
    file: int


class Observer:
    """Makes of the observations of one script what each statement did."""

    def __init__(
        self,
        newest: int,
        counted: Mapping[int, tuple[int, ...]] | None = None,
        before: Mapping[int, Relation] | None = None,
    ) -> None:
        """Begin before the first statement.

        :param newest: the greatest number of a relation before the script
        :param counted: what the counters stand at, by relation; 0 where not named
        :param before: the relations before the script, where it may drop or rename some
        """
        self.newest = newest
        self._counted = counted or {}
        self._before = before or {}
        self._known: dict[int, _Known] = {}
        self._locked: dict[tuple[int, str], LockedRelation] = {}

    @property
    def locked(self) -> tuple[LockedRelation, ...]:
        """What was locked against readers or writers, at any time."""
        return tuple(sorted(self._locked.values(), key=lambda lock: (lock.relation, lock.mode)))

    def touched(self, observation: Observation) -> tuple[Touched, ...]:
        """What the last statement did."""
        done = [self._compare(relation) for relation in observation.relations]
        return tuple(sorted((each for each in done if each is not None), key=lambda each: each.relation))

    def forget(self, counted: Mapping[int, tuple[int, ...]]) -> None:
        """The transaction has ended: its locks are gone.

        :param counted: what the counters stand at now, by relation; 0 where not named
        """
        self._counted = counted
        for oid, known in self._known.items():
            known.modes, known.counted = set(), counted.get(oid, _NOTHING_COUNTED)

    def written_outside(self, before: Mapping[int, Relation], after: Mapping[int, Relation]) -> tuple[Touched, ...]:
        """What a statement did that ran alone, and writes tables or indexes anew, under the locks that are documented.

        :param before: all relations before it
        :param after: all relations after it
        """
        anew = {
            oid: each
            for oid, each in after.items()
            if oid <= self.newest and oid in before and each.file != before[oid].file
        }
        owners = {each.table for each in anew.values()} - anew.keys()
        done = []
        for oid, relation in after.items():
            if oid not in anew and oid not in owners:
                continue
            known = self._know(oid, relation.name, relation.kind, relation.file)
            known.file = relation.file
            lock = "AccessExclusiveLock" if oid in anew else "ShareLock"  # Of a table whose index is built.
            self._lock(oid, known, (lock,), rewritten=oid in anew)
            done.append(Touched(known.name, _KINDS[known.kind], (lock,), rewritten=oid in anew, scans=1))
        return tuple(sorted(done, key=lambda each: each.relation))

    def _compare(self, relation: Sequence[Any]) -> Touched | None:
        oid, schema, name, kind, file, modes, *counters = relation
        first, dropped = oid not in self._known, kind is None
        if dropped and first and oid not in self._before:
            return None  # A sequence, a type, ...
        now = f"{schema}.{name}" if not dropped else ""
        known = self._know(oid, now, kind, file)
        called, known.called = known.called, now
        taken = sorted(set(modes) - known.modes)
        counted = tuple(max(now - before, 0) for now, before in zip(counters, known.counted, strict=True))
        # A file number above the counter at the start is new; after that, any other number is.
        rewritten = not dropped and (file > self.newest if first else file not in (0, known.file))
        self._lock(oid, known, modes, rewritten=rewritten)
        known.modes |= set(modes)
        known.counted = tuple(counters)
        known.file = file or known.file
        if not (taken or rewritten or any(counted)):
            return None
        names = tuple(dict.fromkeys(each for each in (called, now) if each))
        done = Touched(known.name, _KINDS[known.kind], tuple(taken), rewritten, *counted)
        same = not dropped and names == (known.name,)
        return done if same else replace(done, names=names, dropped=dropped)

    def _know(self, oid: int, name: str, kind: str | None, file: int | None) -> _Known:
        """One relation, by what it was before the script where that is known."""
        if oid not in self._known:
            before = self._before.get(oid)
            name, kind = (before.name, before.kind) if before is not None else (name, kind)
            assert kind is not None
            self._known[oid] = _Known(name, name, kind, set(), self._counted.get(oid, _NOTHING_COUNTED), file or 0)
        return self._known[oid]

    def _lock(self, oid: int, known: _Known, modes: Sequence[str], *, rewritten: bool) -> None:
        for mode in set(modes) & set(_AGAINST_OTHERS) if known.kind in _TABLES else ():
            before = self._locked.get((oid, mode))
            again = rewritten or (before is not None and before.rewritten)
            self._locked[oid, mode] = LockedRelation(known.name, mode, again)


@dataclass(frozen=True, slots=True)
class TableRows:
    """How many rows the tables hold that are not empty."""

    tables: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    """Name and number by the table's object identifier, which outlives renaming."""

    @property
    def by_name(self) -> dict[str, int]:
        """By ``schema.name``."""
        return dict(sorted(self.tables.values()))


def table_rows(
    connection: psycopg.Connection[Any], before: TableRows, changed: Mapping[int, ChangedTable] | None
) -> TableRows:
    """The rows of every table; only what may have changed is counted.

    :param before: the rows before the last script
    :param changed: the tables that it may have changed; None: any
    """
    if changed is None:
        return TableRows(_counted(connection, connection.execute(_NOT_EMPTY).fetchall()))
    # What was only locked and had no rows before has none now.
    stale = {oid: table for oid, table in changed.items() if table.written or oid in before.tables}
    if not stale:
        return before
    there = [(oid, table.schema, table.name) for oid, table in stale.items() if table.schema and table.name]
    try:
        counted = _counted(connection, there)
    except psycopg.errors.InsufficientPrivilege:
        return table_rows(connection, before, None)
    return TableRows({oid: table for oid, table in before.tables.items() if oid not in stale} | counted)


def _counted(connection: psycopg.Connection[Any], tables: Sequence[tuple[int, str, str]]) -> dict[int, tuple[str, int]]:
    if not tables:
        return {}
    query = " union all ".join(
        f"select {oid}::bigint, count(*) from only {quote(schema)}.{quote(name)}" for oid, schema, name in tables
    )
    # The scans of this count are ours, not those of the next script.
    flush = b";" + FLUSH if connection.info.server_version >= FLUSH_SINCE else b""
    counts = dict(connection.execute(query.encode() + flush).fetchall())
    return {oid: (f"{schema}.{name}", counts[oid]) for oid, schema, name in tables if counts[oid]}
