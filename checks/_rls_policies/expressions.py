"""Expressions of policies: what they ask of the row, of the session and of its token, and how often they do.

PostgreSQL prints them with every name in full: in a subquery a column always stands behind the name of its table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from google.protobuf.message import Message

from migrate_validate.catalog.model import Catalog, Function, Policy, Table
from migrate_validate.findings import NotApplicable, Result
from migrate_validate.syntax import GrammarError, Node, node_name, parse, parse_expression, quote, unwrap, walk

from .._existing_data.bodies import existing
from .._shared import enum_name, quoted
from .._truth import literal, truth
from .graph import Call, Graph, standard_body, unread
from .reach import Reach

SERVICES = ("storage.objects", "storage.buckets", "realtime.messages")
"""Tables of the environment that policies of the chain are for."""
TOKEN = {"uid": ("sub",), "role": ("role",), "email": ("email",), "jwt": ()}
"""What the functions of the schema ``auth`` give, as a path in the token."""
CLAIMS, CLAIM = "request.jwt.claims", "request.jwt.claim."
_EXTRACTING = frozenset(
    ["json_extract_path", "json_extract_path_text", "jsonb_extract_path", "jsonb_extract_path_text"]
)
_SEARCHING = frozenset(["jsonb_path_exists", "jsonb_path_match", "jsonb_path_query", "jsonb_path_query_first"])
COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression of a policy."""

    table: Table
    policy: Policy
    part: str
    """``USING`` or ``WITH CHECK``."""
    text: str
    tree: Node

    @property
    def place(self) -> str:
        """``the USING of policy "own" on public.notes``."""
        return f'the {self.part} of policy "{self.policy.name}" on {self.table.qualified_name}'


def guarded(catalog: Catalog) -> list[tuple[Table, Policy]]:
    """Every policy that is in force, those on tables of Supabase's services too."""
    services = [table for name in SERVICES if not catalog.table(name) and (table := catalog.whole.table(name))]
    return [
        (table, policy) for table in (*catalog.tables, *services) if table.row_security for policy in table.policies
    ]


def reached(reach: Reach, catalog: Catalog) -> Iterator[tuple[Table, Policy, tuple[str, ...]]]:
    """The policies that roles from outside pass by, with these roles: they have the privilege for its command."""
    for table, policy in guarded(catalog):
        privileges = reach.privileges(table.qualified_name, commands(policy))
        if roles := tuple(role for role in privileges if reach.applies(policy.roles, role)):
            yield table, policy, roles


def commands(policy: Policy) -> tuple[str, ...]:
    """The commands that a policy is for."""
    return COMMANDS if policy.command == "ALL" else (policy.command,)


def written(policies: Iterable[tuple[Table, Policy]]) -> tuple[list[Expression], list[Result]]:
    """The expressions of policies, and what to say of those that cannot be parsed or where there is none."""
    found: list[Expression] = []
    said: list[Result] = []
    for table, policy in policies:
        said += unread(policy, table)
        for part, text in (("USING", policy.using), ("WITH CHECK", policy.check)):
            try:
                if text is not None:
                    found.append(Expression(table, policy, part, text, parse_expression(text)))
            except GrammarError:
                continue
    if not found and not said:
        said.append(NotApplicable("no policy is in force"))
    return found, said


def called(node: Node) -> tuple[str, str]:
    """Schema and name of a called function, the schema empty for PostgreSQL's own; two empty texts for other nodes."""
    if node_name(node) != "FuncCall":
        return "", ""
    names = [str(unwrap(each).sval) for each in node.funcname]
    schema = names[-2] if len(names) > 1 else ""
    return "" if schema == "pg_catalog" else schema, names[-1]


def setting(node: Node) -> str | None:
    """The name of the setting that a call of current_setting() reads; None for anything else."""
    if called(node) != ("", "current_setting") or not node.args:
        return None
    name = literal(node.args[0])
    return name if isinstance(name, str) else ""


