"""Expressions that fail on some values, and what keeps them from it, as conditions that people can read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from migrate_validate.data import days
from migrate_validate.syntax import Node, node_name, unwrap

Text = Callable[[Node], str | None]
"""The SQL of a generic node, in the names of before; None: it needs what was not there."""
Type = Callable[[Node], str]
"""The type of a generic node that is a column, as format_type() prints it; empty where it is none."""

LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_WIDTHS = {"int2": "smallint", "int4": "integer", "int8": "bigint"}
_ORDER = tuple(LARGEST)
_ARITHMETIC = ("+", "-", "*", "/", "%")
_DIVIDES = ("/", "%")
_DIVISOR = " <> 0"
_MATCHES = ("~", "~*", "!~", "!~*")
_DAYS = "2147483493"
"""Days from the first date, 4714-11-24 BC, to the last one."""
_LAST = {
    "timestamp without time zone": "'294276-12-31 23:59:59.999999'::timestamp",
    "timestamp with time zone": "'294276-12-31 23:59:59.999999+00'::timestamptz",
    "date": "'294276-12-31'::date",
}
_DEMANDED = {
    "sqrt": "{0} >= 0",
    "ln": "{0} > 0",
    "log": "{0} > 0",
    "chr": "{0} between 1 and 1114111",
    "acos": "{0} between -1 and 1",
    "asin": "{0} between -1 and 1",
    "jsonb_array_elements": "jsonb_typeof({0}) = 'array'",
    "jsonb_array_elements_text": "jsonb_typeof({0}) = 'array'",
    "jsonb_array_length": "jsonb_typeof({0}) = 'array'",
    "jsonb_object_keys": "jsonb_typeof({0}) = 'object'",
    "jsonb_each": "jsonb_typeof({0}) = 'object'",
    "jsonb_each_text": "jsonb_typeof({0}) = 'object'",
    "jsonb_to_record": "jsonb_typeof({0}) = 'object'",
    "jsonb_to_recordset": "jsonb_typeof({0}) = 'array'",
    "jsonb_populate_recordset": "jsonb_typeof({1}) = 'array'",
    "jsonb_populate_record": "jsonb_typeof({1}) = 'object'",
    "jsonb_set": "jsonb_typeof({0}) in ('array', 'object')",
    "jsonb_insert": "jsonb_typeof({0}) in ('array', 'object')",
    "json_array_elements": "json_typeof({0}) = 'array'",
    "json_array_elements_text": "json_typeof({0}) = 'array'",
    "json_array_length": "json_typeof({0}) = 'array'",
    "json_object_keys": "json_typeof({0}) = 'object'",
    "json_each": "json_typeof({0}) = 'object'",
    "json_each_text": "json_typeof({0}) = 'object'",
    "make_date": "{1} between 1 and 12; check ({1} between 1 and 12 and {2} between 1 and 31 and abs({0}) > 0)",
    "make_time": "check ({0} between 0 and 23 and {1} between 0 and 59 and {2} between 0 and 60)",
    "mod": "{1} <> 0",
    "div": "{1} <> 0",
    "int4range": "check ({0} <= {1})",
    "int8range": "check ({0} <= {1})",
    "numrange": "check ({0} <= {1})",
    "daterange": "check ({0} <= {1})",
    "tsrange": "check ({0} <= {1})",
    "tstzrange": "check ({0} <= {1})",
    "substring": "{2} >= 0",
    "substr": "{2} >= 0",
}
"""By function: what has to be true of its arguments, better ones first, behind semicolons; ``;`` stands in none."""
_BYTES = {
    "hex": (r"^([0-9a-fA-F]{2})*$", r"^\s*([0-9a-fA-F]{2}\s*)*$"),
    "base64": (r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",),
}
"""By encoding: regular expressions of texts that decode() takes, the simplest first."""
_JSON_KINDS = {
    "int2": "number",
    "int4": "number",
    "int8": "number",
    "numeric": "number",
    "float4": "number",
    "float8": "number",
    "bool": "boolean",
}


def hazards(node: Node, text: Text, type_of: Type, *, divides: bool = False) -> Iterator[str]:
    """What keeps one node of a tree from failing, without what is below it: ``b <> 0``, ``check (a <= b)``.

    :param node: without its wrapping
    :param divides: whether it failed because something was divided by zero; if not, nothing is said of that
    """
    for each in _all(node, text, type_of):
        if (_DIVISOR in each) is divides:
            yield each
            yield from _unless_null(each, node, text)


def _unless_null(condition: str, node: Node, text: Text) -> Iterator[str]:
    """The same where nothing else that the node needs is NULL: then it computes nothing."""
    arguments = node.args if node_name(node) == "FuncCall" else [node.lexpr] if node_name(node) == "A_Expr" else []
    others = [text(each) for each in arguments if node_name(unwrap(each)) not in ("A_Const", "")]
    apart = (each for each in others if each and not re.search(rf"(?<!\w){re.escape(each)}(?!\w)", condition))
    missing = " or ".join(f"{each} is null" for each in apart)
    if missing:
        said = condition.removeprefix("check ").replace(" matches '", " ~ '")
        yield f"check ({missing} or {said})"


def _all(node: Node, text: Text, type_of: Type) -> Iterator[str]:
    match node_name(node):
        case "A_Expr" if node.name:
            yield from _of_operator(node, unwrap(node.name[-1]).sval, text, type_of)
        case "FuncCall":
            yield from _of_function(node, unwrap(node.funcname[-1]).sval, text)
        case "TypeCast":
            yield from _of_cast(node, text, type_of)


def _of_operator(node: Node, operator: str, text: Text, type_of: Type) -> Iterator[str]:
    right = text(node.rexpr)
    if operator in _DIVIDES and right and node_name(unwrap(node.rexpr)) != "A_Const":
        yield f"{right} <> 0"
    if operator in ("+", "-") and node.HasField("lexpr"):
        yield from _of_moments(node, operator, text, type_of)
    if operator in _ARITHMETIC:
        kind = width(node, type_of)
        if kind:
            yield from fits(node, kind, text, type_of)
    if operator in _MATCHES and right and node_name(unwrap(node.rexpr)) != "A_Const":
        yield f"{right} matches '^[^][(){{}}*+?\\\\]*$'"
        yield f"{right} matches '^[^][()*+?\\\\]*$'"
    if operator == "-" and node.HasField("lexpr") and type_of(node.lexpr) == "jsonb":
        yield f"jsonb_typeof({text(node.lexpr)}) in ('array', 'object')"


def _of_moments(node: Node, operator: str, text: Text, type_of: Type) -> Iterator[str]:
    """Sums of dates and of timestamps, which have a last one."""
    left, right, kind = text(node.lexpr), text(node.rexpr), type_of(node.lexpr)
    if not left or not right or kind not in _LAST:
        return
    if kind == "date" and (width(node.rexpr, type_of) or node_name(unwrap(node.rexpr)) == "A_Const"):
        days = f"{left} - '4714-11-24 BC'::date {operator} {right}::bigint"
        yield f"check (not isfinite({left}) or {days} between 0 and {_DAYS})"
    elif node_name(unwrap(node.rexpr)) != "ColumnRef" and operator == "+":
        yield f"{left} <= {_LAST[kind]} - {right}"
        yield f"check (not isfinite({left}) or {left} <= {_LAST[kind]} - {right})"


def _of_function(node: Node, name: str, text: Text) -> Iterator[str]:
    arguments = [text(each) for each in node.args]
    if None in arguments:
        return
    constants = [_constant(each) for each in node.args]
    if name in ("to_date", "to_timestamp") and len(arguments) == 2 and constants[1]:
        yield from _of_pattern(str(arguments[0]), constants[1])
    elif name == "to_timestamp" and len(arguments) == 1:
        yield f"{arguments[0]} between -210866803200 and 9224318015999"
        yield f"check (abs({arguments[0]}) = 'infinity' or {arguments[0]} between -210866803200 and 9224318015999)"
    elif name == "decode" and len(arguments) == 2 and constants[1] in _BYTES:
        yield from (f"{arguments[0]} matches '{each}'" for each in _BYTES[constants[1]])
    elif name.startswith("jsonb_path_") and len(arguments) == 2:
        yield f"check ({arguments[0]} is null or ({arguments[0]} @? {arguments[1]}) is not null)"
    elif name in _DEMANDED and (name != "substring" or len(arguments) == 3):
        for condition in _DEMANDED[name].split("; "):
            if condition.count("{") and max(map(int, re.findall(r"{(\d)}", condition))) < len(arguments):
                yield condition.format(*arguments)


def _of_pattern(value: str, pattern: str) -> Iterator[str]:
    for texts in (days.shaped(pattern), days.existing(pattern)):
        if texts is not None:
            quoted = texts.replace("'", "''")
            yield f"{value} matches '^{quoted}$'"


def _of_cast(node: Node, text: Text, type_of: Type) -> Iterator[str]:
    kind = _JSON_KINDS.get(unwrap(node.type_name.names[-1]).sval)
    if kind and type_of(node.arg) == "jsonb" and not node.type_name.array_bounds:
        yield f"jsonb_typeof({text(node.arg)}) = '{kind}'"
        yield f"jsonb_typeof({text(node.arg)}) in ('{kind}', 'null')"


def _constant(node: Node) -> str:
    inner = unwrap(node)
    return str(inner.sval.sval) if node_name(inner) == "A_Const" and inner.WhichOneof("val") == "sval" else ""


def width(node: Node, type_of: Type) -> str:
    """The integer type of an expression: ``smallint``, ``integer``, ``bigint``; empty where it is none of these."""
    inner = unwrap(node)
    match node_name(inner):
        case "ColumnRef":
            kind = type_of(node)
            return kind if kind in LARGEST else ""
        case "A_Const":
            return "integer" if inner.WhichOneof("val") == "ival" else ""
        case "TypeCast":
            name = unwrap(inner.type_name.names[-1]).sval
            return "" if inner.type_name.array_bounds else _WIDTHS.get(name, "")
        case "A_Expr" if unwrap(inner.name[-1]).sval in _ARITHMETIC and inner.HasField("lexpr"):
            kinds = [width(inner.lexpr, type_of), width(inner.rexpr, type_of)]
            return max(kinds, key=_ORDER.index) if all(kinds) else ""
    return ""


def fits(node: Node, kind: str, text: Text, type_of: Type) -> Iterator[str]:
    """What keeps an expression of numbers within an integer type.

    :param node: generic, or without its wrapping
    :param kind: the type
    """
    largest, inner = LARGEST[kind], unwrap(node)
    yield from _single(inner, largest, text)
    exact = _exact(inner, text, type_of)
    if exact:
        yield f"{exact} between {-largest - 1} and {largest}"


def _single(node: Node, largest: int, text: Text) -> Iterator[str]:
    """``column + 1``, as a bound of the column."""
    if node_name(node) != "A_Expr" or unwrap(node.name[-1]).sval not in ("+", "-") or not node.HasField("lexpr"):
        return
    left, right = unwrap(node.lexpr), unwrap(node.rexpr)
    said = text(node.lexpr)
    if said and node_name(left) == "ColumnRef" and node_name(right) == "A_Const" and right.WhichOneof("val") == "ival":
        step = right.ival.ival
        yield f"{said} <= {largest - step}" if unwrap(node.name[-1]).sval == "+" else f"{said} >= {step - largest - 1}"


def _exact(node: Node, text: Text, type_of: Type) -> str | None:
    """The same expression, computed with numbers that have no end; None: a part of it was not there before."""
    holder: Any = node
    if node_name(node) != "A_Expr" or unwrap(node.name[-1]).sval not in _ARITHMETIC or not width(node, type_of):
        return None
    operator = unwrap(holder.name[-1]).sval
    left, right = unwrap(holder.lexpr), unwrap(holder.rexpr)
    if operator in _DIVIDES:
        # It cannot leave the type, and rounds as numbers without an end do not.
        sides = text(holder.lexpr), text(holder.rexpr)
        return None if None in sides else f"({sides[0]} {operator} {sides[1]})::numeric"
    first = _exact(left, text, type_of) if node_name(left) == "A_Expr" else text(holder.lexpr)
    second = _exact(right, text, type_of) if node_name(right) == "A_Expr" else text(holder.rexpr)
    if first is None or second is None:
        return None
    first = f"({first})" if node_name(left) == "A_Expr" else f"{first}::numeric"
    second = f"({second})" if node_name(right) == "A_Expr" else second
    return f"{first} {operator} {second}"
