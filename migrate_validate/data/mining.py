"""Literals that the scripts of a chain name, by the column that they are compared with, put into or cast from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from migrate_validate.chain.model import Script
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.data.documents import Step, steps_of, with_path
from migrate_validate.data.hints import Hints, constants
from migrate_validate.syntax import GrammarError, Node, node_name, parse, parse_expression, unwrap, walk

ANY = ""
"""The table of a column whose table is not known: a trigger's NEW, for instance."""
_MOST = 40
"""Literals kept of one column."""
_LONGEST = 200
"""Characters of a literal that is worth keeping."""
_NUMBERS = ("12", "-1", " 7 ", "1.5", "99999999999", "12abc", "1,234", "1e3", "")
_MOMENTS = ("2024-02-29", "2023-02-29", "31/12/2024", "2024-12-31 23:59:59.999+02", "today?", "0000-00-00", "")
_CAST_FROM: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("int2", "int4", "int8", "numeric", "float4", "float8", "money"), _NUMBERS),
    **dict.fromkeys(("date", "timestamp", "timestamptz", "time", "timetz"), _MOMENTS),
    "interval": ("1 day", "P1D", "soon", ""),
    "bool": ("true", "f", "1", "yes", "maybe", ""),
    "uuid": ("00000000-0000-4000-8000-000000000001", "00000000", ""),
    **dict.fromkeys(("json", "jsonb"), ("{}", '{"a": 1}', "null", "{", "")),
    **dict.fromkeys(("inet", "cidr"), ("10.0.0.1", "::1", "10.0.0.256", "")),
}
"""By type that text is cast to: texts that can be, and texts that cannot."""
_VARYING = ("varchar", "bpchar")
_MATCHES = ("~", "~*", "!~", "!~*")
_ARROWS = ("->", "->>", "#>", "#>>")
_SETTERS = ("jsonb_set", "jsonb_set_lax", "jsonb_insert")
_BODY = re.compile(r"\b(?:begin|select|insert|update|delete)\b", re.IGNORECASE)
_PIECES = re.compile(r"\b(?:begin|then|else|loop)\b", re.IGNORECASE)
_ASSIGNED = re.compile(r"^((?:new|old)\.\w+)\s*:?=(?!=)", re.IGNORECASE)
_LEADING = re.compile(r"^(?:(?:begin|if|elsif|elseif|else|while|when|return|perform)\b\s*)+", re.IGNORECASE)

Found = tuple[str, str, Hints]
"""A table, as far as it was written, a column, and what is known of it."""


def mined(scripts: Iterable[Script]) -> Mapping[str, Mapping[str, Hints]]:
    """What scripts say about the values of columns: literals, lengths and patterns.

    Looked through are all statements, the bodies of functions and DO blocks among them. A column that is written
    without its table counts for every table of its statement. Text that cannot be parsed is passed over.

    :returns: by table (``schema.name``, or the bare name where no schema was written) and column; the table is empty
        where it is not known
    """
    found: dict[str, dict[str, Hints]] = {}
    for script in scripts:
        for table, column, hints in _of_script(script):
            columns = found.setdefault(table, {})
            known = columns.get(column, Hints())
            if len(known.literals) < _MOST:
                columns[column] = known.merged(hints)
    return found


@lru_cache(maxsize=2048)
def mined_body(body: str) -> Mapping[str, Mapping[str, Hints]]:
    """What the source of a function says, as :func:`mined`; what its NEW and OLD are is not known."""
    found: dict[str, dict[str, Hints]] = {}
    for table, column, hints in _of_pieces(body):
        columns = found.setdefault(table, {})
        columns[column] = columns.get(column, Hints()).merged(hints)
    return found


@lru_cache(maxsize=2048)
def _of_script(script: Script) -> tuple[Found, ...]:
    try:
        each = statements(script)
    except ScriptError:
        return ()
    return tuple(dict.fromkeys(found for statement in each for found in _of_text(statement.sql)))


def _of_text(sql: str) -> Iterator[Found]:
    try:
        trees = [parsed.node for parsed in parse(sql)]
    except GrammarError:
        return
    for tree in trees:
        yield from _of_tree(tree)
        if node_name(tree) in ("CreateFunctionStmt", "DoStmt"):
            yield from _of_body(tree)


def _of_body(tree: Node) -> Iterator[Found]:
    """What stands in the body of a function or a DO block, whose language nobody has to know."""
    bodies = [node.sval for node in walk(tree) if node_name(node) == "String" and _BODY.search(node.sval)]
    for body in bodies:
        yield from _of_pieces(body)


