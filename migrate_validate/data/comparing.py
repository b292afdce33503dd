"""What became of rows that were kept: which are missing, new or changed, compared by PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from migrate_validate.data.keeping import Connection, Kept, KeptColumn, KeptTable, neutral, never

EXAMPLES = 3
"""Rows that are shown of each kind of change."""

Row = Mapping[str, str | None]
"""Texts of the values by the names that the columns had when the row was read."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """Where rows are now, as somebody knows better than the numbers and names of the catalog."""

    tables: Mapping[str, str] = field(default_factory=dict)
    """``schema.name`` that a table had, and the one that it has."""
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """``schema.name`` and column that there were, and the name that the column has."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one kind."""

    count: int = 0
    examples: tuple[Row, ...] = ()
    """The smallest, by the length of their key."""


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """Rows that have another value in one column than they had, or whose column is gone."""

    column: KeptColumn
    """As it was."""
    present: KeptColumn | None
    """As it is; None: it is gone, with all values that it held."""
    count: int
    """Of rows: those with another value; those that had a value where the column is gone."""
    examples: tuple[tuple[Row, Row | None], ...]
    """Whole rows, as they were and as they are; None where the column is gone. The smallest first."""


@dataclass(frozen=True, slots=True)
class TableChange:
    """What became of the rows of one table."""

    was: KeptTable
    present: KeptTable | None
    """None: the table is gone."""
    key: tuple[str, ...]
    """The columns by which rows were found again, as they were called; empty: by all their values."""
    missing: Rows = Rows()
    """Rows that there were; all of them, where the table is gone."""
    added: Rows = Rows()
    """Rows that there were not."""
    repeated: int = 0
    """Of those added: rows that repeat one that was there, but for times and what the database fills in."""
    changed: int = 0
    """Rows that are there with other values."""
    columns: tuple[ColumnChange, ...] = ()
    """The columns in which rows have changed, and those that are gone with values."""
    retyped: tuple[tuple[KeptColumn, KeptColumn], ...] = ()
    """The columns that have another type, as they were and as they are, whether values differ or not."""
    recreated: tuple[str, ...] = ()
    """Columns that are not the same ones as before, although they have the name: dropped and made again."""

    @property
    def name(self) -> str:
        """``schema.name`` that the table had."""
        return self.was.name

    @property
    def other_rows(self) -> bool:
        """Whether rows are missing, were added, or have another value in a column that is still there."""
        return bool(self.missing.count or self.added.count or self.changed)

    @property
    def same(self) -> bool:
        """Whether it is there, and holds the rows and values that it held."""
        return self.present is not None and not self.other_rows and not self.columns


def compare(
    connection: Connection,
    was: Kept,
    now: Kept,
    *,
    follow: bool = True,
    renamed: Renamed | None = None,
    leave_out: Callable[[KeptColumn], bool] = never,
    others: tuple[Kept, Kept] | None = None,
    since: str | None = None,
    examples: int = EXAMPLES,
) -> tuple[TableChange, ...]:
    """What became of the rows of each table, as far as anything did.

    Rows are found again by the first key of the table as it was whose columns are still there and compared: the
    primary key, else a unique one without NULL; else by all values, where a row that has changed counts as one missing
    and one added. Values are compared as text; generated columns are not.

    :param connection: of any database: PostgreSQL is asked to compare what is handed to it. It is left as it was.
    :param was: what tables held, see :func:`~migrate_validate.data.keeping.keep`
    :param now: what they hold, see :func:`~migrate_validate.data.keeping.keep_again`; tables that are only here are
        passed over, and so are those that could not be read on either side
    :param follow: find tables and columns by their numbers, through renames, and by name only where the number is gone;
        that works within one database and its copies. False: by name.
    :param renamed: goes before numbers and names
    :param leave_out: columns that do not count, and are not in examples
    :param others: what was held before and after somebody else wrote: what that changed is not counted
    :param since: a timestamp. Columns for a date with time in which rows have times after it are taken for times of
        the last change, and such values are not counted.
    :param examples: at most so many rows are given of each kind
    :raises psycopg.Error: when the connection is lost, or is in a failed transaction
    """
    known = renamed or Renamed()
    found = []
    with neutral(connection):
        for name, table in sorted(was.tables.items()):
            if known.tables.get(name, name) in now.left_out or (follow and table.oid in now.left_out_oids):
                continue
            sides = [_partner(table, now, known, follow=follow)]
            sides += [_partner(table, each, known, follow=follow) for each in others or ()]
            views = [_View.of(table, side, known, follow=follow) for side in sides]
            comparison = _Comparison(connection, table, views, leave_out, since, examples)
            change = comparison.gone() if sides[0] is None else comparison.change(sides[0])
            if change is not None and not (change.same and not change.retyped and not change.recreated):
                found.append(change)
    return tuple(found)


