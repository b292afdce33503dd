"""Making the rows of a counterexample fewer and simpler."""

from __future__ import annotations

from dataclasses import replace

from migrate_validate.catalog.relations import Column, Table
from migrate_validate.data import Dataset
from migrate_validate.data.shrinking import smallest

NAMES = Table("public", "names", "table", "me", (Column("name", "text"),))


def names(*values: str) -> Dataset:
    return Dataset({"public.names": tuple({"name": value} for value in values)}, {"public.names": NAMES})


def test_a_simpler_value_may_cost_other_rows() -> None:
    def taken(data: Dataset) -> Dataset | None:
        """Three rows, or two of which the server took one."""
        rows = data.rows["public.names"]
        if any(row.get("name") == "1" for row in rows):
            return replace(data, rows={"public.names": rows[:1]})
        return data if len(rows) == 3 and all(row.get("name") for row in rows) else None

    found = smallest(names("first long name", "second long name", "third long name"), taken, 5)
    assert found.rows["public.names"] == ({"name": "1"},)


def test_rows_that_do_not_matter_go() -> None:
    found = smallest(names("a", "needle", "b"), lambda data: data if "needle" in repr(data.rows) else None, 5)
    assert found.rows["public.names"] == ({"name": "needle"},)
