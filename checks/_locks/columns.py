"""Columns that are added or retyped beside what is there, and filled while others go on working."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from migrate_validate.catalog.model import Catalog, Domain
from migrate_validate.syntax import Node, node_name, parse, quote, sql_of, unwrap

from .altering import (
    BATCHES,
    LATER,
    add_column,
    alter,
    column_of,
    copied,
    expression,
    light_column,
    named,
    of_column,
    one_command,
    qualified,
    table_of,
)
from .locking import Command, constraint_kind

_SERIALS = {
    "smallserial": "int2",
    "serial2": "int2",
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
}
"""The types that they stand for."""


def beside(tree: Node, command: Command, catalog: Catalog | None, *, alone: bool) -> list[str]:
    """The steps for a column that rewrites its table; none where it may be innocent.

    :param alone: there is no other action that may be guilty
    """
    if command.kind == "AT_AlterColumnType":
        return retyped(tree, command)
    if command.kind != "AT_AddColumn":
        return []
    column = light_column(command)
    kinds = {constraint_kind(each.constraint): each.constraint for each in column.constraints}
    default = kinds.get("CONSTR_DEFAULT")
    if default is not None and node_name(unwrap(default.raw_expr)) != "A_Const":
        return _filled_later(tree, column, kinds, expression(default.raw_expr))
    integer = _SERIALS.get(column.type_name.names[-1].string.sval)
    if integer is not None:
        return _numbered_later(tree, column, kinds, integer)
    if "CONSTR_IDENTITY" in kinds:
        return _identity_later(tree, column, kinds["CONSTR_IDENTITY"])
    if "CONSTR_GENERATED" in kinds:
        return _computed_later(tree, column, kinds)
    return _of_base_type(tree, column, catalog) if alone else []


def _plain(column: Node, *without: str) -> Node:
    """The column without constraints of these kinds."""
    plain = copied(column)
    del plain.constraints[:]
    plain.constraints.extend(each for each in column.constraints if constraint_kind(each.constraint) not in without)
    return plain


def _identity_later(tree: Node, column: Node, identity: Node) -> list[str]:
    """An identity column: numbered by a sequence until all rows have a number."""
    table, name = table_of(tree), quote(column.colname)
    filling = qualified(tree.relation.schemaname, named(tree.relation.relname, [column.colname], "fill"))
    literal, of_table = filling.replace("'", "''"), table.replace("'", "''")
    sequence = parse(f"CREATE SEQUENCE {filling}")[0].node
    sequence.options.extend(identity.options)
    fill = _filled_later(
        tree, _plain(column, "CONSTR_IDENTITY"), ("CONSTR_DEFAULT", "CONSTR_NOTNULL"), f"nextval('{literal}')"
    )
    made, command = one_command(tree, "AT_AddIdentity")
    command.name = column.colname
    getattr(command, "def").constraint.CopyFrom(identity)
    owned = f"pg_get_serial_sequence('{of_table}', '{column.colname.replace(chr(39), chr(39) * 2)}')"
    return [
        f"{sql_of(sequence)};",
        *fill,
        "-- then, in one transaction:",
        f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT;",
        f"{sql_of(made)};",
        f"SELECT setval({owned}, nextval('{literal}'), false);",
        f"DROP SEQUENCE {filling};",
    ]


def _computed_later(tree: Node, column: Node, kinds: Mapping[str, Node]) -> list[str]:
    """What a stored generated column holds, in a plain one that a trigger fills."""
    table, name = table_of(tree), quote(column.colname)
    generated = kinds["CONSTR_GENERATED"].raw_expr
    value = expression(generated)
    plain = _plain(column, "CONSTR_GENERATED", "CONSTR_NOTNULL")
    function, trigger = _trigger(tree, column.colname, "fill")
    return [
        "-- a column that is there cannot become a generated one: a trigger computes it",
        "-- (one that is VIRTUAL, from PostgreSQL 18 on, is added in an instant, and cannot be indexed)",
        f"{add_column(tree, plain)};",
        *_setting(table, function, trigger, name, expression(generated, "new")),
        BATCHES,
        f"UPDATE {table} SET {name} = {value} WHERE {name} IS DISTINCT FROM {value} AND ...;",
        *(no_null(tree, column.colname) if "CONSTR_NOTNULL" in kinds else ()),
    ]


def _of_base_type(tree: Node, column: Node, catalog: Catalog | None) -> list[str]:
    """A column of a domain with constraints, which PostgreSQL tries on every row: the conditions on its base type."""
    plain, found = _plain(column), list[Domain]()
    while (domain := _domain(plain.type_name, catalog)) is not None:
        found.append(domain)
        base = parse(f"ALTER TABLE x ADD y {domain.base_type}")[0].node.cmds[0].alter_table_cmd
        plain.type_name.CopyFrom(getattr(base, "def").column_def.type_name)
    now, later = [], []
    for each in (constraint for domain in found for constraint in domain.constraints if constraint.kind == "check"):
        made = parse(f"ALTER TABLE x ADD {each.definition}")[0].node.cmds[0].alter_table_cmd
        added = getattr(made, "def").constraint
        added.conname = named(tree.relation.relname, [column.colname], each.name)
        added.skip_validation, added.initially_valid = True, False
        of_column(added.raw_expr, column.colname)
        now.append(f"{alter(tree, added)};")
        later.append(f"ALTER TABLE {table_of(tree)} VALIDATE CONSTRAINT {quote(added.conname)};")
    if not now:
        return []
    return [
        f"-- of the type under {found[0].name}, with the same conditions:",
        f"{add_column(tree, plain)};",
        *now,
        LATER,
        *later,
    ]


def _domain(type_name: Node, catalog: Catalog | None) -> Domain | None:
    *schema, name = (each.string.sval for each in type_name.names)
    domains = catalog.domains if catalog is not None else ()
    return next((each for each in domains if each.name == name and schema in ([], [each.schema])), None)


def _filled_later(tree: Node, column: Node, kinds: Iterable[str], default: str) -> list[str]:
    """A column that is filled after it was added."""
    table, name = table_of(tree), quote(column.colname)
    plain = _plain(column, "CONSTR_DEFAULT", "CONSTR_NOTNULL")
    return [
        f"{add_column(tree, plain)};",
        f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default};",
        BATCHES,
        f"UPDATE {table} SET {name} = DEFAULT WHERE {name} IS NULL AND ...;",
        *(no_null(tree, column.colname) if "CONSTR_NOTNULL" in kinds else ()),
    ]


def _numbered_later(tree: Node, column: Node, kinds: Iterable[str], integer: str) -> list[str]:
    """What ``serial`` stands for, filled after it was added."""
    sequence = qualified(tree.relation.schemaname, named(tree.relation.relname, [column.colname], "seq"))
    plain = copied(column)
    del plain.type_name.names[:]
    for part in ("pg_catalog", integer):
        plain.type_name.names.add().string.sval = part
    literal = sequence.replace("'", "''")
    first, *others = _filled_later(tree, plain, {*kinds, "CONSTR_NOTNULL"}, f"nextval('{literal}')")
    return [first, f"CREATE SEQUENCE {sequence} OWNED BY {table_of(tree)}.{quote(column.colname)};", *others]


def no_null(tree: Node, column: str) -> Iterator[str]:
    table, name = table_of(tree), quote(named(tree.relation.relname, [column], "not_null_check"))
    yield f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({quote(column)} IS NOT NULL) NOT VALID;"
    yield LATER
    yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};"
    yield f"ALTER TABLE {table} ALTER COLUMN {quote(column)} SET NOT NULL;"
    yield f"ALTER TABLE {table} DROP CONSTRAINT {name};"


def retyped(tree: Node, command: Command) -> list[str]:
    """A column of another type, filled beside the old one, whose place it takes at the end."""
    table, old, new = table_of(tree), command.name, f"{command.name}_new"
    definition = copied(column_of(command))
    definition.ClearField("raw_default")
    definition.colname, definition.is_local = new, True
    added = add_column(tree, definition)
    if column_of(command).HasField("raw_default"):
        using = column_of(command).raw_default
        value, fresh = expression(using), expression(using, "new")
    else:
        type_name = added.partition(f"ADD COLUMN {quote(new)} ")[2]
        value, fresh = f"{quote(old)}::{type_name}", f"new.{quote(old)}::{type_name}"
    function, trigger = _trigger(tree, old, "copy")
    return [
        f"{added};",
        *_setting(table, function, trigger, quote(new), fresh),
        BATCHES,
        f"UPDATE {table} SET {quote(new)} = {value} WHERE {quote(new)} IS DISTINCT FROM {value} AND ...;",
        "-- then, in one transaction, after its default, indexes and constraints were made for the new column:",
        f"DROP TRIGGER {trigger} ON {table};",
        f"DROP FUNCTION {function}();",
        f"ALTER TABLE {table} DROP COLUMN {quote(old)};",
        f"ALTER TABLE {table} RENAME COLUMN {quote(new)} TO {quote(old)};",
    ]


def _trigger(tree: Node, column: str, ending: str) -> tuple[str, str]:
    """The names of a function and of the trigger that calls it."""
    name = named(tree.relation.relname, [column], ending)
    return qualified(tree.relation.schemaname, name), quote(name)


def _setting(table: str, function: str, trigger: str, column: str, value: str) -> list[str]:
    """A trigger that sets a column of new rows."""
    return [
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$",
        f"BEGIN new.{column} := {value}; RETURN new; END $$;",
        f"CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();",
    ]
