"""What expressions of policies say: who they let through, and what they believe of who is asking."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from migrate_validate.catalog.model import Catalog, Policy, Table
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.syntax import GrammarError, Node, node_name, parse_expression, quote, sql_of_node, unwrap, walk

from .._shared import enum_name, quoted, quoted_list
from .._truth import literal, truth
from .expressions import (
    Expression,
    about,
    altering,
    asked,
    bare,
    called,
    claim,
    commands,
    guarded,
    own_columns,
    parts,
    reached,
    setting,
    told_by,
    truth_for,
    written,
)
from .graph import Graph
from .reach import Reach

_SERVICE = re.compile(r"\bservice[ _-]?(role|account|key)\b|\b(system|backend|server)\b", re.IGNORECASE)
_USERS_OWN = ("user_metadata", "raw_user_meta_data")
"""What whoever is signed in writes without asking anybody, in the token and in auth.users."""


def _permissive(reach: Reach, catalog: Catalog) -> tuple[list[Expression], list[Result], dict[int, tuple[str, ...]]]:
    """Expressions of permissive policies that are passed by from outside, what else to say, and by whom."""
    found = [each for each in reached(reach, catalog) if each[1].permissive]
    expressions, said = written((table, policy) for table, policy, _ in found)
    return expressions, said, {id(policy): roles for _, policy, roles in found}


def _deed(policy: Policy) -> str:
    return "read and change" if policy.command == "ALL" else policy.command


def _weight(each: Expression) -> Severity:
    """Of an expression that lets too many through; restrictive policies beside it may still choose."""
    if any(_chooses(other, each.policy) for other in each.table.policies):
        return Severity.INFO
    writes = each.part == "USING" and each.policy.command != "SELECT"
    return Severity.ERROR if writes else Severity.WARNING


def _chooses(other: Policy, policy: Policy) -> bool:
    """Whether a restrictive policy looks at everything that a permissive one lets through."""
    if other.permissive or other.command not in ("ALL", policy.command):
        return False
    if "public" not in other.roles and not set(policy.roles) <= set(other.roles):
        return False
    try:
        trees = [parse_expression(text) for text in (other.using, other.check) if text is not None]
    except GrammarError:
        return False
    return not any(truth_for(tree, signed_in=signed_in) for tree in trees for signed_in in (True, False))


def for_everybody_signed_in(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that ask only whether somebody is signed in."""
    expressions, said, passing = _permissive(reach, catalog)
    yield from said
    for each in expressions:
        if truth(each.tree) or truth_for(each.tree, signed_in=False) or not truth_for(each.tree, signed_in=True):
            continue
        yield Finding(
            f"{each.place} asks only whether somebody is signed in: whoever is may {_deed(each.policy)} every row",
            object=each.table.qualified_name,
            evidence=about(each.policy, passed_by=list(passing[id(each.policy)])),
            fix=altering(each.table, each.policy, each.part),
            severity=_weight(each),
        )