def _partner(table: KeptTable, kept: Kept, renamed: Renamed, *, follow: bool) -> KeptTable | None:
    """The table that the rows are in now."""
    if table.name in renamed.tables:
        return kept.tables.get(renamed.tables[table.name])
    if not follow:
        return kept.tables.get(table.name)
    return kept.by_oid(table.oid) or kept.tables.get(table.name)


@dataclass(frozen=True, slots=True)
class _View:
    """A table at another time, by the columns of before."""

    table: KeptTable | None
    columns: Mapping[str, KeptColumn]
    """By the names that they had."""

    @classmethod
    def of(cls, was: KeptTable, table: KeptTable | None, renamed: Renamed, *, follow: bool) -> _View:
        """See the table as what it was."""
        if table is None:
            return cls(None, {})
        by_number = {each.number: each for each in table.columns} if follow and table.oid == was.oid else {}
        found: dict[str, KeptColumn] = {}
        for each in was.columns:
            given = renamed.columns.get((was.name, each.name))
            same = table.column(given) if given is not None else by_number.get(each.number)
            if same is not None:
                found[each.name] = same
        taken = {column.name for column in found.values()}
        for each in was.columns:
            same = table.column(each.name)
            if each.name not in found and same is not None and same.name not in taken:
                found[each.name] = same
        return cls(table, found)

    @property
    def text(self) -> str:
        return self.table.text if self.table is not None else ""

    def distinct(self, key: Iterable[str]) -> bool:
        """Whether no two rows have the same values in these columns of before."""
        there = {self.columns[name].name for name in key if name in self.columns}
        return self.table is None or any(set(each) <= there for each in self.table.keys)

    def values(self, names: Iterable[str]) -> sql.Composed:
        """The values of these columns of a row ``r``, NULL where there is no such column."""
        places = {column.name: place for place, column in enumerate(self.table.columns if self.table else ())}
        at = (places[self.columns[name].name] if name in self.columns else None for name in names)
        parts = [sql.SQL("NULL") if place is None else sql.SQL("r ->> {}").format(sql.Literal(place)) for place in at]
        return sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(parts))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One table as it was, and as it is at other times."""

    connection: Connection
    was: KeptTable
    views: Sequence[_View]
    """Now; and, where somebody else wrote, before and after that."""
    leave_out: Callable[[KeptColumn], bool]
    since: str | None
    examples: int

    def gone(self) -> TableChange:
        """Of a table that is not there any more."""
        key = next(iter(self.was.keys), ())
        own = _View.of(self.was, self.was, Renamed(), follow=False)
        values = own.values(key or [each.name for each in self.was.columns])
        row = self._one(_GONE.format(key=values, condition=sql.SQL("true")))
        return TableChange(self.was, None, key, missing=Rows(row[0], self._rows(self.was, row[1])))

    def change(self, now: KeptTable) -> TableChange | None:
        """Of one that is there; None where it is as it was, which needs no server."""
        view = self.views[0]
        pairs = [(each, view.columns[each.name]) for each in self.was.columns if each.name in view.columns]
        retyped = tuple(pair for pair in pairs if pair[0].type != pair[1].type)
        again = tuple(each.name for each, other in pairs if self.was.oid == now.oid and each.number != other.number)
        if (now.text, now.columns) == (self.was.text, self.was.columns):
            return None
        compared = [each for each, _ in pairs if not each.generated and not self.leave_out(each)]
        names = [each.name for each in compared]
        key = next((key for key in self.was.keys if set(key) <= set(names)), ())
        missing, added, repeated = self._rows_found(now, compared, key)
        changed, columns = self._values_found(now, compared, key) if key else (0, ())
        dropped = tuple(self._columns_gone(key or tuple(names)))
        return TableChange(self.was, now, key, missing, added, repeated, changed, (*dropped, *columns), retyped, again)

    def _rows_found(
        self, now: KeptTable, compared: Sequence[KeptColumn], key: tuple[str, ...]
    ) -> tuple[Rows, Rows, int]:
        names = [each.name for each in compared]
        plain = [each.name for each in compared if not (each.automatic or each.time)]
        pictures = self._pictures(key or names, plain)
        query = _FOUND.format(pictures=pictures)
        row = self._one(query, repeats=bool(plain), examples=self.examples)
        missing, one_missing, added, one_added, repeated = row
        return Rows(missing, self._rows(self.was, one_missing)), Rows(added, self._rows(now, one_added)), repeated

    def _values_found(
        self, now: KeptTable, compared: Sequence[KeptColumn], key: tuple[str, ...]
    ) -> tuple[int, tuple[ColumnChange, ...]]:
        others = [each for each in compared if each.name not in key]
        view = self.views[0]
        times = [n for n, each in enumerate(others, 1) if each.moment and view.columns[each.name].moment]
        query = _CHANGED.format(pictures=self._pictures(key, [each.name for each in others]))
        values = {"times": times if self.since else [], "since": self.since, "examples": self.examples}
        found: dict[int, list[tuple[int, Row, Row]]] = {}
        total = 0
        for place, count, total, before, after in self._all(query, **values):  # noqa: B007 - the same in every row
            pair = self._row(self.was, before), self._row(now, after)
            found.setdefault(place, []).append((count, *pair))
        columns = tuple(
            ColumnChange(
                others[place - 1],
                view.columns[others[place - 1].name],
                examples[0][0],
                tuple((before, after) for _, before, after in examples),
            )
            for place, examples in found.items()
        )
        return total, columns

    def _columns_gone(self, key: Sequence[str]) -> Iterator[ColumnChange]:
        there = self.views[0].columns
        own = _View.of(self.was, self.was, Renamed(), follow=False)
        for column in self.was.columns:
            if column.name in there or column.generated or self.leave_out(column):
                continue
            had = sql.SQL("{} <> ARRAY[NULL]::text[]").format(own.values([column.name]))
            count, examples = self._one(_GONE.format(key=own.values([*key, column.name]), condition=had))
            if count:
                yield ColumnChange(column, None, count, tuple((row, None) for row in self._rows(self.was, examples)))

    def _pictures(self, key: Sequence[str], data: Sequence[str]) -> sql.Composed:
        own = _View.of(self.was, self.was, Renamed(), follow=False)
        views = dict(zip(_NAMES, (own, *self.views, *_NOTHING), strict=False))
        pictures = [
            (_PICTURE if view.distinct(key) else _PICTURE_WITH_REPEATED_KEYS).format(
                name=sql.Identifier(name), text=sql.Placeholder(name), key=view.values(key), data=view.values(data)
            )
            for name, view in views.items()
        ]
        return sql.SQL(", ").join(pictures)

    def _rows(self, table: KeptTable, found: Iterable[Sequence[str | None]]) -> tuple[Row, ...]:
        return tuple(self._row(table, values) for values in found)

    def _row(self, table: KeptTable, values: Sequence[str | None]) -> Row:
        pairs = zip(table.columns, values, strict=True)
        return {column.name: value for column, value in pairs if not self.leave_out(column)}

    def _one(self, query: sql.Composed, **values: object) -> tuple[Any, ...]:
        (row,) = self._all(query, **values)
        return row

    def _all(self, query: sql.Composed, **values: object) -> list[tuple[Any, ...]]:
        texts = zip(_NAMES, (self.was.text, *(view.text for view in self.views), "", ""), strict=False)
        given = {"examples": self.examples, **dict(texts), **values}
        return self.connection.execute(query, given).fetchall()


_NAMES = ("was", "now", "first", "second")
"""What the pictures of a table are called in queries; the last two are empty where nobody else wrote."""
_NOTHING = (_View(None, {}), _View(None, {}))
_PICTURE = sql.SQL("""
    {name} AS MATERIALIZED (
        SELECT r, key, data
        FROM (SELECT line::jsonb AS r FROM string_to_table({text}, E'\\n') AS line) AS lines
        CROSS JOIN LATERAL (SELECT {key} AS key, {data} AS data) AS parts
    )
