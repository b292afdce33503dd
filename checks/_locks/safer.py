"""The same statement, written so that others can go on working: SQL made from its tree."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import count, groupby

from migrate_validate.catalog.model import Catalog
from migrate_validate.replay.timeline import StatementRun
from migrate_validate.syntax import Node, parse, quote, sql_of

from .altering import (
    LATER,
    REPACK,
    add_column,
    alter,
    column_of,
    columns_in,
    copied,
    light_column,
    name_of,
    named,
    table_of,
)
from .blocks import Inner, inner_statements
from .columns import beside, no_null, retyped
from .domains import domain
from .exchange import exchange, needs_exchange
from .indexes import constraint_by_index, index, partitions_of
from .locking import OF_ROWS, Cause, Command, Work, builds_index, constraint_kind, wants_no_null, wants_validation
from .partitions import partition

_LEAVE_OUT = "-- LOCK holds until COMMIT: leave it out, or take the weakest mode that serves, with little behind it"


def safe_way(work: Work, catalog: Catalog | None) -> str:
    """The statement, written so that others can go on working; where it cannot be, how it stops them least.

    :param catalog: of the end of the chain: it knows keys, bounds and conditions
    """
    if work.kind == "do":
        lines = _out_of_block(work, catalog)
    elif work.kind == "alter_table":
        lines = partition(work, catalog) or (actions(work, catalog) if work.causes - {Cause.SCAN} else [])
        lines = lines or _retyped_under_checks(work, catalog)
    elif work.kind in ("index", "reindex"):
        lines = index(work)
    else:
        lines = domain(work, catalog) or partition(work, catalog) or _written(work)
    return "\n".join(lines) or alone(work)


def alone(work: Work) -> str:
    """The statement in a migration of its own: it stops others for no longer than it takes itself."""
    return "\n".join(
        [
            f"-- in a migration of its own, when few use {work.about}:",
            "SET lock_timeout = '5s';",
            f"{work.run.statement.sql.rstrip()};",
        ]
    )


def _out_of_block(work: Work, catalog: Catalog | None) -> list[str]:
    """What a DO block does, as statements of migrations."""
    inner = [each for each in inner_statements(work.run.statement.sql) if each.kind or each.sql]
    locking = [each for each in inner if each.kind and each.kind not in OF_ROWS]
    lines: list[str] = []
    for each in inner:
        condition = ", under the condition that it has there" if each.conditional else ""
        if not each.kind:
            lines += [f"-- in a migration of its own{condition}: what the block makes of this", f"-- {each.sql}"]
            continue
        if each not in locking:
            lines += [f"-- in a later migration{condition}:", f"{each.sql};"]
            continue
        lines += [f"-- a statement of its own, out of the DO block{condition}:", *_inner(work, each, catalog, locking)]
    return lines


def _inner(work: Work, inner: Inner, catalog: Catalog | None, locking: Sequence[Inner]) -> list[str]:
    """A statement of a block that locks; safer, as far as it is sure that it needs to be."""
    statement = replace(work.run.statement, sql=inner.sql, kind=inner.kind)
    own = replace(work, run=replace(work.run, statement=statement))
    if inner.kind == "alter_table":
        lines = partition(own, catalog) or actions(own, catalog, suspected=len(locking) == 1)
        return lines or [f"{inner.sql};"]
    return index(own) if inner.kind in ("index", "reindex") else domain(own, catalog) or [f"{inner.sql};"]


def _retyped_under_checks(work: Work, catalog: Catalog | None) -> list[str]:
    """ALTER COLUMN TYPE that writes nothing, and reads all rows for the sake of CHECKs, or builds indexes again."""
    tree = work.tree
    retyping = [command for command in work.commands if command.kind == "AT_AlterColumnType"]
    if tree is None or not retyping:
        return []
    columns = {command.name for command in retyping}
    tables = catalog.tables if catalog is not None else ()
    table = next((each for each in tables if work.names(each.qualified_name)), None)
    checks = [
        each
        for each in (table.constraints if table is not None else ())
        if each.kind == "check" and not columns.isdisjoint(each.columns)
    ]
    if not checks:
        return [
            line
            for command in work.commands
            for line in (retyped(tree, command) if command in retyping else _together(tree, [command]))
        ]
    copy = copied(tree)
    for each in checks:
        definition = each.definition.removesuffix(" NOT VALID")
        exchanged = parse(
            f"ALTER TABLE x DROP CONSTRAINT {quote(each.name)}, "
            f"ADD CONSTRAINT {quote(each.name)} {definition} NOT VALID"
        )[0].node
        copy.cmds.extend(exchanged.cmds)
    return [
        f"{sql_of(copy)};",
        LATER,
        *(f"ALTER TABLE {table_of(tree)} VALIDATE CONSTRAINT {quote(each.name)};" for each in checks),
    ]


def _written(work: Work) -> list[str]:
    """What is written anew by other statements than ALTER TABLE."""
    tree = work.tree
    if work.kind == "refresh_mat_view" and tree is not None:
        copy = copied(tree)
        copy.concurrent = True
        return [f"-- needs a unique index on columns of {table_of(tree)}, over all rows:", f"{sql_of(copy)};"]
    if work.kind == "vacuum" and tree is not None:
        copy = copied(tree)
        kept = [option for option in tree.options if option.def_elem.defname != "full"]
        del copy.options[:]
        copy.options.extend(kept)
        return [
            "-- has the space used again, beside readers and writers:",
            f"{sql_of(copy)};",
            "-- gives it back to the system beside them: pg_repack, an extension",
        ]
    return [REPACK] if work.kind == "cluster" else []


def actions(work: Work, catalog: Catalog | None, *, suspected: bool = True) -> list[str]:
    """How the actions of an ALTER TABLE are done one by one, without work under a lock.

    All of them, whichever is asked about: what takes the statement's place must not lock others out for another action.

    :param suspected: no other statement can have written the table anew
    """
    tree = work.tree
    if tree is None:
        return []
    if any(map(needs_exchange, work.commands)):
        return exchange(tree, work.commands, catalog)
    rewritten = Cause.REWRITE in work.causes
    slow = [beside(tree, each, catalog, alone=False) if rewritten else [] for each in work.commands]
    if rewritten and suspected and not any(slow):
        slow = [beside(tree, each, catalog, alone=True) for each in work.commands]
        if not any(slow):
            return _split(tree, work.commands) if len(work.commands) > 1 else exchange(tree, work.commands, catalog)
    by_itself: list[str] = []
    rest: list[Command] = []
    names: set[str] = set()
    for command, steps_beside in zip(work.commands, slow, strict=True):
        steps = _by_itself(work, command, names, added=not steps_beside)
        by_itself += steps
        if not steps_beside and not steps:
            rest.append(command)
    retypes = {
        command.name
        for command, steps in zip(work.commands, slow, strict=True)
        if steps and command.kind == "AT_AlterColumnType"
    }
    first = [command for command in rest if not _concerns(command, retypes)]
    # What is said of a column of another type is said of the one that takes its place.
    last = [command for command in rest if _concerns(command, retypes)]
    lines = [line for steps in slow for line in steps]
    return [*_together(tree, first), *lines, *_together(tree, last), *by_itself]


def _split(tree: Node, commands: Sequence[Command]) -> list[str]:
    """Each action alone."""
    return [
        "-- each in a migration of its own, so that only what writes the table anew takes its time:",
        *(line for command in commands for line in _together(tree, [command])),
    ]


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
        return [LATER, f"ALTER TABLE {table_of(tree)} VALIDATE CONSTRAINT {quote(command.name)};"]
    if wants_no_null(command):
        return _not_null(tree, command)
    searched = max((each.scans for each in work.occupied), default=0) > 1
    lines = []
    for each in command.constraints:
        if builds_index(each):
            lines += constraint_by_index(tree, command, each, partitions_of(work), searched=searched)
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
        return [*(f"{sql};" for sql in first), LATER, *(f"{sql};" for sql in (*later, alter(tree, whole)))]
    return [
        f"{alter(tree, made)};",
        LATER,
        f"ALTER TABLE {table_of(tree)} VALIDATE CONSTRAINT {quote(made.conname)};",
    ]


def _unused(names: Collection[str], table: str, columns: Sequence[str], ending: str) -> str:
    """``t_a_check``, ``t_a_check1``, ...: as PostgreSQL numbers them."""
    numbered = (named(table, columns, f"{ending}{number or ''}") for number in count())
    return next(name for name in numbered if name not in names)


def _not_null(tree: Node, command: Command) -> list[str]:
    """How a column becomes NOT NULL without a scan under the lock."""
    if command.kind == "AT_SetNotNull":
        return [*no_null(tree, command.name)]
    added = command.constraints[0]
    columns = [each.string.sval for each in added.keys] or ["..."]
    return [*(line for column in columns for line in no_null(tree, column)), f"{alter(tree, added)};"]


def apart(locking: Sequence[StatementRun], working: Sequence[StatementRun]) -> str:
    """What locks and what works, in files of their own, in the order in which they were written."""
    locking, lines = _without_lock(locking)
    for ours, group in groupby(
        sorted({id(run): run for run in (*locking, *working)}.values(), key=lambda run: _place(run)),
        key=lambda run: any(run is each for each in locking),
    ):
        if locking:
            lines.append("-- one migration:" if ours else "-- another one:")
        lines += [f"{_first_line(run.statement.sql)};" for run in group]
    return "\n".join(lines)


def soon_over(locking: Sequence[StatementRun]) -> str:
    """What locks, each in a transaction of its own: no lock is held for the sake of another statement.

    :param locking: in the order in which they were written
    """
    locking, lines = _without_lock(locking)
    if locking:
        lines += [
            "-- each in a migration of its own, which gives up soon where it has to wait:",
            "SET lock_timeout = '5s';",
        ]
    return "\n".join([*lines, *(f"{_first_line(run.statement.sql)};" for run in locking)])


def _without_lock(locking: Sequence[StatementRun]) -> tuple[list[StatementRun], list[str]]:
    """What locks by the way; and what can be said of what does nothing else, which serves nobody by itself."""
    by_the_way = [run for run in locking if run.statement.kind != "lock"]
    return by_the_way, [_LEAVE_OUT] if len(by_the_way) < len(locking) else []


def _place(run: StatementRun) -> tuple[int, int]:
    return run.statement.location.line or 0, run.statement.location.column or 0


def _first_line(text: str) -> str:
    lines = text.splitlines()
    return lines[0] if len(lines) == 1 else f"{lines[0]} ..."
