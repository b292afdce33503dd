"""What the tables of a schema take: values are drawn once, and PostgreSQL judges them in bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.data.candidates import Candidates, Mined, Source, combined, telling, weighed
from migrate_validate.data.drawing import drawn
from migrate_validate.data.given import Given, checked
from migrate_validate.data.judging import Test, base_type, evaluate, judge, mentioned, tests
from migrate_validate.data.learned import Cells, Computed, Learned, Pool, Unique, plain_keys
from migrate_validate.data.order import FillOrder, ancestors, fill_order, nullable_key, partitions
from migrate_validate.data.trials import Trials
from migrate_validate.data.unproven import Unproven, without
from migrate_validate.data.values import DEFAULT, Default, Types, Value
from migrate_validate.errors import ConfigError, Unsupported
from migrate_validate.syntax import quote

Connection = psycopg.Connection[Any]

TUPLES = 400
"""Combinations of values that are tried of columns that constraints tie together; more where none is allowed."""
ROUNDS = 3
"""How often, with twice as many each time."""
PRESENT = 50
"""Rows of a table that are known where it is not empty."""
MET = 1000
"""Combinations of values of other rows of which it is known what CHECK constraints say."""
_NUMBERS = ("smallint", "integer", "bigint")


def learn(
    connection: Connection,
    catalog: Catalog,
    tables: Collection[str] | None = None,
    *,
    hints: Mined | None = None,
    given: Mapping[str, Given] | None = None,
    trials: bool = True,
    past: Unproven | None = None,
    limits: bool = True,
) -> Learned:
    """Find out which values the tables take, by asking PostgreSQL: one query for columns that constraints tie together.

    Everything happens in a transaction that is rolled back, or in a savepoint of the one that is open. A sequence may
    have gone on.

    :param connection: to the database whose schema it is
    :param catalog: its schema as it is now
    :param tables: ``schema.name`` of the tables of interest, all by default; those that they refer to are learned too
    :param hints: literals that scripts name, see :func:`~migrate_validate.data.mining.mined`
    :param given: by ``schema.name`` what the user says about the rows of a table
    :param trials: whether a few datasets are loaded to see what triggers refuse, and which tables stay empty
    :param past: constraints that the rows may break, see :func:`~migrate_validate.data.unproven.unproven`
    :param limits: whether the outermost values of each type are among the values
    :raises psycopg.Error: when the connection is lost
    """
    names = None if tables is None else ancestors(catalog, tables)
    catalog = without(catalog, past or {})
    order = fill_order(catalog, names)
    learning = _Learning(catalog, connection, hints or {}, given or {}, past or {}, limits)
    with connection.transaction(force_rollback=True):
        learning.begin(order)
        learned = learning.run(order)
        return learning.tried(order, learned) if trials else learned


def guess(catalog: Catalog, tables: Collection[str] | None = None, *, limits: bool = True) -> Learned:
    """What :func:`learn` gives, without a database: values that constraints forbid are among the others."""
    order = fill_order(catalog, None if tables is None else ancestors(catalog, tables))
    return _Learning(catalog, None, {}, {}, {}, limits).run(order)


def rows_present(connection: Connection, catalog: Catalog, table: Table) -> list[dict[str, Value]]:
    """Rows that a table has, a few of many, as far as new ones refer to them or may not repeat them.

    :raises psycopg.Error: when the connection is lost
    """
    wanted = set(catalog.referenced_columns.get(table.qualified_name, frozenset()))
    wanted |= {name for key in plain_keys(table) for name in key.columns}
    for index in table.indexes:
        if index.unique and index.constraint is None:
            parts = [*index.keys, *([index.predicate] if index.predicate else [])]
            wanted |= {name for part in parts for name in mentioned(table, part)}
    columns = [column for column in table.columns if column.name in wanted]
    if not columns:
        return []
    listed = ", ".join(f"{quote(column.name)}::text" for column in columns)
    query = f"SELECT {listed} FROM {quote(table.schema)}.{quote(table.name)}"
    try:
        with connection.transaction():
            found = connection.execute(f"{query} LIMIT {PRESENT}".encode()).fetchall()
            if len(found) == PRESENT and table.primary_key is not None:
                # The last one tells which numbers are free.
                last = ", ".join(f"{quote(name)} DESC" for name in table.primary_key.columns)
                found += connection.execute(f"{query} ORDER BY {last} LIMIT 1".encode()).fetchall()
    except psycopg.Error:
        if connection.closed:
            raise
        return []
    return [{column.name: _value(column, text) for column, text in zip(columns, row, strict=True)} for row in found]


@dataclass(slots=True)
class _Learning:
    catalog: Catalog
    connection: Connection | None
    hints: Mined
    given: Mapping[str, Given]
    past: Unproven = field(default_factory=dict)
    limits: bool = True
    types: Types = field(init=False)
    source: Source = field(init=False)
    pools: dict[str, tuple[Pool, ...]] = field(default_factory=dict)
    unfilled: dict[str, str] = field(default_factory=dict)
    present: dict[str, list[dict[str, Value]]] = field(default_factory=dict)
    unique: dict[str, tuple[Unique, ...]] = field(default_factory=dict)
    forbidden: dict[str, tuple[Computed, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.types = Types.of(self.catalog)
        self.source = Source(
            self.catalog, self.types, self.hints, self.connection is not None, self.limits, self.present
        )

    def begin(self, order: FillOrder) -> None:
        """Load the fixtures, and see what is in the tables."""
        assert self.connection is not None
        for name, given in self.given.items():
            if given.fixture is not None and any(table.qualified_name == name for table in order.tables):
                self._load_fixture(self.connection, name, given)
        for table in order.tables:
            self.present[table.qualified_name] = rows_present(self.connection, self.catalog, table)

    def _load_fixture(self, connection: Connection, name: str, given: Given) -> None:
        where = f" ({given.source})" if given.source else ""
        try:
            with connection.transaction():
                connection.execute((given.fixture or "").encode(), prepare=False)
                filled = connection.execute(f"SELECT 1 FROM {_sql_name(name)} LIMIT 1".encode()).fetchone()
        except psycopg.Error as error:
            if connection.closed:
                raise
            said = error.diag.message_primary or str(error)
            self.unfilled[name] = f"the fixture of {name}{where} cannot be loaded: {said}"
        else:
            if filled is None:
                self.unfilled[name] = f"the fixture of {name}{where} leaves it empty"

    def run(self, order: FillOrder) -> Learned:
        """Find the values of each table."""
        for table in order.tables:
            name = table.qualified_name
            given = self.given.get(name)
            if given is not None and given.fixture is not None:
                continue
            why = self._impossible(order, table)
            if why is None:
                try:
                    self.pools[name] = tuple(self._pools(table)) if given is None else self._given(table, given)
                except (Unsupported, ConfigError, _Unfilled) as error:
                    why = error.what
            if why is None:
                plain = (self._folded(table, key) for key in plain_keys(table))
                self.unique[name] = (*plain, *self._computed_keys(table))
                self.forbidden[name] = tuple(self._forbidden(table)) if self.connection else ()
            else:
                self.unfilled[name] = why
        present = {name: rows for name, rows in self.present.items() if rows}
        return Learned(self.pools, self.unfilled, self.given, present, self.unique, self.forbidden, self.past)

    def _given(self, table: Table, given: Given) -> tuple[Pool, ...]:
        """No pools: the rows come from the user's strategy, which is tried first."""
        if given.strategy is not None:
            strategy = checked(given.strategy, table, given.source)
            drawn(strategy, 1)
            self.given = {**self.given, table.qualified_name: replace(given, strategy=strategy)}
        return ()

    def tried(self, order: FillOrder, learned: Learned) -> Learned:
        """What was learned, without the tables of which no row is taken when a few datasets are loaded."""
        assert self.connection is not None
        trials = Trials(self.connection, self.catalog, order, learned)
        trials.run()
        why = {table.qualified_name: trials.why_empty(table) for table in order.tables}
        for table in order.tables:
            if why[table.qualified_name] is not None:
                self.unfilled[table.qualified_name] = self._impossible(order, table) or why[table.qualified_name] or ""
        return replace(learned, pools=trials.pools())

    def _impossible(self, order: FillOrder, table: Table) -> str | None:
        """Why no row can be, as far as foreign keys and partitions say."""
        if table.partition_key is not None and not partitions(self.catalog, table):
            return f"{table.qualified_name} is partitioned and has no partition"
        for key in table.foreign_keys:
            if nullable_key(table, key) or not key.enforced or key.references in (None, table.qualified_name):
                continue
            if key.references in self.unfilled:
                return f"{key.references}, which it refers to, has no rows ({self.unfilled[key.references]})"
            if key.name in order.unbound(table) and not key.deferrable:
                return (
                    f"{table.qualified_name} and {key.references} need a row of each other first: the foreign key"
                    f" {key.name} can neither be NULL nor is it DEFERRABLE"
                )
        return None

    def _pools(self, table: Table) -> Iterable[Pool]:
        judges = tests(self.connection, self.catalog, table, self.types)
        candidates = Candidates(self.source, table)
        done: set[str] = set()
        for columns, own in _groups(judges):
            done |= set(columns)
            yield self._judged(table, columns, own, candidates)
        for test in judges:
            if not test.columns:
                raise _Unfilled(f"{test.name} allows no row")
        for column in table.columns:
            if column.name in done or column.name in candidates.pointing or column.generated:
                continue
            if column.identity == "always" and column.name not in candidates.referenced:
                continue
            values = candidates.of(column)
            if candidates.doubtful(column):
                values = self._castable(table, column, values)
            if not values:
                raise _Unfilled(f"{table.qualified_name} has no values for {column.name}, {column.type}")
            yield weighed((column.name,), [(value,) for value in values], candidates)

    def _judged(self, table: Table, names: tuple[str, ...], own: Sequence[Test], candidates: Candidates) -> Pool:
        columns = [column for column in table.columns if column.name in names]
        names = tuple(column.name for column in columns)
        offered = [[value for value in candidates.of(column) if not isinstance(value, Default)] for column in columns]
        worst, most = "", 0
        for attempt in range(ROUNDS):
            tuples = combined(offered, TUPLES * 2**attempt, attempt)
            if self.connection is None:
                return weighed(names, telling(tuples), candidates)
            judgement = judge(self.connection, table, columns, tuples, own, self.types)
            if judgement.allowed:
                return weighed(names, telling([tuples[place] for place in judgement.allowed]), candidates)
            worst = max(judgement.refused, key=judgement.refused.__getitem__, default="PostgreSQL")
            most = len(tuples)
        many = f"{most} values" if len(names) == 1 else f"{most} combinations of values"
        raise _Unfilled(f"{worst} allows none of {many} of {', '.join(names)}")

    def _castable(self, table: Table, column: Column, values: Sequence[Value | Default]) -> list[Value | Default]:
        """The values that the type takes, where it is not known before."""
        if self.connection is None:
            return list(values)
        plain = [value for value in values if not isinstance(value, Default)]
        if not plain:
            return list(values)
        judgement = judge(self.connection, table, [column], [(value,) for value in plain], (), self.types)
        if not judgement.allowed:
            said = next(iter(judgement.refused), "PostgreSQL takes none of them")
            raise _Unfilled(f"{table.qualified_name} has no values for {column.name}, {column.type}: {said}")
        fine = [plain[place] for place in judgement.allowed]
        return [*([DEFAULT] if DEFAULT in values else []), *fine]

    def _folded(self, table: Table, key: Unique) -> Unique:
        """The key with the columns whose values are equal in either case in lower case."""
        folded = {
            column.name: computed
            for column in table.columns
            if column.name in key.keys
            and base_type(self.types, column.type).rpartition(".")[2] == "citext"
            and (computed := self._computed(table, f"lower({quote(column.name)}::text)"))
        }
        return replace(key, keys=tuple(folded.get(str(name), name) for name in key.keys)) if folded else key

    def _computed_keys(self, table: Table) -> Iterator[Unique]:
        """Unique indexes over expressions, and over some rows: where PostgreSQL can say what they come to."""
        for index in table.indexes:
            if not index.unique or index.constraint is not None or self.connection is None:
                continue
            if index.predicate is None and not any(key.startswith("(") for key in index.keys):
                continue
            keys = [self._computed(table, key) if key.startswith("(") else key for key in index.keys]
            where = None if index.predicate is None else self._computed(table, index.predicate)
            if None not in keys and (where is not None or index.predicate is None):
                yield Unique(tuple(key for key in keys if key is not None), index.nulls_not_distinct, where)

    def _forbidden(self, table: Table) -> Iterator[Computed]:
        """What CHECK constraints say about the values of rows that foreign keys may point at."""
        pointing = {name for key in table.foreign_keys for name in key.columns}
        for names, own in _groups(tests(None, self.catalog, table, self.types)):
            columns = [column for column in table.columns if column.name in names]
            if not pointing.intersection(names) or self.connection is None:
                continue
            # A key without a row to refer to becomes NULL.
            offered = [[*([] if column.not_null else [None]), *self._met(table, column.name)] for column in columns]
            most = int(MET ** (1 / len(columns)))
            tuples = combined([values[:most] for values in offered], MET, 0) if all(offered) else []
            allowed = set(judge(self.connection, table, columns, tuples, own, self.types).allowed)
            refused: dict[Cells, str | None] = {
                cells: "false" for place, cells in enumerate(tuples) if place not in allowed
            }
            yield Computed(tuple(column.name for column in columns), refused)

    def _met(self, table: Table, name: str, above: frozenset[str] = frozenset()) -> list[Value]:
        """Values that a column will have, its own or those that it refers to, frequent ones first."""
        found: list[Value] = []
        for key in table.foreign_keys:
            parent = self.catalog.table(key.references or "")
            if name in key.columns and parent is not None and parent.qualified_name not in above:
                referenced = key.referenced_columns[key.columns.index(name)]
                found += self._met(parent, referenced, above | {table.qualified_name})
                found += [row[referenced] for row in self.present.get(parent.qualified_name, []) if referenced in row]
        for pool in () if found else self.pools.get(table.qualified_name, ()):
            if name in pool.columns:
                likely = sorted(zip(pool.shares, pool.values, strict=True), key=itemgetter(0), reverse=True)
                cells = [values[pool.columns.index(name)] for _, values in likely]
                found += [cell for cell in cells if cell is not None and not isinstance(cell, Default)]
        return list(dict.fromkeys(found))

    def _computed(self, table: Table, expression: str) -> Computed | None:
        """An expression over the values of one pool; None where it needs more than these."""
        read = set(mentioned(table, expression))
        pointing = {name for key in table.foreign_keys for name in key.columns}
        for pool in self.pools[table.qualified_name]:
            if self.connection is not None and read and read <= set(pool.columns) - pointing:
                columns = [column for column in table.columns if column.name in pool.columns]
                known = [
                    cells
                    for cells in pool.values
                    if not any(cell is DEFAULT and _varies(each) for cell, each in zip(cells, columns, strict=True))
                ]
                texts = evaluate(self.connection, table, columns, known, expression, self.types)
                return None if texts is None else Computed(pool.columns, dict(zip(known, texts, strict=True)))
        return None


class _Unfilled(Exception):
    """No values were found for a table."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def _groups(judges: Sequence[Test]) -> list[tuple[tuple[str, ...], list[Test]]]:
    """Columns that tests tie together, with these tests."""
    groups: list[tuple[set[str], list[Test]]] = []
    for test in judges:
        if not test.columns:
            continue
        joined = [group for group in groups if group[0] & set(test.columns)]
        columns = set(test.columns).union(*(group[0] for group in joined))
        own = [each for group in joined for each in group[1]]
        groups = [group for group in groups if group not in joined]
        groups.append((columns, [*own, test]))
    return [(tuple(sorted(columns)), own) for columns, own in groups]


def _sql_name(name: str) -> str:
    schema, _, table = name.partition(".")
    return f"{quote(schema)}.{quote(table)}"


def _varies(column: Column) -> bool:
    """Whether the default is another value in each row."""
    return bool(column.identity) or "(" in (column.default or "")


def _value(column: Column, text: str | None) -> Value:
    """A stored value as it is generated."""
    if text is None:
        return None
    if column.type == "boolean":
        return text == "true"
    return int(text) if column.type in _NUMBERS else text