def for_the_anonymous(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that let through those who are not signed in."""
    expressions, said, passing = _permissive(reach, catalog)
    yield from said
    for each in expressions:
        roles = [role for role in passing[id(each.policy)] if role != "authenticated"]
        if roles and not truth(each.tree) and truth_for(each.tree, signed_in=False):
            yield Finding(
                f"{each.place} is true where nobody is signed in: {', '.join(roles)} may then "
                f"{_deed(each.policy)} every row",
                object=each.table.qualified_name,
                evidence=about(each.policy, passed_by=roles),
                fix=altering(each.table, each.policy, each.part),
                severity=_weight(each),
            )


def without_own_columns(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that say the same of every row of their table, or have a way past their own row."""
    expressions, said, _ = _permissive(reach, catalog)
    yield from said
    for each in expressions:
        if _decided(each.tree):
            continue
        for way in parts(each.tree, "OR_EXPR"):
            if _decided(way) or next(own_columns(way), None):
                continue
            reading = any(node_name(node) == "SelectStmt" and node.from_clause for node in walk(way))
            if not reading and way is not each.tree:
                continue  # Such as "or the_one_who_asks_is_an_administrator()".
            what = "" if way is each.tree else f"{_text_of(way)}, which "
            yield Finding(
                f"{each.place} {'has ' if what else ''}{what}names no column of the row: "
                f"who passes it may {_deed(each.policy)} the rows of everybody",
                object=each.table.qualified_name,
                evidence=about(each.policy),
                fix=altering(each.table, each.policy, each.part),
                severity=Severity.WARNING if reading and not _of_a_kind(way) else Severity.INFO,
            )


def _text_of(node: Node) -> str:
    """An expression that is a part of another one, on one line."""
    wrapper = parse_expression("f(NULL)").args[0]
    for field in wrapper.DESCRIPTOR.fields:
        if field.message_type and field.message_type.name == node_name(node):
            getattr(wrapper, field.name).CopyFrom(node)
    return " ".join(sql_of_node(wrapper).split())


def _decided(tree: Node) -> bool:
    """Whether an expression is true or false without a row; other rules tell what is true."""
    for_all = [truth_for(tree, signed_in=signed_in) for signed_in in (True, False)]
    return truth(tree) is not None or True in for_all or for_all == [False, False]


def _of_a_kind(way: Node) -> bool:
    """Whether a subquery wants something of a certain kind, such as ``role = 'admin'``: not every member passes."""
    for node in walk(way):
        if node_name(node) == "A_Expr":
            sides = [unwrap(node.lexpr), unwrap(node.rexpr)]
            if any(_constant(side) for side in sides) and any(_is_column(side) for side in sides):
                return True
    wheres = [node.where_clause for node in walk(way) if node_name(node) == "SelectStmt" and node.from_clause]
    return any(_is_column(part) for where in wheres for part in parts(where, "AND_EXPR"))


def _constant(node: Node) -> bool:
    items = node.elements if node_name(node) == "A_ArrayExpr" else (node,)
    return all(literal(each) is not None for each in items)


def _is_column(node: Node) -> bool:
    node = unwrap(node)
    return _is_column(node.arg) if node_name(node) == "TypeCast" else node_name(node) == "ColumnRef"


def for_a_service(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that are meant for a service and given to everybody."""
    expressions, said, passing = _permissive(reach, catalog)
    yield from said
    told: set[int] = set()
    for each in expressions:
        policy = each.policy
        asks = any(_asks_for_service(node) for node in walk(each.tree))
        opened = bool(truth(each.tree)) and _SERVICE.search(policy.name) is not None
        if id(policy) in told or not (asks or opened):
            continue
        told.add(id(policy))
        yield Finding(
            f"{each.place} is meant for a service by its name, and lets {', '.join(passing[id(policy)])} "
            f"{_deed(policy)} every row"
            if opened
            else f"{each.place} asks for service_role, which needs no policy, of each row of everybody else",
            object=each.table.qualified_name,
            evidence=about(policy, passed_by=list(passing[id(policy)])),
            fix=altering(each.table, policy, "TO service_role" if opened else each.part),
            severity=None if opened else Severity.INFO,
        )


def _asks_for_service(node: Node) -> bool:
    if node_name(node) != "A_Expr" or unwrap(node.name[-1]).sval != "=":
        return False
    sides = [(node.lexpr, node.rexpr), (node.rexpr, node.lexpr)]
    return any(claim(left) == ("role",) and literal(right) == "service_role" for left, right in sides)


def for_those_above(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies for roles that no policy binds."""
    policies = guarded(catalog)
    if not policies:
        yield NotApplicable("no policy is in force")
    for table, policy in policies:
        above = [role for role in policy.roles if role in reach.above]
        if above:
            yield Finding(
                f'policy "{policy.name}" on {table.qualified_name} is for {", ".join(above)}, whom row level security '
                "does not bind",
                object=table.qualified_name,
                evidence=about(policy),
                fix=f"DROP POLICY {quote(policy.name)} ON {quoted(table.qualified_name)};"
                if len(above) == len(policy.roles)
                else altering(table, policy, f"TO {quoted_list(each for each in policy.roles if each not in above)}"),
            )


def only_restrictive(catalog: Catalog) -> Iterator[Result]:
    """Restrictive policies that have nothing to restrict."""
    policies = guarded(catalog)
    if not policies:
        yield NotApplicable("no policy is in force")
    for table, policy in policies:
        allowed = {command for other in table.policies if other.permissive for command in commands(other)}
        if not policy.permissive and allowed.isdisjoint(commands(policy)):
            yield Finding(
                f'policy "{policy.name}" on {table.qualified_name} is restrictive, and no permissive one lets anybody '
                f"{policy.command if policy.command != 'ALL' else 'reach a row'}",
                object=table.qualified_name,
                evidence=about(policy),
            )


def of_users_metadata(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that believe what whoever is signed in says of himself."""
    yield from _believing(reach, catalog, _is_users_own, "user_metadata, which every user writes himself")


def of_headers(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that believe headers or cookies of the request."""
    yield from _believing(reach, catalog, _is_header, "headers or cookies, which whoever asks writes as he likes")


def _believing(reach: Reach, catalog: Catalog, wanted: Callable[[Node], bool], what: str) -> Iterator[Result]:
    graph = Graph.over(catalog)
    expressions, said = written((table, policy) for table, policy, _ in reached(reach, catalog))
    yield from said
    for each in expressions:
        through = [name for node, name in asked(graph, each) if wanted(node)]
        if through:
            yield Finding(
                f"{each.place} goes by {what}{told_by(through if '' not in through else ())}",
                object=each.table.qualified_name,
                evidence=about(each.policy),
                fix=altering(each.table, each.policy, each.part),
            )


def _is_users_own(node: Node) -> bool:
    if node_name(node) == "ColumnRef":
        last = unwrap(node.fields[-1])
        return node_name(last) == "String" and last.sval == "raw_user_meta_data"
    if node_name(node) != "A_Expr" or enum_name(node, "kind") != "AEXPR_OP":
        return (claim(node) or ("",))[0] in _USERS_OWN
    operator, key = unwrap(node.name[-1]).sval, literal(node.rexpr)
    return (operator in ("->", "->>") and key == "user_metadata") or (claim(node) or ("",))[0] in _USERS_OWN


def _is_header(node: Node) -> bool:
    return (setting(node) or "").startswith(("request.header", "request.cookie"))


def of_session_user(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that compare columns with the role that is connected."""
    expressions, said = written((table, policy) for table, policy, _ in reached(reach, catalog))
    yield from said
    for each in expressions:
        columns = [name for node in walk(each.tree) for name in _compared_with_role(node)]
        if columns:
            yield Finding(
                f"{each.place} compares {', '.join(dict.fromkeys(columns))} with the role that is connected, which is "
                f"the same for all who come as {', '.join(reach.roles)}",
                object=each.table.qualified_name,
                evidence=about(each.policy),
                fix=altering(each.table, each.policy, each.part),
            )


def _compared_with_role(node: Node) -> Sequence[str]:
    if node_name(node) != "A_Expr":
        return ()
    sides = [(node.lexpr, node.rexpr), (node.rexpr, node.lexpr)]
    return [name for left, right in sides if _names_role(left) for name in own_columns(right)]


def _names_role(node: Node) -> bool:
    node = bare(node)
    return node_name(node) == "SQLValueFunction" and enum_name(node, "op") in (
        "SVFOP_CURRENT_USER",
        "SVFOP_SESSION_USER",
        "SVFOP_CURRENT_ROLE",
        "SVFOP_USER",
    )


def weaker_check(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that let rows be changed to what they would not let be changed."""
    for table, policy, roles in reached(reach, catalog):
        if not policy.permissive or policy.command not in ("ALL", "UPDATE") or None in (policy.using, policy.check):
            continue
        found, said = written([(table, policy)])
        yield from (each for each in said if not isinstance(each, NotApplicable))
        if len(found) == 2 and truth(found[1].tree) is None:
            loose = _loosened(table, found[0].tree, found[1].tree, _changeable(reach, table, roles))
            if loose:
                yield Finding(
                    f'policy "{policy.name}" on {table.qualified_name} chooses rows by {", ".join(loose)}, and its '
                    "WITH CHECK does not: who may change a row may give it to somebody else",
                    object=table.qualified_name,
                    evidence=about(policy, columns=loose),
                    fix=altering(table, policy, "WITH CHECK"),
                )


def _changeable(reach: Reach, table: Table, roles: Sequence[str]) -> frozenset[str]:
    """The columns that some role may change."""
    names: set[str] = set()
    for access in reach.relations.get(table.qualified_name, ()):
        if access.privilege == "UPDATE" and access.role in roles:
            names.update(access.columns if access.columns is not None else (each.name for each in table.columns))
    return frozenset(names)


def _loosened(table: Table, using: Node, check: Node, changeable: frozenset[str]) -> list[str]:
    """The columns that every way through USING compares with who is asking, and some way of WITH CHECK does not."""
    ways = {_text_of(way): _asking(way) for way in parts(using, "OR_EXPR")}
    bound = frozenset.intersection(*ways.values()) & changeable
    others = [way for way in parts(check, "OR_EXPR") if _text_of(way) not in ways]
    loose = frozenset().union(*(bound.difference(own_columns(way)) for way in others))
    return [column.name for column in table.columns if column.name in loose]


def _asking(way: Node) -> frozenset[str]:
    """The columns in the conditions of a way that ask the session, a function or another table."""
    return frozenset(
        column
        for part in parts(way, "AND_EXPR")
        if any(node_name(node) in ("SubLink", "SQLValueFunction") or called(node)[1] for node in walk(part))
        for column in own_columns(part)
    )
