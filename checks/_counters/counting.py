"""Stored counts of a schema: what is declared, and what looks like one and is kept by somebody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog, Column, Function, Table, Trigger
from migrate_validate.config import Counter

from .._playground import Link, mentions, plain
from .._shared import split_column, split_name

_INTEGERS = ("smallint", "integer", "bigint")
_NAME = re.compile(
    r"(?P<before>.+?)s?_counts?|counts?_(?:of_)?(?P<after>.+)|(?:num|nr|no|n|number_of)_(?P<number>.+)|total_(?P<total>.+)"
)
_COMPARED = (
    r"(?<![\w$])(?:[\w$]+\s*\.\s*)?\"?{column}\"?\s*"
    r"(?P<test>(?:=|<>|!=|IS\s+(?:NOT\s+)?DISTINCT\s+FROM)\s*(?:'(?:[^']|'')*'(?:::[\w.]+)?|\d+|true\b|false\b)"
    r"|IS\s+(?:NOT\s+)?(?:NULL|TRUE|FALSE)\b|(?:NOT\s+)?IN\s*\((?:\s*(?:'(?:[^']|'')*'|\d+)\s*,?)+\))"
)
MOST_CONDITIONS = 60
DECLARE = "declare it under [[expect.counters]]"


@dataclass(frozen=True, slots=True)
class Count:
    """A column that stores how many rows refer to its row."""

    link: Link
    column: str
    conditions: tuple[str, ...]
    """Which rows count, over the child's columns: the declared one, or all that it could be."""
    declared: bool
    keepers: tuple[Trigger, ...]
    """The triggers that keep it."""
    by_functions: bool
    """Whether functions that no trigger calls keep it."""

    @property
    def subject(self) -> str:
        """``schema.table.column``."""
        return f"{self.link.parent.qualified_name}.{self.column}"


def counts_of(catalog: Catalog, declared: Collection[Counter]) -> Iterator[Count | str]:
    """Every declared counter, and every other one that is found.

    A text is given in place of one that cannot be tried: its tables or columns are not there, or it could mean several.
    """
    known = set()
    for each in declared:
        found = _declared(catalog, each)
        known.add(found.subject if isinstance(found, Count) else "")
        yield found
    for table in catalog.tables:
        if table.partition_of is not None or table.kind == "foreign table":
            continue
        for column in table.columns:
            name = f"{table.qualified_name}.{column.name}"
            if name not in known and column.type in _INTEGERS and not column.generated:
                found_count = _found(catalog, table, column)
                if found_count:
                    yield found_count


def _declared(catalog: Catalog, counter: Counter) -> Count | str:
    parent_name, column = split_column(counter.column)
    child_name = ".".join(split_name(counter.counts))
    parent, child = catalog.whole.table(parent_name), catalog.whole.table(child_name)
    if parent is None or child is None:
        return f"{parent_name if parent is None else child_name} does not exist"
    for table, name in ((parent, column), (parent, counter.key), (child, counter.by)):
        if table.column(name) is None:
            return f"{table.qualified_name} has no column {name}"
    link = Link(child, (counter.by,), parent, (counter.key,))
    keepers, by_functions = _keepers(catalog, parent, column, child)
    return Count(link, column, (counter.where,), True, keepers, by_functions)


def _found(catalog: Catalog, parent: Table, column: Column) -> Count | str | None:
    """The counter that a column is, by its name, and by who writes it."""
    match = _NAME.fullmatch(column.name)
    if match is None:
        return None
    words = next(each for each in match.groups() if each)
    fitting: list[tuple[bool, Count | str]] = []
    for child in catalog.tables:
        keys = [key for key in child.foreign_keys if key.references == parent.qualified_name and key.enforced]
        if child.partition_of is not None or not keys:
            continue
        keepers, by_functions = _keepers(catalog, parent, column.name, child)
        named = _named(child, words)
        # A name with another noun (active_user_count of profiles) tells enough where a trigger on the child keeps it.
        if not ((named and (keepers or by_functions)) or (keepers and not match["total"])):
            continue
        spoken = _spoken(catalog, keepers)
        keys = [key for key in keys if len(keys) == 1 or all(mentions(spoken, name) for name in key.columns)]
        if len(keys) != 1:
            name = f"{parent.qualified_name}.{column.name}"
            said = f"{name}: which of the foreign keys of {child.qualified_name} it counts by cannot be told; {DECLARE}"
            fitting.append((named, said))
            continue
        link = Link(child, keys[0].columns, parent, keys[0].referenced_columns)
        conditions = tuple(_conditions(child, words, link, spoken))
        fitting.append((named, Count(link, column.name, conditions, False, keepers, by_functions)))
    best = [count for named, count in fitting if named] or [count for _, count in fitting]
    return best[0] if len(best) == 1 else None


