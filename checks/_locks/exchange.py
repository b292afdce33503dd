"""A new table that takes the place of the old one: for what PostgreSQL can do to no table in use."""

from __future__ import annotations

from collections.abc import Sequence

from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.relations import Table
from migrate_validate.syntax import Node, quote, sql_of

from .altering import BATCHES, REPACK, column_of, copied, listed, named, qualified, table_of
from .locking import Command, constraint_kind

_WRITING = frozenset({"AT_SetLogged", "AT_SetUnLogged", "AT_SetAccessMethod", "AT_SetTableSpace", "AT_SetExpression"})
"""Actions that write the whole table, or its files, and have no other form."""


def needs_exchange(command: Command) -> bool:
    """Whether an action of an ALTER TABLE that takes time has no form that lets others work."""
    return command.kind in _WRITING or any(constraint_kind(each) == "CONSTR_EXCLUSION" for each in command.constraints)


def exchange(tree: Node, commands: Sequence[Command], catalog: Catalog | None) -> list[str]:
    """All actions of an ALTER TABLE, done to an empty table that takes the place of this one when it is filled."""
    found = _table(tree, catalog)
    key = found.primary_key if found is not None else None
    if found is None or key is None:
        return [
            "-- without a primary key no new table can be kept like this one and take its place:",
            "-- keep others away on purpose, for a time that you have measured",
            REPACK,
        ]
    schema, table = tree.relation.schemaname, table_of(tree)
    relname = f"{tree.relation.relname}_new"
    new, old = qualified(schema, relname), f"{tree.relation.relname}_old"
    copier = named(tree.relation.relname, [], "copy")
    function, trigger = qualified(schema, copier), quote(copier)
    generated = [each.name for each in found.columns if each.generated]
    added = {column_of(command).colname for command in commands if command.kind == "AT_AddColumn"}
    plain = [each.name for each in found.columns if not each.generated and each.name not in added]
    into = f"INSERT INTO {new}{f' ({listed(plain)})' if generated else ''} OVERRIDING SYSTEM VALUE SELECT"
    row = ", ".join(f"new.{quote(name)}" for name in plain) if generated else "new.*"
    same = " AND ".join(f"{quote(name)} = old.{quote(name)}" for name in key.columns)
    altered = copied(tree)
    altered.relation.relname = relname
    del altered.cmds[:]
    for command in commands:
        altered.cmds.add().alter_table_cmd.CopyFrom(command.node)
    return [
        f"CREATE TABLE {new} (LIKE {table} INCLUDING ALL);",
        f"{sql_of(altered)};",
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$",
        "BEGIN",
        f"  IF tg_op <> 'INSERT' THEN DELETE FROM {new} WHERE {same}; END IF;",
        f"  IF tg_op <> 'DELETE' THEN {into} {row}; END IF;",
        "  RETURN NULL;",
        "END $$;",
        f"CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {function}();",
        BATCHES,
        f"{into} {listed(plain) if generated else '*'} FROM {table} WHERE true AND ... FOR SHARE "
        f"ON CONFLICT ({listed(key.columns)}) DO NOTHING;",
        "-- then, in one transaction, after its foreign keys, triggers, policies, privileges and identity sequences",
        "-- were made like those of the old one, and views and foreign keys that refer to that one were made anew:",
        f"DROP TRIGGER {trigger} ON {table};",
        f"DROP FUNCTION {function}();",
        f"ALTER TABLE {table} RENAME TO {quote(old)};",
        f"ALTER TABLE {new} RENAME TO {quote(tree.relation.relname)};",
    ]


def _table(tree: Node, catalog: Catalog | None) -> Table | None:
    name, schema = tree.relation.relname, tree.relation.schemaname
    tables = catalog.tables if catalog is not None else ()
    return next((each for each in tables if each.name == name and schema in ("", each.schema)), None)
