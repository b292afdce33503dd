"""The statements inside of DO blocks and functions, as far as their text tells them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from migrate_validate.catalog.model import Function
from migrate_validate.syntax import GrammarError, Node, node_name, parse, parse_block, unwrap, walk

from .loops import Loop, entered, skipped, spread


@dataclass(frozen=True, slots=True)
class Body:
    """What is inside a block or a function."""

    nodes: tuple[Node, ...] = ()
    """The statements that could be read, in their order."""
    unread: tuple[str, ...] = ()
    """Texts that only running makes statements of, such as the argument of EXECUTE; or all, where nothing parses."""


def block(text: str, node: Node) -> Body:
    """The body of a DO statement."""
    options = {each.def_elem.defname: each.def_elem.arg for each in node.args}
    source = unwrap(options["as"]).sval if "as" in options else ""
    language = unwrap(options["language"]).sval if "language" in options else "plpgsql"
    return _plpgsql(text, source) if language.lower() == "plpgsql" else Body(unread=(source,))


def defined(text: str, node: Node) -> Body:
    """The body of a CREATE FUNCTION or PROCEDURE."""
    options = {each.def_elem.defname: each.def_elem.arg for each in node.options}
    language = unwrap(options["language"]).sval.lower() if "language" in options else "sql"
    if node.HasField("sql_body"):
        return Body(tuple(each for each in walk(node.sql_body) if node_name(each).endswith("Stmt")))
    parts = [unwrap(each).sval for each in unwrap(options["as"]).items] if "as" in options else []
    return _of(language, text, parts[0] if parts else "")


def existing(function: Function) -> Body:
    """The body of a function that is there."""
    language = function.language.lower()
    if language not in ("sql", "plpgsql"):
        return Body()
    # Names of variables matter to the parser; what the function returns does not.
    text = f"CREATE FUNCTION f({function.signature}) RETURNS {function.returns or 'void'} LANGUAGE {language} AS "
    return _of(language, text + "$migrate_validate$" + function.body + "$migrate_validate$", function.body)


def _of(language: str, text: str, source: str) -> Body:
    if language == "plpgsql":
        return _plpgsql(text, source)
    if language != "sql":
        return Body(unread=(source,) if source else ())
    try:
        return Body(tuple(each.node for each in parse(source)))
    except GrammarError:
        return Body(unread=(source,))


def _plpgsql(text: str, source: str) -> Body:
    try:
        tree = parse_block(text)
    except GrammarError:
        return Body(unread=(source,))
    nodes: list[Node] = []
    unread: list[str] = []
    for each in _queries(tree, _Inside()):
        query, dynamic = each.query, each.inside.dynamic
        try:
            found = parse(query if not dynamic else f"SELECT {query}")
        except GrammarError:
            found = _assigned(query)
        if not dynamic:
            nodes += [spread(one.node, each.inside.loops, each.inside.conditions) for one in found]
            continue
        constant = unwrap(found[0].node.target_list[0].res_target.val) if found else None
        if constant is not None and node_name(constant) == "A_Const":
            try:
                nodes += [one.node for one in parse(constant.sval.sval)]
                continue
            except GrammarError:
                pass
        unread.append(query)
    return Body(tuple(nodes), tuple(unread))


def _assigned(query: str) -> list[Any]:
    """What an expression or the right side of an assignment calls."""
    for text in (query, query.partition(":=")[2], query.partition("=")[2]):
        try:
            return list(parse(f"SELECT {text}")) if text.strip() else []
        except GrammarError:
            continue
    return []


@dataclass(frozen=True, slots=True)
class _Inside:
    """What is around a part of a tree of PL/pgSQL."""

    dynamic: bool = False
    """It is an expression that gives the text of a query."""
    loops: tuple[Loop, ...] = ()
    conditions: tuple[str, ...] = ()
    """Under which it is reached within the loops."""


@dataclass(frozen=True, slots=True)
class _Query:
    query: str
    inside: _Inside


def _queries(tree: Any, inside: _Inside) -> Iterator[_Query]:
    """Queries of a tree of PL/pgSQL."""
    if isinstance(tree, list):
        for each in tree:
            yield from _queries(each, inside)
            for name, about in each.items() if isinstance(each, dict) else ():
                passed = tuple(f"({condition}) IS NOT TRUE" for condition in skipped(name, about))
                inside = replace(inside, conditions=(*inside.conditions, *passed))
    elif isinstance(tree, dict):
        for name, each in tree.items():
            yield from _of_part(name, each, inside)


def _of_part(name: str, each: Any, inside: _Inside) -> Iterator[_Query]:
    loop = entered(name, each)
    if name == "PLpgSQL_expr":
        yield _Query(each["query"], inside)
    elif loop is not None:
        yield from _queries(each.get("query"), inside)
        yield from _queries(each.get("body", []), replace(inside, loops=(*inside.loops, loop)))
    elif name == "PLpgSQL_stmt_if" and inside.loops:
        yield from _queries(each["cond"], inside)
        met, passed = each["cond"]["PLpgSQL_expr"]["query"], inside.conditions
        yield from _queries(each.get("then_body", []), replace(inside, conditions=(*passed, met)))
        for other in (one["PLpgSQL_if_elsif"] for one in each.get("elsif_list", [])):
            yield from _queries(other["cond"], inside)
            passed = (*passed, f"({met}) IS NOT TRUE")
            met = other["cond"]["PLpgSQL_expr"]["query"]
            yield from _queries(other.get("stmts", []), replace(inside, conditions=(*passed, met)))
        rest = (*passed, f"({met}) IS NOT TRUE")
        yield from _queries(each.get("else_body", []), replace(inside, conditions=rest))
    else:
        dynamic = name == "PLpgSQL_stmt_dynexecute" or (name == "query" and inside.dynamic)
        yield from _queries(each, replace(inside, dynamic=dynamic))


_NAME = r'(?:only\s+)?((?:"[^"]+"|[a-z_%][\w$]*)(?:\s*\.\s*(?:"[^"]+"|[a-z_%][\w$]*))?)'
_SAID = re.compile(
    r"\b(?P<delete>delete\s+from)\s+" + _NAME + r"|\b(?P<truncate>truncate)(?:\s+table)?\s+" + _NAME
    + r"|\b(?P<update>update)\s+" + _NAME + r"\s+(?:(?:as\s+)?\w+\s+)?set\b|\b(?P<insert>insert\s+into)\s+" + _NAME
    + r"|\b(?P<merge>merge\s+into)\s+" + _NAME + r"|\b(?P<drop>drop\s+table)(?:\s+if\s+exists)?\s+" + _NAME,
    re.IGNORECASE,
)  # fmt: skip


def said(text: str) -> Iterator[tuple[str, str]]:
    """Kind of deed and name of the table, as they stand in a text that could not be parsed.

    The name is empty where only running tells it: ``%I`` of ``format()``, a piece of a concatenation.
    """
    for found in _SAID.finditer(text):
        kind = found.lastgroup or next(name for name, value in found.groupdict().items() if value)
        name = next(value for value in reversed(found.groups()) if value)
        bare = name.replace('"', "").replace(" ", "")
        yield kind, "" if "%" in bare else bare.lower() if '"' not in name else bare
    for kind, words in (("delete", r"delete\s+from"), ("truncate", r"truncate(?:\s+table)?"), ("update", "update")):
        if re.search(rf"\b{words}\s+'\s*\|\|", text, re.IGNORECASE):
            yield kind, ""
