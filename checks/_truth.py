"""What an expression of a policy is worth without looking at any row."""

from __future__ import annotations

from migrate_validate.syntax import Node, node_name, unwrap

from ._shared import enum_name

_SPELLED = {"t": True, "true": True, "yes": True, "on": True, "1": True} | dict.fromkeys(
    ("f", "false", "no", "off", "0"), False
)


def truth(node: Node) -> bool | None:
    """Whether an expression is true, or false, whatever the row; None where that depends.

    A column compared with itself counts as true, though it is not for NULL: such a policy is meant for no row in
    particular.

    :param node: as migrate_validate.syntax.parse_expression gives it
    """
    node = unwrap(node)
    evaluate = _EVALUATORS.get(node_name(node))
    return evaluate(node) if evaluate else None


def _constant(node: Node) -> bool | None:
    return bool(node.boolval.boolval) if node.WhichOneof("val") == "boolval" else None


def _cast(node: Node) -> bool | None:
    if unwrap(node.type_name.names[-1]).sval not in ("bool", "boolean"):
        return None
    inner = unwrap(node.arg)
    if node_name(inner) == "A_Const" and inner.WhichOneof("val") == "sval":
        return _SPELLED.get(inner.sval.sval.strip().lower())
    value = literal(inner)
    return bool(value) if isinstance(value, int) else truth(inner)


def _connective(node: Node) -> bool | None:
    values = [truth(each) for each in node.args]
    match enum_name(node, "boolop"):
        case "NOT_EXPR":
            return None if values[0] is None else not values[0]
        case "AND_EXPR":
            return False if False in values else (True if all(values) else None)
        case _:
            if True in values or _complementary(node.args):
                return True
            return False if all(value is False for value in values) else None


def _complementary(parts: list[Node]) -> bool:
    """``x is null or x is not null``, ``x or not x``."""
    shapes = {_shape(part) for part in parts}
    for part in map(unwrap, parts):
        if node_name(part) == "BoolExpr" and enum_name(part, "boolop") == "NOT_EXPR" and _shape(part.args[0]) in shapes:
            return True
    tests = [part for part in map(unwrap, parts) if node_name(part) == "NullTest"]
    return any(_shape(a.arg) == _shape(b.arg) and a.nulltesttype != b.nulltesttype for a in tests for b in tests)


def _comparison(node: Node) -> bool | None:
    kind, operator = enum_name(node, "kind"), unwrap(node.name[-1]).sval
    if kind == "AEXPR_IN" or (kind == "AEXPR_OP_ANY" and operator == "="):
        listed = unwrap(node.rexpr)
        # PostgreSQL stores x IN (a, b) as x = ANY (ARRAY[a, b]).
        options = getattr(listed, "items" if node_name(listed) == "List" else "elements", ())
        have = literal(node.lexpr)
        found = have is not None and have in [literal(each) for each in options]
        return operator == "=" if found else None
    same_column = node_name(unwrap(node.lexpr)) == "ColumnRef" and _shape(node.lexpr) == _shape(node.rexpr)
    if kind in ("AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"):
        return kind == "AEXPR_NOT_DISTINCT" if same_column else None
    if kind != "AEXPR_OP":
        return None
    left, right = literal(node.lexpr), literal(node.rexpr)
    if left is not None and type(left) is type(right):
        return {"=": left == right, "<>": left != right}.get(operator, _ordered(operator, left, right))
    return True if same_column and operator in ("=", "<=", ">=") else None


def _ordered(operator: str, left: object, right: object) -> bool | None:
    if not isinstance(left, int) or not isinstance(right, int):
        return None
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}.get(operator)


def literal(node: Node) -> object:
    """The value of a constant, casts to its own kind left out; None for anything else."""
    node = unwrap(node)
    if node_name(node) == "TypeCast":
        return literal(node.arg)
    if node_name(node) != "A_Const":
        return None
    match node.WhichOneof("val"):
        case "ival":
            return int(node.ival.ival)
        case "sval":
            return str(node.sval.sval)
        case "boolval":
            return bool(node.boolval.boolval)
        case _:
            return None


def _null_test(node: Node) -> bool | None:
    if literal(node.arg) is None:
        return None
    return enum_name(node, "nulltesttype") == "IS_NOT_NULL"


def _boolean_test(node: Node) -> bool | None:
    value = truth(node.arg)
    if value is None:
        return None
    kind = enum_name(node, "booltesttype")
    return {"IS_TRUE": value, "IS_NOT_TRUE": not value, "IS_FALSE": not value, "IS_NOT_FALSE": value}.get(
        kind, kind == "IS_NOT_UNKNOWN"
    )


def _subquery(node: Node) -> bool | None:
    select = unwrap(node.subselect)
    if node_name(select) != "SelectStmt" or select.from_clause or select.HasField("where_clause"):
        return None
    if len(select.target_list) != 1 or select.HasField("having_clause") or select.HasField("limit_count"):
        return None
    match enum_name(node, "sub_link_type"):
        case "EXISTS_SUBLINK":
            return True
        case "EXPR_SUBLINK":
            return truth(unwrap(select.target_list[0]).val)
        case _:
            return None


def _coalesce(node: Node) -> bool | None:
    return truth(node.args[0])


def _case(node: Node) -> bool | None:
    values = set()
    for branch in map(unwrap, node.args):
        # With an argument, what stands behind WHEN is a value that it is compared with.
        condition = None if node.HasField("arg") else truth(branch.expr)
        if condition is not False:
            values.add(truth(branch.result))
        if condition:
            break
    else:
        values.add(truth(node.defresult))
    return values.pop() if len(values) == 1 else None


def _shape(node: Node) -> str:
    """The tree as text without the places where its parts stood."""
    return "\n".join(line for line in str(unwrap(node)).splitlines() if not line.strip().startswith("location:"))


_EVALUATORS = {
    "A_Const": _constant,
    "TypeCast": _cast,
    "BoolExpr": _connective,
    "A_Expr": _comparison,
    "NullTest": _null_test,
    "BooleanTest": _boolean_test,
    "SubLink": _subquery,
    "CoalesceExpr": _coalesce,
    "CaseExpr": _case,
}
