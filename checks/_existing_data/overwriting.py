"""Values that an UPDATE or a cast overwrites beyond what can have been meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_validate.chain.model import Statement
from migrate_validate.syntax import Node, node_name, unwrap, walk

from .._shared import count_of
from .casting import Pairs
from .expressions import columns_of, functions, operators, speaks_of_null, strings
from .harm import Harm
from .pictures import Pictured
from .scene import Followed, differences, kind
from .values import Path, lost_keys, spelled

Stated = Sequence[tuple[Statement, Node | None]]
"""The statements that give a column its values, and the expressions; None where they could not be read."""


def overwritten(followed: Followed, was: Pictured, now: Pictured, differing: Pairs, stated: Stated) -> Iterator[Harm]:
    """What gets lost when values are made anew from themselves.

    :param differing: the rows whose value is another one now
    """
    yield from _json(followed, was, now, differing, stated)
    yield from _emptied(followed, was, now, differing, stated)


def _json(followed: Followed, was: Pictured, now: Pictured, differing: Pairs, stated: Stated) -> Iterator[Harm]:
    """Keys of JSON objects that an UPDATE leaves out when it makes the object anew."""
    if kind(was.type) != "json" or kind(now.type) != "json":
        return
    expressions = [each for _, each in stated if each is not None]
    if len(expressions) != len(stated) or not any(_rebuilds(each, was.name) for each in expressions):
        return
    if any({"-", "#-"} & set(operators(each)) or _strips(each) for each in expressions):
        return
    lost = [(pair, _unsaid(pair[0][was.number], pair[1][now.number], expressions)) for pair in differing]
    losing = [(pair, paths) for pair, paths in lost if paths]
    if not losing:
        return
    table, column = followed.name, was.name
    paths = sorted({spelled(path) for _, found in losing for path in found})
    deep = all(len(path) > 1 for _, found in losing for path in found)
    how = f"loses {paths[0]}" if deep else "loses keys"
    merged = f"SET {column} = {column} || jsonb_build_object(...)"
    inside = f"jsonb_set({column}, path, ...) changes what is inside and leaves the rest; || replaces it as a whole"
    yield Harm(
        "values-changed",
        (table, column, "json keys"),
        f"UPDATE makes {table}.{column} anew and {how} of {len(losing)} of {count_of(len(differing), 'row')}",
        object=f"{table}.{column}",
        statement=stated[0][0],
        evidence={
            "keys": paths[:3],
            "changed": differences(followed.was, followed.now, [pair for pair, _ in losing]),
        },
        fix=inside if deep else f"keep what is there: {merged}",
    )


def _unsaid(was: str | None, now: str | None, expressions: Sequence[Node]) -> list[Path]:
    """The keys and elements that are gone though the expressions do not speak of them."""
    named = {part for each in expressions for text in strings(each) for part in _steps(text)}
    chosen = any(_chooses(each) for each in expressions)
    return [
        path
        for path in lost_keys(was, now)
        if path[-1] not in named and not (chosen and any(isinstance(step, int) for step in path))
    ]


def _steps(text: str) -> list[str]:
    """A constant, and where it is a path of keys (``{a,b}``) the last one of them."""
    plain = text.startswith("{") and text.endswith("}") and not set(text) & set(':"[')
    return [text, text[1:-1].rpartition(",")[2].strip()] if plain else [text]


def _chooses(expression: Node) -> bool:
    """Whether it says which elements of an array stay."""
    selects = any(
        node_name(each) == "SelectStmt" and (each.HasField("where_clause") or each.HasField("limit_count"))
        for each in walk(expression)
    )
    filters = any(node_name(each) == "FuncCall" and each.HasField("agg_filter") for each in walk(expression))
    return selects or filters or any("jsonb_path" in each for each in functions(expression))


def _emptied(followed: Followed, was: Pictured, now: Pictured, differing: Pairs, stated: Stated) -> Iterator[Harm]:
    """Values that become NULL where an expression knows nothing to put in their place."""
    table, column = followed.name, was.name
    empty = [pair for pair in differing if pair[0][was.number] is not None and pair[1][now.number] is None]
    found = ((statement, _gap(each, column)) for statement, each in stated if each is not None)
    statement, gap = next(((statement, gap) for statement, gap in found if gap), (None, ""))
    if not empty or not gap:
        return
    yield Harm(
        "values-changed",
        (table, column, gap),
        f"{table}.{column} becomes NULL in {len(empty)} of {count_of(len(followed.was.rows), 'row')}: {gap}",
        object=f"{table}.{column}",
        statement=statement,
        evidence={"changed": differences(followed.was, followed.now, empty)},
        fix=f"say what is to become of the others: ELSE {column}, COALESCE(..., {column}), or a WHERE that leaves them"
        " out",
    )


def _gap(expression: Node, column: str) -> str:
    """How an expression comes to be NULL without a word about NULL; empty where it has one, or cannot be."""
    nodes = walk(expression)
    names = [node_name(each) for each in nodes]
    if speaks_of_null(expression):
        return ""
    if names[0] == "SubLink":
        targets = unwrap(nodes[0].subselect).target_list
        # One that counts or sums up always has a row.
        return "" if any(True for each in targets for _ in functions(each)) else "its subquery finds no row for them"
    if any(node_name(each) == "CaseExpr" and not each.HasField("defresult") for each in nodes):
        return "CASE has no ELSE for them"
    own = any(name == column for _, name in columns_of(expression))
    return "what it is made from is NULL for them" if own and names[0] == "A_Expr" else ""


def _rebuilds(expression: Node, column: str) -> bool:
    builds = any(
        "build_object" in each or each in ("to_jsonb", "to_json", "row_to_json") for each in functions(expression)
    )
    return builds or any(name == column for _, name in columns_of(expression))


def _strips(expression: Node) -> bool:
    return any("strip_nulls" in each for each in functions(expression))