def _of_pieces(body: str) -> Iterator[Found]:
    for piece in body.split(";"):
        if "'" in piece or any(letter.isdigit() for letter in piece):
            whole = _tree(piece)
            # THEN and ELSE are cut off only where they are none of a CASE within SQL.
            trees = [whole] if whole is not None else map(_tree, _PIECES.split(piece))
            for each in trees:
                if each is not None:
                    yield from _of_tree(each)


def _tree(text: str) -> Node | None:
    """A statement, an expression, or an assignment as if it were a comparison."""
    text = _ASSIGNED.sub(r"\1 = ", _LEADING.sub("", text.strip()))
    try:
        parsed = parse(text)
    except GrammarError:
        pass
    else:
        return parsed[0].node if parsed else None
    try:
        return parse_expression(text)
    except (GrammarError, IndexError, AttributeError):
        return None


def _of_tree(tree: Node) -> Iterator[Found]:
    nodes = walk(tree)
    names: dict[str, str] = {}
    for node in nodes:
        if node_name(node) == "RangeVar":
            table = f"{node.schemaname}.{node.relname}" if node.schemaname else node.relname
            names[node.relname] = table
            if node.HasField("alias"):
                names[node.alias.aliasname] = table
    tables = tuple(dict.fromkeys(names.values())) or (ANY,)
    for node in nodes:
        for column, hints in _of_node(node):
            *qualifier, name = column
            owners = (names.get(qualifier[-1], ANY),) if qualifier else tables
            yield from ((owner, name, hints) for owner in owners)
        yield from _written(node)


def _of_node(node: Node) -> Iterator[tuple[tuple[str, ...], Hints]]:
    """What an expression says about the columns in it."""
    match node_name(node):
        case "A_Expr":
            yield from _compared(node)
            yield from _inside(node)
        case "CaseExpr" if node.HasField("arg"):
            literals = [text for when in node.args for text in constants(unwrap(when).expr)]
            yield from ((column, _hints(literals)) for column in _columns(node.arg))
        case "CoalesceExpr" | "FuncCall":
            texts = [text for each in node.args if not _columns(each) for text in constants(each)]
            parts = [f"a{text}b" for text in texts if node_name(node) == "FuncCall"]
            yield from ((column, _hints([*texts, *parts])) for each in node.args for column in _columns(each))
            if node_name(node) == "FuncCall":
                yield from _set_inside(node)
        case "TypeCast":
            hints = _cast(node.type_name)
            yield from ((column, hints) for column in _columns(node.arg) if hints)


def _compared(node: Node) -> Iterator[tuple[tuple[str, ...], Hints]]:
    operator = str(unwrap(node.name[-1]).sval) if node.name else ""
    for one, other in ((node.lexpr, node.rexpr), (node.rexpr, node.lexpr)):
        columns = _columns(one)
        texts = constants(other) if columns and not _columns(other) else []
        if operator in ("~~", "~~*"):
            texts = [changed for text in texts for changed in (text.replace("%", "a"), text.replace("%", ""))]
        elif operator in _MATCHES:
            # A column that is a regular expression may hold what is none.
            columns, texts = (columns, ["("]) if one is node.rexpr else ([], [])
        elif operator == "||":
            texts = [each for text in texts for each in ([text] if text.startswith("{") else [f"a{text}b"])]
        measured = any(
            node_name(each) == "FuncCall" and str(unwrap(each.funcname[-1]).sval).endswith("length")
            for each in walk(one)
        )
        if measured:
            lengths = [int(text) + step for text in texts if text.isdigit() for step in (0, 1, -1)]
            texts = ["a" * length for length in lengths if 0 <= length <= _LONGEST]
        yield from ((column, _hints(texts)) for column in columns if texts)


def _inside(node: Node) -> Iterator[tuple[tuple[str, ...], Hints]]:
    """The path into a JSON document that an expression like ``settings -> 'address' ->> 'street'`` takes."""
    column, steps = _path(node)
    if column and steps:
        yield column, _hints([with_path(steps)])


def _path(node: Node) -> tuple[tuple[str, ...], list[Step]]:
    inner = unwrap(node)
    if node_name(inner) == "ColumnRef":
        return next(iter(_columns(inner)), ()), []
    operator = str(unwrap(inner.name[-1]).sval) if node_name(inner) == "A_Expr" and inner.name else ""
    if operator not in _ARROWS or node_name(unwrap(inner.rexpr)) != "A_Const":
        return (), []
    column, steps = _path(inner.lexpr)
    constant = unwrap(inner.rexpr)
    if operator.startswith("#"):
        return column, [*steps, *steps_of(constant.sval.sval)]
    return column, [*steps, constant.ival.ival if constant.WhichOneof("val") == "ival" else constant.sval.sval]


