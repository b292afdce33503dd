"""The same statement, written so that others can go on working: SQL made from its tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count, groupby

from migrate_validate.replay.timeline import StatementRun
from migrate_validate.syntax import Node, node_name, quote, sql_of, unwrap

from .altering import (
    add_column,
    alter,
    column_of,
    columns_in,
    copied,
    expression,
    keys_of,
    light_column,
    listed,
    name_of,
    named,
    qualified,
    table_of,
)
from .locking import Cause, Command, Work, builds_index, constraint_kind, wants_no_null, wants_validation

_ALONE = "-- in a file of its own, outside of a transaction:"
_LATER = "-- in a later migration:"
_BATCHES = "-- in later migrations: the rows that exist, some thousands at a time, each in a transaction of its own:"
_REPACK = "-- nothing in PostgreSQL does this beside the table's users; pg_repack does"
_SERIALS = {
    "smallserial": "int2",
    "serial2": "int2",
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
}
"""The types that they stand for."""


def index(work: Work) -> str:
    """How an index is built while others write."""
    tree = work.tree
    if tree is None:
        return ""
    if work.kind == "index":
        return _index(tree, partitions_of(work))
    if work.kind == "reindex":
        copy = copied(tree)
        option = copy.params.add().def_elem
        option.defname, option.defaction = "concurrently", 1
        return f"{_ALONE}\n{sql_of(copy)};"
    return actions(work)


def _index(tree: Node, partitions: Sequence[str]) -> str:
    copy = copied(tree)
    if copy.access_method == "btree":
        copy.ClearField("access_method")  # The default, which nobody writes.
    if not partitions:
        copy.concurrent = True
        return f"{_ALONE}\n{sql_of(copy)};"
    # PostgreSQL does not build the index of a partitioned table concurrently, but those of its partitions.
    copy.idxname = tree.idxname or named(tree.relation.relname, keys_of(tree.index_params), "idx")
    copy.relation.inh = False
    lines = [f"{sql_of(copy)};", _ALONE]
    attached = []
    for partition in partitions:
        own = copied(copy)
        own.relation.inh = True
        schema, _, name = partition.partition(".")
        own.relation.schemaname, own.relation.relname = schema, name
        own.idxname, own.concurrent = named(name, keys_of(tree.index_params), "idx"), True
        lines.append(f"{sql_of(own)};")
        parent = qualified(tree.relation.schemaname, copy.idxname)
        attached.append(f"ALTER INDEX {parent} ATTACH PARTITION {qualified(schema, own.idxname)};")
    return "\n".join([*lines, "-- then:", *attached])


def _constraint_by_index(tree: Node, command: Command, constraint: Node, *, searched: bool) -> list[str]:
    """Through an index.

    :param searched: whether a column of the primary key was searched for NULL too
    """
    if constraint_kind(constraint) == "CONSTR_EXCLUSION":
        return [
            "-- no exclusion constraint can be built beside its users: add it to a new table that takes the place of "
            "this one, or keep others away on purpose and for a time that you have measured"
        ]
    column = column_of(command).colname if command.kind == "AT_AddColumn" else ""
    columns = [column] if column else [each.string.sval for each in constraint.keys]
    primary = constraint_kind(constraint) == "CONSTR_PRIMARY"
    table = tree.relation.relname
    name = constraint.conname or (named(table, (), "pkey") if primary else named(table, columns, "key"))
    included = [each.string.sval for each in constraint.including]
    made = copied(constraint)
    made.conname, made.indexname = name, name
    for field in ("keys", "including", "options", "nulls_not_distinct", "indexspace"):
        made.ClearField(field)
    return [
        _ALONE,
        f"CREATE UNIQUE INDEX CONCURRENTLY {quote(name)} ON {table_of(tree)} ({listed(columns)})"
        + (f" INCLUDE ({listed(included)})" if included else "")
        + (" NULLS NOT DISTINCT" if constraint.nulls_not_distinct else "")
        + ";",
        *(line for each in columns if primary and searched and not column for line in _no_null(tree, each)),
        "-- then:",
        f"{alter(tree, made)};",
    ]


def actions(work: Work) -> str:
    """How the actions of an ALTER TABLE are done one by one, without work under a lock.

    All of them, whichever is asked about: what takes the statement's place must not lock others out for another action.
    """
    tree = work.tree
    if tree is None:
        return ""
    rewritten, alone = Cause.REWRITE in work.causes, len(work.commands) == 1
    beside: list[str] = []
    by_itself: list[str] = []
    rest: list[Command] = []
    retyped: set[str] = set()
    names: set[str] = set()
    for command in work.commands:
        slow = _beside(tree, command, alone=alone) if rewritten else []
        steps = _by_itself(work, command, names, added=not slow)
        beside += slow
        by_itself += steps
        if slow and command.kind == "AT_AlterColumnType":
            retyped.add(command.name)
        if not slow and not steps:
            rest.append(command)
    if rewritten and not beside:
        return ""
    first = [command for command in rest if not _concerns(command, retyped)]
    # What is said of a column of another type is said of the one that takes its place.
    last = [command for command in rest if _concerns(command, retyped)]
    return "\n".join([*_together(tree, first), *beside, *_together(tree, last), *by_itself])


def _concerns(command: Command, columns: Collection[str]) -> bool:
    """Whether an action that looks at no rows is about one of these columns."""
    if command.kind == "AT_DropConstraint":
        return False
    named_there = {command.name} | {
        name
        for each in command.constraints
        for name in (*(key.string.sval for key in (*each.keys, *each.fk_attrs)), *columns_in(each.raw_expr))
    }
    return not named_there.isdisjoint(columns)


def _together(tree: Node, commands: Sequence[Command]) -> list[str]:
    """One ALTER TABLE that does some of the actions of another one."""
    if not commands:
        return []
    copy = copied(tree)
    del copy.cmds[:]
    for command in commands:
        copy.cmds.add().alter_table_cmd.CopyFrom(command.node)
    return [f"{sql_of(copy)};"]


def _by_itself(work: Work, command: Command, names: set[str], *, added: bool) -> list[str]:
    """The steps for an action that looks at rows, or builds an index; none for others.

    :param names: of the constraints that were made for the actions before; what is made here is added
    :param added: a column that the action adds is still to be added
    """
    tree = work.tree
    assert tree is not None
    if command.kind == "AT_ValidateConstraint":
        return [_LATER, f"ALTER TABLE {table_of(tree)} VALIDATE CONSTRAINT {quote(command.name)};"]
    if wants_no_null(command):
        return _not_null(tree, command)
    searched = max((each.scans for each in work.occupied), default=0) > 1
    lines = []
    for each in command.constraints:
        if builds_index(each):
            lines += _constraint_by_index(tree, command, each, searched=searched)
        elif wants_validation(command, each):
            lines += _not_valid(tree, command, each, partitions_of(work), names)
    if lines and added and command.kind == "AT_AddColumn":
        lines.insert(0, f"{add_column(tree, light_column(command))};")
    return lines


def _not_valid(tree: Node, command: Command, added: Node, partitions: Sequence[str], names: set[str]) -> list[str]:
    made = copied(added)
    made.skip_validation, made.initially_valid = True, False
    foreign = constraint_kind(added) == "CONSTR_FOREIGN"
    columns = [each.string.sval for each in added.fk_attrs]
    if command.kind == "AT_AddColumn":
        columns = [column_of(command).colname]
        if foreign:
            made.fk_attrs.add().string.sval = columns[0]
    elif not foreign:
        columns = sorted(columns_in(added.raw_expr))
        columns = columns if len(columns) == 1 else []
    made.conname = added.conname or _unused(names, tree.relation.relname, columns, "fkey" if foreign else "check")
    names.add(made.conname)
    if foreign and partitions:
        # Before PostgreSQL 18 the key of a partitioned table cannot be NOT VALID.
        first = [alter(tree, made, name) for name in partitions]
        later = [f"ALTER TABLE {name_of(each)} VALIDATE CONSTRAINT {quote(made.conname)}" for each in partitions]
        whole = copied(added)
        whole.conname = made.conname
        return [*(f"{sql};" for sql in first), _LATER, *(f"{sql};" for sql in (*later, alter(tree, whole)))]
    return [
        f"{alter(tree, made)};",
        _LATER,
        f"ALTER TABLE {table_of(tree)} VALIDATE CONSTRAINT {quote(made.conname)};",
    ]


def _unused(names: Collection[str], table: str, columns: Sequence[str], ending: str) -> str:
    """``t_a_check``, ``t_a_check1``, ...: as PostgreSQL numbers them."""
    numbered = (named(table, columns, f"{ending}{number or ''}") for number in count())
    return next(name for name in numbered if name not in names)


def _not_null(tree: Node, command: Command) -> list[str]:
    """How a column becomes NOT NULL without a scan under the lock."""
    if command.kind == "AT_SetNotNull":
        return [*_no_null(tree, command.name)]
    added = command.constraints[0]
    columns = [each.string.sval for each in added.keys] or ["..."]
    return [*(line for column in columns for line in _no_null(tree, column)), f"{alter(tree, added)};"]


def _no_null(tree: Node, column: str) -> Iterator[str]:
    table, name = table_of(tree), quote(named(tree.relation.relname, [column], "not_null_check"))
    yield f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({quote(column)} IS NOT NULL) NOT VALID;"
    yield _LATER
    yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};"
    yield f"ALTER TABLE {table} ALTER COLUMN {quote(column)} SET NOT NULL;"
    yield f"ALTER TABLE {table} DROP CONSTRAINT {name};"


def rewrite(work: Work) -> str:
    """How the same is had without writing the table anew under the lock."""
    tree = work.tree
    if tree is None:
        return ""
    if work.kind == "refresh_mat_view":
        copy = copied(tree)
        copy.concurrent = True
        return f"-- needs a unique index on columns of {table_of(tree)}, over all rows:\n{sql_of(copy)};"
    if work.kind == "cluster":
        return _REPACK
    return actions(work)


def _beside(tree: Node, command: Command, *, alone: bool) -> list[str]:
    """The steps for an action that rewrites a table; none where it may be innocent.

    :param alone: there is no other action, so that it must be guilty
    """
    if command.kind == "AT_AlterColumnType":
        return _new_column(tree, command)
    if command.kind != "AT_AddColumn":
        return [_REPACK] if alone else []
    column = light_column(command)
    kinds = {constraint_kind(each.constraint): each.constraint for each in column.constraints}
    default = kinds.get("CONSTR_DEFAULT")
    if default is not None and node_name(unwrap(default.raw_expr)) != "A_Const":
        return _filled_later(tree, column, kinds, expression(default.raw_expr))
    integer = _SERIALS.get(column.type_name.names[-1].string.sval)
    if integer is not None:
        return _numbered_later(tree, column, kinds, integer)
    if alone or {"CONSTR_GENERATED", "CONSTR_IDENTITY"} & kinds.keys():
        return [
            f"-- {quote(column.colname)} cannot be had without writing the rows that exist: add a plain column,",
            "-- set it by a trigger in new rows, and fill the others some thousands at a time",
        ]
    return []


def _filled_later(tree: Node, column: Node, kinds: Iterable[str], default: str) -> list[str]:
    """A column that is filled after it was added."""
    table, name = table_of(tree), quote(column.colname)
    ours = ("CONSTR_DEFAULT", "CONSTR_NOTNULL")
    plain = copied(column)
    del plain.constraints[:]
    plain.constraints.extend(each for each in column.constraints if constraint_kind(each.constraint) not in ours)
    return [
        f"{add_column(tree, plain)};",
        f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default};",
        _BATCHES,
        f"UPDATE {table} SET {name} = DEFAULT WHERE {name} IS NULL AND ...;",
        *(_no_null(tree, column.colname) if "CONSTR_NOTNULL" in kinds else ()),
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


def scan(work: Work) -> str:
    """How a partition is attached without reading it under the lock."""
    tree = work.tree
    attached = [command for command in work.commands if command.kind == "AT_AttachPartition"]
    if tree is None or not attached:
        return ""
    partition = getattr(attached[0].node, "def").partition_cmd.name
    table = qualified(partition.schemaname, partition.relname)
    name = quote(named(partition.relname, [], "bounds"))
    return "\n".join(
        [
            "-- before: a CHECK that says what the bounds say, NOT NULL included",
            f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (...) NOT VALID;",
            _LATER,
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
            "-- then:",
            f"{work.run.statement.sql};",
            f"ALTER TABLE {table} DROP CONSTRAINT {name};",
        ]
    )


def apart(locking: Sequence[StatementRun], working: Sequence[StatementRun]) -> str:
    """What locks and what works, in files of their own, in the order in which they were written."""
    lines = []
    for ours, group in groupby(
        sorted({id(run): run for run in (*locking, *working)}.values(), key=lambda run: _place(run)),
        key=lambda run: any(run is each for each in locking),
    ):
        lines.append("-- one migration:" if ours else "-- another one:")
        lines += [f"{_first_line(run.statement.sql)};" for run in group]
    return "\n".join(lines)


def _place(run: StatementRun) -> tuple[int, int]:
    return run.statement.location.line or 0, run.statement.location.column or 0


def _first_line(text: str) -> str:
    lines = text.splitlines()
    return lines[0] if len(lines) == 1 else f"{lines[0]} ..."


def _new_column(tree: Node, command: Command) -> list[str]:
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
    trigger = named(tree.relation.relname, [old], "copy")
    function, trigger = qualified(tree.relation.schemaname, trigger), quote(trigger)
    return [
        f"{added};",
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$",
        f"BEGIN new.{quote(new)} := {fresh}; RETURN new; END $$;",
        f"CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();",
        _BATCHES,
        f"UPDATE {table} SET {quote(new)} = {value} WHERE {quote(new)} IS DISTINCT FROM {value} AND ...;",
        "-- then, in one transaction, after its default, indexes and constraints were made for the new column:",
        f"DROP TRIGGER {trigger} ON {table};",
        f"DROP FUNCTION {function}();",
        f"ALTER TABLE {table} DROP COLUMN {quote(old)};",
        f"ALTER TABLE {table} RENAME COLUMN {quote(new)} TO {quote(old)};",
    ]


def partitions_of(work: Work) -> list[str]:
    """The partitions that it scanned, where it is about a partitioned table."""
    if not any(each.kind == "partitioned table" for each in work.run.touched):
        return []
    return [each.relation for each in work.occupied if each.kind == "table"]
