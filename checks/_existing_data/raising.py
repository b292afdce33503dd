"""Functions that refuse rows with RAISE: who called them, and on what condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.replay.timeline import Failure
from migrate_validate.syntax import GrammarError, Node, node_name, unwrap

_FRAME = re.compile(r"^.*PL/pgSQL\S* (?:\w+ )?(?P<name>[\w.\"$]+)(?:\(.*?\))?,? \w+ (?P<line>\d+) ", re.MULTILINE)
"""``PL/pgSQL function f() line 3 at RAISE``, in whatever language."""
BLOCK = "inline_code_block"
"""What the body of a DO block is called."""
_ERROR = 21
"""The level of RAISE EXCEPTION."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A function that was running when something failed."""

    name: str
    """As PostgreSQL prints it, without arguments: ``refuse``, ``app.refuse``; of a DO block ``inline_code_block``."""
    line: int


def frames(failure: Failure) -> tuple[Frame, ...]:
    """The functions in PL/pgSQL that were running when a statement failed, the innermost one first."""
    found = _FRAME.finditer(failure.context or "")
    return tuple(Frame(each["name"].replace('"', ""), int(each["line"])) for each in found)


def told(failure: Failure, before: Catalog, up: Script) -> str:
    """Who raised an error, and which trigger called: ``the trigger bound on u calls checked()``; empty: nobody."""
    running = [each for each in frames(failure) if each.name != BLOCK]
    if not running:
        return ""
    called = triggers(running[-1].name, before, up)
    inner = f"{running[0].name}()"
    if not called:
        return f"raised by {inner}"
    named = " and ".join(f"{name} on {table}" for name, table in called)
    outer = f"{running[-1].name}()"
    through = "" if outer == inner else f", which is called by {outer}"
    return f"raised by {inner}{through}, of the trigger{'s' if len(called) > 1 else ''} {named}"


def triggers(function: str, before: Catalog, up: Script) -> list[tuple[str, str]]:
    """Name and table of the triggers that call a function: those of before, and those that the script makes."""
    bare = function.rpartition(".")[2]
    found = {
        (trigger.name, table.qualified_name): None
        for table in before.tables
        for trigger in table.triggers
        if trigger.function.rpartition(".")[2] == bare
    }
    for node in _nodes(up, "create_trig"):
        if unwrap(node.funcname[-1]).sval == bare:
            table = f"{node.relation.schemaname or 'public'}.{node.relation.relname}"
            found[node.trigname, table] = None
    return list(found)


def conditions(failure: Failure, before: Catalog, up: Script, block: Node | None = None) -> Iterator[str]:
    """On which condition the innermost function raised the error, as SQL over its variables; NEW and OLD are ``new``
    and ``old``.

    :param block: the DoStmt that failed, if it was one
    """
    running = frames(failure)
    if not running:
        return
    frame = running[0]
    for source in [_source(block)] if frame.name == BLOCK and block is not None else _sources(frame.name, before, up):
        tree = _tree(source)
        if tree is not None:
            for path in _raised(tree, frame.line, ()):
                yield _exchanged(" AND ".join(f"({each})" for each in path), _variables(tree))


def _source(block: Node) -> str:
    options = {each.def_elem.defname: each.def_elem.arg for each in block.args}
    return str(unwrap(options["as"]).sval) if "as" in options else ""


def _sources(name: str, before: Catalog, up: Script) -> Iterator[str]:
    bare = name.rpartition(".")[2]
    made = [node for node in _nodes(up, "create_function") if unwrap(node.funcname[-1]).sval == bare]
    for node in made:
        options = {each.def_elem.defname: each.def_elem.arg for each in node.options}
        if "as" in options:
            yield unwrap(unwrap(options["as"]).items[0]).sval
    if not made:
        yield from (each.body for each in before.functions if each.name == bare and each.language == "plpgsql")


def _nodes(up: Script, kind: str) -> Iterator[Node]:
    try:
        cut = statements(up)
    except ScriptError:
        return
    for each in cut:
        if each.kind == kind and each.kind != UNPARSED:
            yield syntax.parse(each.sql)[0].node


