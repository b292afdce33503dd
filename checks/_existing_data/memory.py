"""Rows that stood in the way of a migration before, kept in the database of Hypothesis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis.database import ExampleDatabase

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.data import Dataset
from migrate_validate.data.unproven import Unproven
from migrate_validate.data.values import Default
from migrate_validate.replay.stages import Stage


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the counterexamples of one migration are kept from run to run."""

    database: ExampleDatabase | None
    """None: the profile of Hypothesis has none."""
    key: bytes
    tables: Mapping[str, Table]
    past: Unproven
    """The constraints that the rows may break."""

    @classmethod
    def of(cls, stage: Stage, before: Catalog, past: Unproven) -> Memory:
        """That of a migration, by the path of its file."""
        key = f"migrate-validate:{stage.migration.up.path.resolve()}".encode()
        return cls(hypothesis.settings().database, key, before.tables_by_name, past)

    def datasets(self) -> Iterator[Dataset]:
        """What was kept, as far as the tables still have these columns."""
        for text in sorted(self.database.fetch(self.key)) if self.database else ():
            data = self._read(text)
            if data is not None:
                yield data

    def keep(self, data: Dataset) -> None:
        """Keep rows that stand in the way."""
        if self.database:
            self.database.save(self.key, _written(data))

    def forget(self, data: Dataset) -> None:
        """Forget rows that no longer do."""
        if self.database:
            self.database.delete(self.key, _written(data))

    def _read(self, text: bytes) -> Dataset | None:
        kept: dict[str, Any] = json.loads(text)
        for name, rows in kept.items():
            table = self.tables.get(name)
            if table is None or any(table.column(column) is None for row in rows for column in row):
                return None
        rows = {name: tuple(each) for name, each in kept.items()}
        return Dataset(rows, {name: self.tables[name] for name in kept}, past=self.past)


def _written(data: Dataset) -> bytes:
    rows = {
        name: [{column: value for column, value in row.items() if not isinstance(value, Default)} for row in each]
        for name, each in data.rows.items()
        if each
    }
    return json.dumps(rows, ensure_ascii=False, sort_keys=True).encode()