def claim(node: Node) -> tuple[str, ...] | None:
    """Where in the token a value comes from: ``("app_metadata", "org_id")``, or None for what is no part of it."""
    node = bare(node)
    schema, name = called(node)
    if schema == "auth" and not node.args:
        return TOKEN.get(name)
    if not schema and name in _EXTRACTING and len(node.args) > 1:
        keys = bare(node.args[1])
        listed = keys.elements if node_name(keys) == "A_ArrayExpr" else node.args[1:]
        return _below(claim(node.args[0]), [literal(each) for each in listed])
    if not schema and name in _SEARCHING and len(node.args) > 1:
        return _below(claim(node.args[0]), re.findall(r"\w+", str(literal(node.args[1]))))
    if read := setting(node):
        return (read.removeprefix(CLAIM),) if read.startswith(CLAIM) else (() if read == CLAIMS else None)
    if node_name(node) == "A_Indirection":
        keys = [literal(each.uidx) for each in map(unwrap, node.indirection) if node_name(each) == "A_Indices"]
        return _below(claim(node.arg), keys)
    if node_name(node) != "A_Expr":
        return None
    if enum_name(node, "kind") == "AEXPR_NULLIF":
        return claim(node.lexpr)
    operator = unwrap(node.name[-1]).sval
    if operator in ("->", "->>"):
        return _below(claim(node.lexpr), [literal(node.rexpr)])
    if operator in ("#>", "#>>"):
        return _below(claim(node.lexpr), _path(node.rexpr))
    return None


def _below(base: tuple[str, ...] | None, keys: Sequence[object]) -> tuple[str, ...] | None:
    return None if base is None else (*base, *map(str, keys))


def _path(node: Node) -> Sequence[object]:
    node = bare(node)
    if node_name(node) == "A_ArrayExpr":
        return [literal(each) for each in node.elements]
    text = literal(node)
    return text.strip("{}").split(",") if isinstance(text, str) else ()


def bare(node: Node) -> Node:
    """What is inside of casts, and of subqueries without a table: ``(SELECT auth.uid())::text``."""
    node = unwrap(node)
    if node_name(node) == "TypeCast":
        return bare(node.arg)
    if node_name(node) == "SubLink" and enum_name(node, "sub_link_type") == "EXPR_SUBLINK":
        select = unwrap(node.subselect)
        if not reads(node) and len(select.target_list) == 1 and not select.HasField("where_clause"):
            return bare(unwrap(select.target_list[0]).val)
    return node


def reads(sublink: Node) -> bool:
    """Whether a subquery reads anything, or is only put around an expression."""
    return any(node_name(each) == "SelectStmt" and each.from_clause for each in walk(sublink.subselect))


def below(node: Node) -> Iterator[Node]:
    """The nodes right under a node, unwrapped."""
    for field, value in node.ListFields():
        if field.type == field.TYPE_MESSAGE:
            children = [value] if isinstance(value, Message) else list(value)
            yield from (each for each in map(unwrap, children) if isinstance(each, Message))


def own_columns(node: Node, inner: frozenset[str] | None = None) -> Iterator[str]:
    """The columns of the policy's own row in an expression; ``*`` for the row as a whole.

    :param inner: names of tables that the subqueries around it read; None outside of any
    """
    node = unwrap(node)
    if node_name(node) == "ColumnRef":
        if inner is None or not _belongs(node, inner):
            yield _column(node)
        return
    if node_name(node) == "SubLink":
        for each in below(node):
            inside = each is unwrap(node.subselect)
            yield from own_columns(each, (inner or frozenset()) | names_in(node) if inside else inner)
        return
    for each in below(node):
        yield from own_columns(each, inner)


def _belongs(column: Node, names: frozenset[str]) -> bool:
    """Whether a column is of one of these tables; only a name that stands alone is of none that can be told."""
    return len(column.fields) < 2 or unwrap(column.fields[-2]).sval in names


def _column(node: Node) -> str:
    last = unwrap(node.fields[-1])
    return "*" if node_name(last) == "A_Star" else str(last.sval)