def _tree(source: str) -> Any:
    # As a function of a trigger it is not always printed as JSON; names of variables matter to the parser.
    head = "CREATE FUNCTION f(new record, old record, tg_op text, tg_table_name text) RETURNS record LANGUAGE plpgsql"
    try:
        return syntax.parse_block(f"{head} AS $migrate_validate${source}$migrate_validate$")
    except GrammarError:
        return None


def _raised(tree: Any, line: int, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The conditions around the RAISE, ASSERT or SELECT INTO STRICT of a line; none where it is without any."""
    if isinstance(tree, list):
        for each in tree:
            yield from _raised(each, line, path)
    elif isinstance(tree, dict):
        for kind, about in tree.items():
            yield from _of_statement(kind, about, line, path)


def _of_statement(kind: str, about: Any, line: int, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if kind == "PLpgSQL_stmt_raise" and about.get("lineno") == line and about.get("elog_level", _ERROR) == _ERROR:
        if path:
            yield path
    elif kind == "PLpgSQL_stmt_assert" and about.get("lineno") == line:
        yield (*path, f"({_query(about['cond'])}) IS NOT TRUE")
    elif kind == "PLpgSQL_stmt_execsql" and about.get("strict") and about.get("lineno") == line:
        yield (*path, f"(SELECT count(*) FROM ({_query(about['sqlstmt'])}) AS found) <> 1")
    elif kind == "PLpgSQL_stmt_if":
        met = _query(about["cond"])
        yield from _raised(about.get("then_body", []), line, (*path, met))
        passed = (*path, f"({met}) IS NOT TRUE")
        for each in (other["PLpgSQL_if_elsif"] for other in about.get("elsif_list", [])):
            met = _query(each["cond"])
            yield from _raised(each.get("stmts", []), line, (*passed, met))
            passed = (*passed, f"({met}) IS NOT TRUE")
        yield from _raised(about.get("else_body", []), line, passed)
    elif not kind.startswith("PLpgSQL_stmt_for") and kind not in ("PLpgSQL_stmt_while", "PLpgSQL_exception_block"):
        yield from _raised(about, line, path)


def _query(expression: Any) -> str:
    return str(expression["PLpgSQL_expr"]["query"])


def _variables(tree: Any) -> dict[str, str]:
    """What variables are worth that one query gives its value to, as subqueries."""
    found: dict[str, list[str]] = {}
    for kind, about in _statements(tree):
        if kind == "PLpgSQL_stmt_execsql" and about.get("into"):
            fields = about.get("target", {}).get("PLpgSQL_row", {}).get("fields", [])
            for each in fields:
                found.setdefault(each["name"], []).append(_query(about["sqlstmt"]) if len(fields) == 1 else "")
        elif kind == "PLpgSQL_stmt_assign":
            name, sign, value = _query(about["expr"]).partition(":=")
            found.setdefault(name.strip(), []).append(f"SELECT {value}" if sign else "")
    return {name: given[0] for name, given in found.items() if len(given) == 1 and given[0]}


def _statements(tree: Any) -> Iterator[tuple[str, Any]]:
    for each in tree if isinstance(tree, list) else [tree]:
        if isinstance(each, dict):
            for kind, about in each.items():
                yield kind, about
                yield from _statements(about)


def _exchanged(condition: str, variables: dict[str, str]) -> str:
    """A condition with subqueries instead of variables."""
    try:
        holder: Any = syntax.parse(f"SELECT {condition}")[0].node.target_list[0].res_target
    except GrammarError:
        return condition
    for each in _references(holder.val):
        names = [unwrap(part) for part in unwrap(each).fields]
        if len(names) == 1 and node_name(names[0]) == "String" and names[0].sval in variables:
            try:
                value: Any = syntax.parse(f"SELECT ({variables[names[0].sval]})")[0].node.target_list[0].res_target.val
            except GrammarError:
                continue
            each.CopyFrom(value)
    return syntax.sql_of_node(holder.val)


def _references(node: Any) -> list[Any]:
    """The generic nodes of all columns below a generic node, outside of subqueries."""
    inner = unwrap(node)
    if node_name(inner) == "ColumnRef":
        return [node]
    if node_name(inner) in ("SelectStmt", ""):
        return []
    found: list[Any] = []
    for field, value in inner.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for each in _each(value):
                found += _references(each)
    return found


def _each(value: Any) -> Iterable[Any]:
    return [value] if hasattr(value, "ListFields") else list(value)