""")
_PICTURE_WITH_REPEATED_KEYS = sql.SQL("""
    {name} AS MATERIALIZED (
        SELECT r, CASE WHEN n = 1 THEN key ELSE key || n::text END AS key, data
        FROM (SELECT r, {key} AS key, {data} AS data, row_number() OVER (PARTITION BY {key} ORDER BY r) AS n
              FROM (SELECT line::jsonb AS r FROM string_to_table({text}, E'\\n') AS line) AS lines) AS numbered
    )
""")
"""Equal rows are told apart by their number among them: so each is found again once, and the others are missing."""
_GONE = sql.SQL("""
    WITH found AS MATERIALIZED (
        SELECT r, {key} AS key
        FROM (SELECT line::jsonb AS r FROM string_to_table(%(was)s, E'\\n') AS line) AS lines
        WHERE {condition}
    )
    SELECT (SELECT count(*) FROM found),
           ARRAY(SELECT r FROM found ORDER BY length(key::text), key::text LIMIT %(examples)s)
""")
_FOUND = sql.SQL("""
    WITH {pictures}, missing AS MATERIALIZED (
        SELECT was.*
        FROM was LEFT JOIN now USING (key) LEFT JOIN first USING (key) LEFT JOIN second USING (key)
        WHERE now.r IS NULL AND (first.r IS NULL OR second.r IS NOT NULL)
    ), added AS MATERIALIZED (
        SELECT now.*
        FROM now LEFT JOIN was USING (key) LEFT JOIN first USING (key) LEFT JOIN second USING (key)
        WHERE was.r IS NULL AND (second.r IS NULL OR first.r IS NOT NULL)
    )
    SELECT (SELECT count(*) FROM missing),
           ARRAY(SELECT r FROM missing ORDER BY length(key::text), key::text LIMIT %(examples)s),
           (SELECT count(*) FROM added),
           ARRAY(SELECT r FROM added ORDER BY length(key::text), key::text LIMIT %(examples)s),
           (SELECT count(*) FROM added WHERE %(repeats)s AND EXISTS (SELECT FROM was WHERE was.data = added.data))
""")
_CHANGED = sql.SQL("""
    WITH {pictures}, changed AS MATERIALIZED (
        SELECT place, was.key, was.r AS was, now.r AS now, told
        FROM was
        JOIN now USING (key)
        LEFT JOIN first USING (key)
        LEFT JOIN second USING (key)
        CROSS JOIN generate_subscripts(was.data, 1) AS place
        CROSS JOIN LATERAL (SELECT was.key::text || coalesce(was.data[place], '') AS told) AS telling
        WHERE was.data <> now.data
          AND was.data[place] IS DISTINCT FROM now.data[place]
          AND first.data[place] IS NOT DISTINCT FROM second.data[place]
          AND CASE WHEN place = ANY (%(times)s::integer[])
                   THEN coalesce(now.data[place]::timestamptz < %(since)s::timestamptz, true)
                   ELSE true END
    )
    SELECT place, count, (SELECT count(DISTINCT key) FROM changed), was, now
    FROM (SELECT place, was, now, count(*) OVER (PARTITION BY place) AS count,
                 row_number() OVER (PARTITION BY place ORDER BY length(told), told) AS n
          FROM changed) AS ranked
    WHERE n <= %(examples)s
    ORDER BY place, n
""")