def names_in(sublink: Node) -> frozenset[str]:
    """The names that the tables of a subquery have in it, those of deeper ones too."""
    return frozenset(
        each.alias.aliasname if each.HasField("alias") else each.relname
        for each in walk(sublink.subselect)
        if node_name(each) in ("RangeVar", "RangeSubselect", "RangeFunction")
        and (each.HasField("alias") or node_name(each) == "RangeVar")
    )


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of an expression, and how often it is evaluated."""

    node: Node
    often: str
    """``row`` (for each row that the policy judges), ``inner`` (each row of a subquery), or ``once`` a statement."""


def spots(node: Node, often: str = "row") -> Iterator[Spot]:
    """Every node of an expression, with how often PostgreSQL evaluates it.

    A subquery that names nothing of the row around it is run once; what filters its rows is evaluated for each of them.
    """
    node = unwrap(node)
    yield Spot(node, often)
    for each in below(node):
        if node_name(node) == "SubLink" and each is unwrap(node.subselect):
            yield from spots(each, _in_subquery(node, often))
        else:
            yield from spots(each, often)


def _in_subquery(sublink: Node, often: str) -> str:
    names = names_in(sublink)
    if any(node_name(each) == "ColumnRef" and not _belongs(each, names) for each in walk(sublink.subselect)):
        return often
    if not reads(sublink):
        return "once"
    return "inner"


def parts(node: Node, connective: str) -> list[Node]:
    """What is connected by AND_EXPR or OR_EXPR; the expression itself where nothing is."""
    node = unwrap(node)
    if node_name(node) == "BoolExpr" and enum_name(node, "boolop") == connective:
        return [part for each in node.args for part in parts(each, connective)]
    return [node]


def truth_for(tree: Node, *, signed_in: bool) -> bool | None:
    """What an expression is worth, whatever the row, for everybody who is signed in, or for all who are not."""
    return truth(read_for(tree, signed_in=signed_in))


def read_for(tree: Node, *, signed_in: bool) -> Node:
    """What an expression asks of the row, of those who are signed in, or who are not."""
    chosen = _replaced(tree, lambda node: _chosen(node, signed_in))
    return _replaced(chosen, lambda node: _known(node, signed_in))


def truth_in(table: Table, tree: Node) -> bool | None:
    """What an expression is worth for whatever row of this table, some of whose columns are never NULL."""
    filled = {column.name for column in table.columns if column.not_null}

    def known(node: Node) -> bool | None:
        if node_name(node) != "NullTest" or node_name(unwrap(node.arg)) != "ColumnRef":
            return None
        fields = unwrap(node.arg).fields
        own = len(fields) == 1 and _column(unwrap(node.arg)) in filled
        return enum_name(node, "nulltesttype") == "IS_NOT_NULL" if own else None

    return truth(_replaced(tree, known))


def _chosen(node: Node, signed_in: bool) -> Node | None:
    """What COALESCE of who is asking gives to those who are signed in, or who are not; None for anything else."""
    if node_name(node) != "CoalesceExpr":
        return None
    left = list(node.args)
    while len(left) > 1 and claim(left[0]) in (("sub",), ("email",)):
        left = left[:1] if signed_in else left[1:]
    return left[0] if len(left) == 1 else None


def _known(node: Node, signed_in: bool) -> bool | None:
    """What a test of who is asking says: ``auth.uid() IS NULL``, ``auth.role() = 'anon'``."""
    if node_name(node) == "BooleanTest" and not signed_in and _compares_person(unwrap(node.arg)):
        return enum_name(node, "booltesttype") in ("IS_NOT_TRUE", "IS_NOT_FALSE", "IS_UNKNOWN")
    if node_name(node) == "NullTest":
        path, not_null = claim(node.arg), enum_name(node, "nulltesttype") == "IS_NOT_NULL"
        if path in (("sub",), ("email",)):
            return not_null == signed_in
        return not_null if path in ((), ("role",)) else None
    if node_name(node) != "A_Expr" or enum_name(node, "kind") not in ("AEXPR_OP", "AEXPR_OP_ANY"):
        return None
    operator = unwrap(node.name[-1]).sval
    if operator not in ("=", "<>") or (operator == "<>" and enum_name(node, "kind") != "AEXPR_OP"):
        return None
    for left, right in ((node.lexpr, node.rexpr), (node.rexpr, node.lexpr)):
        if claim(left) == ("role",):
            values = [literal(each) for each in _listed(right)]
            is_it = ("authenticated" if signed_in else "anon") in values
            return None if None in values else is_it == (operator == "=")
        if claim(left) == ("sub",) and literal(right) == "" and operator == "<>":
            return signed_in
    return None


def _compares_person(node: Node) -> bool:
    """Whether this is NULL where nobody is signed in: a comparison with who is asking."""
    if node_name(node) != "A_Expr" or enum_name(node, "kind") != "AEXPR_OP":
        return False
    return unwrap(node.name[-1]).sval in ("=", "<>") and any(
        claim(side) in (("sub",), ("email",)) for side in (node.lexpr, node.rexpr)
    )


def _listed(node: Node) -> Sequence[Node]:
    node = bare(node)
    return node.elements if node_name(node) == "A_ArrayExpr" else (node,)


def _replaced(tree: Node, known: Callable[[Node], bool | Node | None]) -> Node:
    """A tree in which every part that something is known of is that: a constant, or another part."""
    whole = known(tree)
    if whole is not None:
        return parse_expression(str(whole).lower()) if isinstance(whole, bool) else unwrap(whole)
    copy = deepcopy(tree)
    _replace_below(copy, known)
    return copy


def _replace_below(node: Node, known: Callable[[Node], bool | Node | None]) -> None:
    for field, value in node.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        children: list[Node] = [value] if isinstance(value, Message) else list(value)
        for child in children:
            found = known(unwrap(child)) if child.DESCRIPTOR.name == "Node" else None
            if found is None:
                _replace_below(child, known)
            elif isinstance(found, bool):
                child.a_const.CopyFrom(parse_expression(str(found).lower()))
            else:
                child.CopyFrom(deepcopy(found))


def asked(graph: Graph, expression: Expression) -> Iterator[tuple[Node, str]]:
    """The nodes of an expression, and of the bodies of the chain's functions that it leads to, with their names."""
    for node in walk(expression.tree):
        yield node, ""
    own = {function.qualified_name for function in graph.catalog.functions}
    seen: set[str] = set()
    for each in graph.of_expression(expression.text, expression.policy.roles[0]):
        for function in each.functions if isinstance(each, Call) else ():
            name = function.qualified_name
            if name in own and name not in seen and function.schema != "auth":
                seen.add(name)
                for node in body(function):
                    yield node, name


