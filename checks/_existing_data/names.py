"""What tables and columns are called while a migration goes on, and which they are."""

from __future__ import annotations

from collections.abc import Mapping

from migrate_validate.catalog.model import Catalog
from migrate_validate.syntax import Node


class Names:
    """Follows names through CREATE, RENAME, SET SCHEMA and DROP."""

    def __init__(self, before: Catalog) -> None:
        """The names before the migration."""
        self._tables = {name: name for name in before.tables_by_name}
        self._columns = {
            table.qualified_name: {column.name: column.name for column in table.columns} for table in before.tables
        }
        self._counter = 0
        self.path = ["public"]

    def find(self, schema: str, name: str) -> str:
        """The identity of the table that goes by this name now; one that is new where none does."""
        written = f"{schema}.{name}"
        if schema:
            return self._tables.get(written) or self.make(schema, name)
        for each in ("pg_temp", *self.path):
            if f"{each}.{name}" in self._tables:
                return self._tables[f"{each}.{name}"]
        elsewhere = [identity for full, identity in self._tables.items() if full.partition(".")[2] == name]
        return elsewhere[0] if len(elsewhere) == 1 else self.make("", name)

    def known(self, schema: str, name: str) -> bool:
        """Whether a table goes by this name now."""
        if schema:
            return f"{schema}.{name}" in self._tables
        return any(full.partition(".")[2] == name for full in self._tables)

    def of(self, relation: Node) -> str:
        """The identity of the table that a ``RangeVar`` means."""
        return self.find(relation.schemaname, relation.relname)

    def make(self, schema: str, name: str) -> str:
        """A new table, and its identity."""
        full = f"{schema or self.path[0]}.{name}"
        self._counter += 1
        identity = f"+{full}" if f"+{full}" not in self._columns else f"+{full}+{self._counter}"
        self._tables[full] = identity
        self._columns[identity] = {}
        return identity

    def rename(self, relation: Node, *, name: str = "", schema: str = "") -> None:
        """A table goes by another name, or is in another schema, from now on."""
        identity = self.of(relation)
        old = self.now(identity)
        if old is None:
            return
        del self._tables[old]
        old_schema, _, old_name = old.partition(".")
        self._tables[f"{schema or old_schema}.{name or old_name}"] = identity

    def drop(self, identity: str) -> None:
        """The table is gone."""
        name = self.now(identity)
        if name is not None:
            del self._tables[name]

    def schema(self, name: str) -> list[str]:
        """The identities of the tables in a schema."""
        return [identity for full, identity in self._tables.items() if full.partition(".")[0] == name]

    def rename_schema(self, name: str, new: str) -> None:
        """All tables of a schema are in another one."""
        for full in [full for full in self._tables if full.partition(".")[0] == name]:
            self._tables[f"{new}.{full.partition('.')[2]}"] = self._tables.pop(full)

    def now(self, identity: str) -> str | None:
        """What the table is called now."""
        return next((name for name, each in self._tables.items() if each == identity), None)

    def column(self, table: str, name: str) -> str:
        """The identity of a column."""
        return self._columns.setdefault(table, {}).setdefault(name, f"+{name}")

    def columns(self, table: str) -> list[str]:
        """The identities of the columns that are known, in their order."""
        return list(self._columns.get(table, {}).values())

    def column_names(self, table: str) -> Mapping[str, str]:
        """The identities of the columns that are known, by name."""
        return self._columns.get(table, {})

    def add_column(self, table: str, name: str) -> str:
        """A new column, and its identity."""
        known = self._columns.setdefault(table, {})
        if name in known:
            return known[name]
        taken = set(known.values())
        identity = f"+{name}"
        while identity in taken:
            identity = f"+{identity}"
        known[name] = identity
        return identity

    def rename_column(self, table: str, name: str, new: str) -> None:
        """A column goes by another name from now on."""
        self.column(table, name)
        self._columns[table] = {
            new if each == name else each: identity for each, identity in self._columns[table].items()
        }

    def drop_column(self, table: str, name: str) -> str:
        """The column is gone; its identity."""
        return self._columns.setdefault(table, {}).pop(name, f"+{name}")

    def tables_in_the_end(self) -> dict[str, str]:
        """Names by identity."""
        return {identity: name for name, identity in self._tables.items()}

    def columns_in_the_end(self) -> dict[str, dict[str, str]]:
        """Names by identity, by identity of the table."""
        return {
            table: {identity: name for name, identity in columns.items()} for table, columns in self._columns.items()
        }
