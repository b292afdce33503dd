"""Single values that a few random rows may miss, though triggers and functions like to ask for them."""

from __future__ import annotations

from migrate_validate.catalog.model import Catalog, Enum, Table
from migrate_validate.data.hints import column_hints
from migrate_validate.data.values import Types, Value


def telling_values(catalog: Catalog, table: Table) -> tuple[tuple[str, Value], ...]:
    """By column: NULL where it may be, both booleans, every label of an enum, every word of a CHECK that lists them.

    Left out are generated columns, and the columns of keys, whose values have to fit together.
    """
    named = Types.of(catalog).named
    hints = column_hints(table.constraints)
    keys = {
        name
        for each in table.constraints
        if each.kind in ("primary key", "foreign key", "unique")
        for name in each.columns
    }
    found: list[tuple[str, Value]] = []
    for column in table.columns:
        if column.generated or column.identity or column.name in keys:
            continue
        if not column.not_null:
            found.append((column.name, None))
        own = named.get(column.type)
        hint = hints.get(column.name)
        if column.type == "boolean":
            found += [(column.name, True), (column.name, False)]
        elif isinstance(own, Enum):
            found += [(column.name, label) for label in own.labels]
        elif hint is not None and hint.closed:
            found += [(column.name, word) for word in hint.literals]
    return tuple(found)
