"""Which tables a migration meets with their rows, and whether their rows can matter to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import UNPARSED, statements
from migrate_validate.data.loading import is_deferred
from migrate_validate.replay.timeline import Step
from migrate_validate.syntax import Node

from .._shared import enum_name
from .deeds import Words

_BLIND = frozenset(
    {
        "alter_default_privileges",
        "alter_enum",
        "alter_function",
        "alter_owner",
        "alter_policy",
        "comment",
        "composite_type",
        "create_domain",
        "create_enum",
        "create_extension",
        "create_function",
        "create_policy",
        "create_publication",
        "create_range",
        "create_role",
        "create_schema",
        "create_seq",
        "create_stats",
        "create_trig",
        "define",
        "grant",
        "grant_role",
        "notify",
        "rule",
        "transaction",
        "variable_set",
        "view",
    }
)
"""Kinds of statements that no row can stand in the way of, and that touch none."""
_BLIND_ACTIONS = frozenset(
    {
        "AT_ChangeOwner",
        "AT_ColumnDefault",
        "AT_DisableRowSecurity",
        "AT_DisableTrig",
        "AT_DropConstraint",
        "AT_DropNotNull",
        "AT_EnableRowSecurity",
        "AT_EnableTrig",
        "AT_ForceRowSecurity",
        "AT_NoForceRowSecurity",
        "AT_ReplicaIdentity",
        "AT_ResetRelOptions",
        "AT_SetOptions",
        "AT_SetRelOptions",
        "AT_SetStatistics",
        "AT_SetStorage",
    }
)
"""The same of the actions of ALTER TABLE."""
_HOLDERS = (
    "OBJECT_TABLE",
    "OBJECT_COLUMN",
    "OBJECT_SCHEMA",
    "OBJECT_TYPE",
    "OBJECT_DOMAIN",
    "OBJECT_EXTENSION",
    "OBJECT_COLLATION",
)
"""What a DROP takes rows or values along with."""
_DEFINES = frozenset({"alter_table", "create", "drop", "index", "rename"})
"""Kinds of statements that leave the rows of other tables alone, though they may speak of ON DELETE CASCADE."""
_DELETES = re.compile(r"\b(delete|truncate|merge|execute)\b", re.IGNORECASE)
_CALLS = frozenset({"call", "do", "select"})
"""Kinds of statements that delete only by what they call, or by what is in them."""
_DELETING = frozenset({"cascade", "delete", "drop", "merge", "truncate"})
"""Deeds that rows go by."""
_BODY_DELETES = re.compile(r"\b(delete\s+from|truncate|merge\s+into|execute)\b", re.IGNORECASE)
"""What the text of a function that deletes has in it; many only ask whether they were called by a DELETE."""
_HARMLESS_CONSTRAINTS = frozenset({"CONSTR_NULL", "CONSTR_DEFAULT"})
_BESIDE = ("comment", "index")
"""Kinds of statements whose work hardly any later one needs."""
_BLOCKING = ("no action", "restrict")
"""What a foreign key does that keeps the row which it refers to from going."""


def met(step: Step, before: Catalog, words: Words) -> frozenset[str]:
    """The tables of before whose rows can matter to a migration: it reads or changes them, or checks them.

    Where it may delete rows, those that refer to them are among them, as they may go or change along with them.

    :param words: what it says about rows
    :return: ``schema.name`` of each; empty where no row can stand in its way
    """
    tables = before.tables_by_name
    domains = frozenset(domain.name for domain in before.domains) | _domains(
        run.statement for run in step.run.statements
    )
    seeing = [run for run in step.run.statements if not _blind(run.statement, domains)]
    found = {_root(before, touched.relation) for run in seeing for touched in run.touched if touched.relation in tables}
    named = _named(before, (run.statement for run in seeing))
    if any(run.transaction is None for run in seeing):
        found |= named
    # What an earlier statement has locked already is not touched once more.
    locked = {
        _root(before, each.relation) for run in step.run.statements for each in run.touched if each.relation in tables
    }
    found |= named & locked
    for run in seeing:
        if run.statement.kind == "alter_domain":
            # It locks them in a way that keeps nobody out.
            found |= set(_of_domain(run.statement, before))
    if any(run.statement.kind in _CALLS for run in seeing):
        found |= _told(before, words)
    found |= set(_dependents(before, found, words, [run.statement for run in seeing]))
    return frozenset(name for name in found if tables[name].kind != "foreign table")


def shortened(script: Script, before: Catalog, tables: Collection[str]) -> Script:
    """The script as far as rows can matter to it: without comments and indexes that take any rows, and without its end,
    where no table, column or label gets a name there.

    :param tables: ``schema.name`` of those that it meets. Where something of theirs waits for the end of a transaction,
        no statement is left out: many fail when it still does
    """
    met_with = [before.tables_by_name[name] for name in tables]
    waiting = any(each.deferrable for table in met_with for each in table.constraints)
    waiting = waiting or any(is_deferred(each) for table in met_with for each in table.triggers)
    if waiting or script.traced is not None or "deferr" in script.text.lower():
        return script
    own = statements(script)
    domains = frozenset(domain.name for domain in before.domains) | _domains(own)
    blind = [_blind(each, domains) for each in own]
    last = max((place for place, each in enumerate(own) if not blind[place] or _names(each)), default=-1)
    kept = tuple(
        each
        for place, each in enumerate(own)
        if each.kind == "transaction" or (place <= last and not (blind[place] and each.kind in _BESIDE))
    )
    return replace(script, statements=kept) if len(kept) < len(own) else script


def _names(statement: Statement) -> bool:
    """Whether a statement that no row matters to names anything that rows are followed by, or takes columns along."""
    if statement.kind not in ("alter_table", "drop"):
        return statement.kind in ("rename", "alter_enum")
    node = syntax.parse(statement.sql)[0].node
    if statement.kind == "drop":
        return enum_name(node, "behavior") == "DROP_CASCADE"
    return any(enum_name(syntax.unwrap(each), "subtype") == "AT_AddColumn" for each in node.cmds)


def _of_domain(statement: Statement, before: Catalog) -> Iterator[str]:
    """The tables with a column of the domain that a statement changes."""
    name = syntax.unwrap(syntax.parse(statement.sql)[0].node.type_name[-1]).sval
    for table in before.tables:
        types = (column.type.removesuffix("[]").rpartition(".")[2].strip('"') for column in table.columns)
        if name in types:
            yield _root(before, table.qualified_name)


def _told(before: Catalog, words: Words) -> set[str]:
    """The tables that functions and blocks speak of: without rows, they may never have come to them."""
    names = {each.table for each in words.deeds}
    names |= {name for each in words.copies for name in (each.source, each.target, *each.others)}
    return {_root(before, name) for name in names if name in before.tables_by_name}


def _domains(statements: Iterable[Statement]) -> frozenset[str]:
    """The names of the domains that these make."""
    made = (syntax.parse(each.sql)[0].node for each in statements if each.kind == "create_domain")
    return frozenset(syntax.unwrap(node.domainname[-1]).sval for node in made)


def _blind(statement: Statement, domains: frozenset[str]) -> bool:
    """Whether no row can stand in the way of a statement, or be changed by it.

    :param domains: by bare name; a new column of such a type may be refused
    """
    if statement.kind in _BLIND:
        return True
    if statement.kind == UNPARSED:
        return False
    node = syntax.parse(statement.sql)[0].node
    match statement.kind:
        case "alter_table":
            return all(_blind_action(syntax.unwrap(action), domains) for action in node.cmds)
        case "create":
            return not node.HasField("partbound")
        case "drop":
            return enum_name(node, "remove_type") not in _HOLDERS
        case "index":
            return not node.unique and all(syntax.unwrap(each).name for each in node.index_params)
        case "rename":
            return True
    return False


def _blind_action(action: Node, domains: frozenset[str]) -> bool:
    kind = enum_name(action, "subtype")
    if kind != "AT_AddColumn":
        return kind in _BLIND_ACTIONS
    column = syntax.unwrap(getattr(action, "def"))
    constraints = {enum_name(syntax.unwrap(each), "contype") for each in column.constraints}
    of_domain = syntax.unwrap(column.type_name.names[-1]).sval in domains
    return constraints <= _HARMLESS_CONSTRAINTS and not of_domain


def _named(before: Catalog, statements: Iterable[Statement]) -> frozenset[str]:
    words = {word for each in statements for word in re.findall(r"\w+", each.sql.lower())}
    return frozenset(_root(before, table.qualified_name) for table in before.tables if table.name.lower() in words)


def _root(before: Catalog, name: str) -> str:
    """The table that a partition belongs to: it is filled through that."""
    tables = before.tables_by_name
    while name in tables and (above := tables[name].partition_of) is not None:
        name = above
    return name


def _dependents(
    before: Catalog, names: Collection[str], words: Words, statements: Sequence[Statement]
) -> Iterator[str]:
    """The tables whose rows may go or be changed with rows of these, or keep them from going or changing."""
    deeds = [each for each in words.deeds if each.statement.kind not in _DEFINES]
    deletes = (
        any(each.kind in _DELETING for each in deeds)
        or any(each.kind not in _DEFINES for each in words.unread)
        or any(each.kind not in _DEFINES | _CALLS and _DELETES.search(each.sql) for each in statements)
        or (bool(deeds) and _fired_deletes(before, names))
    )
    changed: dict[str, set[str]] = {}
    for deed in deeds:
        for table in (deed.table, *words.family.get(deed.table, ())):
            changed.setdefault(table, set()).update(deed.assigned)
    reached = set(names)
    queue = list(reached)
    while queue:
        name = queue.pop()
        for table in before.tables:
            keys = [key for key in table.foreign_keys if key.references == name]
            keys = [key for key in keys if deletes or changed.get(name, set()).intersection(key.referenced_columns)]
            root = _root(before, table.qualified_name)
            if not keys or root in reached:
                continue
            reached.add(root)
            yield root
            # Where rows stand in the way, nothing goes on to the tables behind theirs.
            if any(key.on_delete not in _BLOCKING or key.on_update not in _BLOCKING for key in keys):
                changed[root] = {column for key in keys for column in key.columns}
                queue.append(root)


def _fired_deletes(before: Catalog, names: Iterable[str]) -> bool:
    """Whether triggers of these tables may delete rows."""
    called = {trigger.function for name in names for trigger in before.tables_by_name[name].triggers}
    return any(
        f"{each.schema}.{each.name}" in called and _BODY_DELETES.search(each.body) is not None
        for each in before.functions
    )
