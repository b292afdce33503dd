"""Kept rows and what became of them, as people read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from migrate_validate.data.comparing import ColumnChange, Row
from migrate_validate.data.keeping import KeptColumn

LONGEST = 60
"""Characters of a value that are shown."""
COLUMNS = 4
"""Columns of a row that are shown."""
_BARE = ("integer", "bigint", "smallint", "numeric", "boolean")


def changed_values(before: Row, after: Row | None, changes: Iterable[ColumnChange]) -> Iterator[tuple[str, str, str]]:
    """Column, old and new value, as SQL writes them, of the columns in which these two rows differ."""
    for each in changes:
        if each.present is not None and after is not None:
            old, new = before[each.column.name], after[each.present.name]
            if old != new:
                yield each.column.name, literal(old, each.column), literal(new, each.present)


def shown(columns: Sequence[KeptColumn], row: Row, names: Collection[str] = ()) -> str:
    """A row for people: ``(id = 1, name = 'x')``.

    :param columns: of its table
    :param names: of those that are shown; the first few otherwise
    """
    there = [column for column in columns if column.name in row]
    wanted = [column for column in there if column.name in names] or there[:COLUMNS]
    pairs = (f"{column.name} = {literal(row[column.name], column)}" for column in wanted)
    more = ", ..." if not names and len(there) > COLUMNS else ""
    return f"({', '.join(pairs)}{more})"


def literal(value: str | None, column: KeptColumn | None = None) -> str:
    """A value for people: ``NULL``, ``5``, ``'five'``; long ones are cut.

    :param column: that holds it; without one, it is quoted
    """
    if value is None:
        return "NULL"
    if column is not None and column.type in _BARE and value:
        return value
    cut = value if len(value) <= LONGEST else value[:LONGEST] + "..."
    return "'" + cut.replace("'", "''") + "'" if cut.isprintable() else repr(cut)