def _named(child: Table, words: str) -> bool:
    """Whether a counter's name speaks of the rows of a table."""
    own = _singular(child.name)
    said = _singular(words)
    return said == own or said.endswith(f"_{own}") or own.endswith(f"_{said}")


def _singular(name: str) -> str:
    for ending, other in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        if name.endswith(ending) and not name.endswith("ss"):
            return name[: -len(ending)] + other
    return name


def _keepers(catalog: Catalog, parent: Table, column: str, child: Table) -> tuple[tuple[Trigger, ...], bool]:
    """The triggers of the child that write the column, and whether functions without a trigger do."""
    writing = {name for name, function in _by_name(catalog).items() if writes(function.body, parent, column)}
    reached = set(writing)
    functions = _by_name(catalog)
    while True:
        more = {
            name
            for name, function in functions.items()
            if name not in reached and any(mentions(function.body, other.partition(".")[2]) for other in reached)
        }
        if not more:
            break
        reached |= more
    triggers = tuple(t for t in child.triggers if t.function in reached and t.enabled != "disabled")
    called = {trigger.function for table in catalog.tables for trigger in table.triggers}
    return triggers, bool(writing - called)


def _by_name(catalog: Catalog) -> dict[str, Function]:
    return {f"{each.schema}.{each.name}": each for each in catalog.whole.functions if each.kind != "aggregate"}


def writes(body: str, parent: Table, column: str) -> bool:
    """Whether the text of a function may write this column of this table."""
    return (
        mentions(body, parent.name) and re.search(rf"(?<![\w$]){re.escape(column)}\"?\s*:?=", plain(body)) is not None
    )


def _spoken(catalog: Catalog, keepers: Collection[Trigger]) -> str:
    """The text of triggers, of their functions, and of those that they call."""
    functions = _by_name(catalog)
    texts = [plain(functions[each.function].body) + "\n" + each.definition for each in keepers]
    texts += [plain(each.body) for each in functions.values() if any(mentions(text, each.name) for text in texts)]
    return "\n".join(texts)


def _conditions(child: Table, words: str, link: Link, text: str) -> Iterator[str]:
    """Which children may be meant: all, or what the functions that keep the counter and its name speak of.

    :param text: of these functions
    """
    if re.search(r"\bcount\s*\(\s*DISTINCT\b", text, re.IGNORECASE):
        # Of something else than rows.
        return
    atoms: dict[str, dict[str, None]] = {}
    for column in child.columns:
        spoken = mentions(text, column.name)
        if column.name in link.columns or not (spoken or _adjective(column, words)):
            continue
        name = f'"{column.name}"'
        own: dict[str, None] = {}
        if column.type == "boolean":
            own |= dict.fromkeys((name, f"NOT {name}"))
        elif not column.not_null:
            own |= dict.fromkeys((f"{name} IS NULL", f"{name} IS NOT NULL"))
        for found in re.finditer(_COMPARED.format(column=re.escape(column.name)), text, re.IGNORECASE):
            own[f"{name} {' '.join(found['test'].split())}"] = None
        first = words.partition("_")[0]
        if column.name in ("status", "state") and "_" in words:
            own[f"{name}::text = '{first}'"] = None
        atoms[column.name] = own
    singles = [atom for own in atoms.values() for atom in own]
    pairs = [
        f"{one} AND {other}"
        for place, own in enumerate(atoms.values())
        for others in list(atoms.values())[place + 1 :]
        for one in own
        for other in others
    ]
    yield from ["true", *singles, *pairs][:MOST_CONDITIONS]


def _adjective(column: Column, words: str) -> bool:
    """Whether a counter's name speaks of a state that the column tells: active users, and is_active."""
    stem = re.sub(r"^is_|_at$", "", column.name)
    return "_" in words and (words.startswith(f"{stem}_") or column.name in ("status", "state"))
