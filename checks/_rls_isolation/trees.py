"""Small questions about the trees of expressions and functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from migrate_validate.catalog.model import Function
from migrate_validate.syntax import GrammarError, Node, node_name, parse, unwrap

from .._existing_data.bodies import existing

_TOKEN = ("request.jwt.claims", "request.jwt.claim")
_ONE_CLAIM = "request.jwt.claim."
_OF_CLIENT = ("request.header", "request.cookie")
"""How settings begin that hold what whoever asks has sent beside the token."""
_INTO = re.compile(r"\bselect\s+(?P<what>.+?)\s+into\s+(?:strict\s+)?(?P<name>[a-z_]\w*)(?P<rest>.*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from."""

    kind: str
    """``uid``: the person who asks; ``claim``, ``setting``, ``column`` or ``constant``."""
    name: str = ""
    """A claim's dotted path, a setting's name, ``schema.table.column``, or the constant as text."""
    many: bool = False
    """Whether it holds a list of values."""


def assigned(statement: str) -> tuple[str | None, str]:
    """The variable that a statement of PL/pgSQL sets, and the expression; None where it sets none.

    :param statement: on one line: ``me uuid := auth.uid()``, ``SELECT auth.uid() INTO me``
    """
    left, sign, right = statement.partition(":=")
    if sign:
        words = [word for word in left.split() if word.lower() not in ("declare", "begin", "then", "else", "loop")]
        return next((word for word in words if word.isidentifier()), None), right
    match = _INTO.search(statement)
    return (match["name"], match["what"] + match["rest"]) if match else (None, "")


def parameters(function: Function) -> list[str]:
    """The names of its parameters."""
    try:
        tree = parse(f"CREATE FUNCTION f({function.signature}) RETURNS void LANGUAGE sql AS ''")[0].node
    except GrammarError:
        return []
    return [str(each.function_parameter.name) for each in tree.parameters]


def statements_of(function: Function) -> tuple[Node, ...]:
    body = function.body.strip()
    if function.language.lower() == "sql" and body.upper().startswith(("BEGIN ATOMIC", "RETURN")):
        atomic = body.upper().startswith("BEGIN ATOMIC")
        inner = body[len("BEGIN ATOMIC") :].removesuffix("END") if atomic else f"SELECT {body[len('RETURN') :]}"
        try:
            return tuple(each.node for each in parse(inner))
        except GrammarError:
            return ()
    return existing(function).nodes


def children(node: Any) -> Iterator[Node]:
    for descriptor, value in node.ListFields():
        if descriptor.type == descriptor.TYPE_MESSAGE:
            yield from [value] if hasattr(value, "DESCRIPTOR") else value


def names_of(parts: Iterable[Node]) -> tuple[str, ...]:
    return tuple(unwrap(part).sval for part in parts if node_name(unwrap(part)) == "String")


def text_of(node: Node) -> str | None:
    """A constant as text, behind casts; None for anything else."""
    node = unwrap(node)
    while node_name(node) == "TypeCast":
        node = unwrap(node.arg)
    if node_name(node) == "A_ArrayExpr":
        parts = [text_of(each) for each in node.elements]
        return "{" + ",".join(part for part in parts if part is not None) + "}"
    if node_name(node) != "A_Const" or node.isnull:
        return None
    match node.WhichOneof("val"):
        case "sval":
            return str(node.sval.sval)
        case "ival":
            return str(node.ival.ival)
        case "fval":
            return str(node.fval.fval)
        case "boolval":
            return "true" if node.boolval.boolval else "false"
    return None


def of_setting(name: str | None) -> frozenset[Origin]:
    """What a setting is; nothing where the client says what stands in it, which makes it no matter of tenants."""
    if name is None or name.startswith(_OF_CLIENT):
        return frozenset()
    if name in _TOKEN:
        return frozenset([Origin("claim")])
    if name.startswith(_ONE_CLAIM):
        return stepped(frozenset([Origin("claim")]), [name.removeprefix(_ONE_CLAIM)])
    return frozenset([Origin("setting", name)])


def stepped(origins: frozenset[Origin], steps: Iterable[str]) -> frozenset[Origin]:
    """What stands under keys of a document."""
    found = frozenset(origin for origin in origins if origin.kind in ("claim", "setting"))
    for step in steps:
        found = frozenset(
            replace(origin, name=".".join(filter(None, [origin.name, step.strip()])))
            if origin.kind == "claim"
            else origin
            for origin in found
        )
    return frozenset(Origin("uid") if each == Origin("claim", "sub") else each for each in found)