def _set_inside(node: Node) -> Iterator[tuple[tuple[str, ...], Hints]]:
    """The path at which jsonb_set() puts something."""
    if str(unwrap(node.funcname[-1]).sval) not in _SETTERS or len(node.args) < 2:
        return
    path = unwrap(node.args[1])
    column, steps = _path(node.args[0])
    if column and node_name(path) == "A_Const" and path.WhichOneof("val") == "sval":
        texts = constants(node.args[2]) if len(node.args) > 2 and not _columns(node.args[2]) else []
        all_steps = [*steps, *steps_of(path.sval.sval)]
        yield column, _hints([with_path(all_steps, *texts[:1])])


def _cast(type_name: Node) -> Hints | None:
    """Texts that are telling where they are cast to this type."""
    name = str(unwrap(type_name.names[-1]).sval) if type_name.names else ""
    if name in _VARYING and type_name.typmods:
        size = [int(text) for text in constants(type_name.typmods[0]) if text.isdigit()]
        return _hints(["a" * length for each in size for length in (each, each + 1) if length <= 2000], longest=2000)
    return _hints(_CAST_FROM[name]) if name in _CAST_FROM else None


def _written(node: Node) -> Iterator[Found]:
    """What a statement writes into columns, and what a definition says about them."""
    match node_name(node):
        case "InsertStmt":
            yield from _inserted(node)
        case "UpdateStmt":
            for target in map(unwrap, node.target_list):
                yield from _put(node.relation, target.name, target.val)
        case "CreateStmt":
            for element in map(unwrap, node.table_elts):
                if node_name(element) == "ColumnDef":
                    yield from _defined(node.relation, element.colname, element)
        case "AlterTableStmt":
            for command in map(unwrap, node.cmds):
                definition = unwrap(command.def_) if hasattr(command, "def_") else unwrap(getattr(command, "def"))
                if node_name(definition) != "ColumnDef":
                    continue
                name = definition.colname or command.name
                yield from _defined(node.relation, name, definition)
                hints = _cast(definition.type_name) if not definition.colname else None
                if hints:
                    yield _table(node.relation), name, hints


def _inserted(node: Node) -> Iterator[Found]:
    names = [str(unwrap(target).name) for target in node.cols]
    select = unwrap(node.select_stmt)
    if select is None:
        return
    rows = [list(unwrap(values).items) for values in select.values_lists]
    rows += [[unwrap(target).val for target in select.target_list]] if select.target_list else []
    for row in rows[:_MOST]:
        for name, value in zip(names, row, strict=False):
            yield from _put(node.relation, name, value)


def _defined(relation: Node, name: str, definition: Node) -> Iterator[Found]:
    for constraint in map(unwrap, definition.constraints):
        if constraint.HasField("raw_expr"):
            yield from _put(relation, name, constraint.raw_expr)


def _put(relation: Node, name: str, value: Node) -> Iterator[Found]:
    """A literal that becomes a value of a column."""
    value = unwrap(value)
    while node_name(value) == "TypeCast":
        value = unwrap(value.arg)
    if node_name(value) in ("A_Const", "CaseExpr", "CoalesceExpr"):
        hints = _hints(constants(value))
        if hints.literals:
            yield _table(relation), name, hints


def _table(relation: Node) -> str:
    return f"{relation.schemaname}.{relation.relname}" if relation.schemaname else str(relation.relname)


def _columns(node: Node) -> list[tuple[str, ...]]:
    """The columns that a side of a comparison is made of; none where it asks a query."""
    node = unwrap(node)
    match node_name(node):
        case "ColumnRef":
            parts = [unwrap(field) for field in node.fields]
            names = tuple(str(part.sval) for part in parts if node_name(part) == "String")
            return [names[-2:]] if len(names) == len(parts) else []
        case "TypeCast" | "CollateClause":
            return _columns(node.arg)
        case "FuncCall" | "CoalesceExpr":
            return [column for each in node.args for column in _columns(each)]
        case "A_Expr" if node.kind == 1 and str(unwrap(node.name[-1]).sval) in ("->", "->>", "#>>", "#>"):
            return _columns(node.lexpr)
    return []


def _hints(texts: Iterable[str], *, longest: int = _LONGEST) -> Hints:
    return Hints(tuple(dict.fromkeys(text for text in texts if len(text) <= longest))[:_MOST])
