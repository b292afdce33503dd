"""Kept rows as people read them."""

from __future__ import annotations

from migrate_validate.data.keeping import KeptColumn
from migrate_validate.data.showing import literal, shown


def test_rows_and_values_for_people() -> None:
    def column(name: str, kind: str = "text") -> KeptColumn:
        return KeptColumn(1, name, kind, False, False, False, False, False)

    columns = [column("id", "integer"), *map(column, "abcd")]
    row = {"id": "1", "a": "it's", "b": None, "c": "x" * 70, "d": "line\nline"}
    assert shown(columns, row) == f"(id = 1, a = 'it''s', b = NULL, c = '{'x' * 60}...', ...)"
    assert shown(columns, row, ["d"]) == "(d = 'line\\nline')"
    assert literal("5") == "'5'"
