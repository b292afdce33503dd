"""Kept rows as people read them."""

from __future__ import annotations

from hypothesis.vendor.pretty import pretty

from migrate_validate.catalog.model import Column, Table
from migrate_validate.data import Dataset
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


def test_hypothesis_is_given_no_more_than_it_likes_to_print() -> None:
    columns = (Column("id", "integer", not_null=True), Column("v", "text"))
    tables = {f"public.t{number}": Table("public", f"t{number}", "table", "me", columns) for number in range(3)}
    few = Dataset({name: ({"id": 1, "v": "a"},) for name in tables}, tables)
    many = Dataset({name: tuple({"id": number, "v": "a" * 90} for number in range(100)) for name in tables}, tables)
    assert pretty(few).count("INSERT") == 3
    assert 15_000 < len(pretty(many)) < 25_000
    shown = pretty(many).count("INSERT")
    assert pretty(many).endswith(f";\n  -- and {300 - shown} more statements")
    assert pretty(Dataset({}, {})) == "an empty dataset"