def body(function: Function) -> tuple[Node, ...]:
    """All nodes of what a function in SQL or PL/pgSQL does; none where that cannot be read."""
    if not standard_body(function):
        return tuple(node for each in existing(function).nodes for node in walk(each))
    text = f"CREATE FUNCTION f({function.signature}) RETURNS {function.returns} LANGUAGE sql {function.body}"
    try:
        return tuple(walk(parse(text)[0].node.sql_body))
    except GrammarError:
        return ()


def told_by(names: Iterable[str]) -> str:
    """`` by way of public.current_org()``, or nothing."""
    through = sorted({name for name in names if name})
    return f" by way of {', '.join(through)}" if through else ""


def about(policy: Policy, **more: object) -> dict[str, object]:
    """The evidence that every finding about a policy has."""
    return {
        "policy": policy.name,
        "command": policy.command,
        "roles": list(policy.roles),
        "using": policy.using,
        "check": policy.check,
        **more,
    }


def altering(table: Table, policy: Policy, *parts_of_it: str) -> str:
    """``ALTER POLICY own ON public.notes USING (...);``."""
    changes = " ".join(part if " TO " in f" {part} " else f"{part} (...)" for part in parts_of_it)
    return f"ALTER POLICY {quote(policy.name)} ON {quoted(table.qualified_name)} {changes};"
