"""What policies cost: work for each row that could be done once, or by an index."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from migrate_validate.catalog.model import Catalog, Function, Index, Policy, Table
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.syntax import Node, node_name, parse_expression, unwrap, walk

from .._shared import enum_name, quoted, quoted_list
from .._truth import truth
from .expressions import (
    COMMANDS,
    TOKEN,
    Expression,
    about,
    altering,
    bare,
    called,
    commands,
    guarded,
    own_columns,
    parts,
    reached,
    spots,
    written,
)
from .graph import takes
from .reach import Reach

_VOLATILE = frozenset(
    ("random", "clock_timestamp", "timeofday", "nextval", "set_config", "gen_random_uuid", "pg_sleep", "uuidv7")
)
"""Volatile functions of PostgreSQL that somebody could write into a policy."""


def calls_per_row(catalog: Catalog) -> Iterator[Result]:
    """Questions about the session that are asked again for each row."""
    expressions, said = written(guarded(catalog))
    yield from said
    for each in expressions:
        asked = [(name, spot.often) for spot in spots(each.tree) if (name := _asks(spot.node)) and spot.often != "once"]
        if not asked:
            continue
        by_row = list(dict.fromkeys(name for name, often in asked if often == "row"))
        names = by_row or list(dict.fromkeys(name for name, _ in asked))
        whose = "each row" if by_row else "each row that its subquery reads"
        yield Finding(
            f"{each.place} calls {', '.join(names)} for {whose}",
            object=each.table.qualified_name,
            evidence=about(each.policy, calls=names),
            fix=f"{altering(each.table, each.policy, each.part)} -- {', '.join(f'(select {name})' for name in names)}",
            severity=Severity.WARNING if by_row and each.policy.command != "INSERT" else Severity.INFO,
        )


def _asks(node: Node) -> str | None:
    schema, name = called(node)
    if schema == "auth" and name in TOKEN:
        return f"auth.{name}()"
    return "current_setting(...)" if (schema, name) == ("", "current_setting") else None


def volatile_calls(catalog: Catalog) -> Iterator[Result]:
    """Functions that PostgreSQL has to call for each row because they are volatile."""
    expressions, said = written(guarded(catalog))
    yield from said
    functions: dict[tuple[str, str], list[Function]] = {}
    for function in catalog.whole.functions:
        functions.setdefault((function.schema, function.name), []).append(function)
    for each in expressions:
        called_so = {
            name: own for spot in spots(each.tree) for name, own in _volatile(spot.node, spot.often, functions)
        }
        if called_so:
            yield Finding(
                f"{each.place} calls {', '.join(called_so)}, which is VOLATILE, for each row",
                object=each.table.qualified_name,
                evidence=about(each.policy, functions=list(called_so)),
                fix=" ".join(_stable(made) for made in called_so.values() if made),
            )


def _volatile(
    node: Node, often: str, functions: dict[tuple[str, str], list[Function]]
) -> Iterator[tuple[str, Function | None]]:
    schema, name = called(node)
    if not name or often == "once":
        return
    if not schema and name in _VOLATILE:
        yield f"{name}()", None
    found = functions.get((schema, name), [])
    fitting = [each for each in found if takes(each, len(node.args))] or found
    if fitting and all(each.volatility == "volatile" for each in fitting):
        yield fitting[0].qualified_name, fitting[0]


def _stable(function: Function) -> str:
    name = quoted(f"{function.schema}.{function.name}")
    return f"ALTER FUNCTION {name}({function.arguments}) STABLE;"


def unindexed(catalog: Catalog) -> Iterator[Result]:
    """Conditions by which policies choose rows, and that no index helps with."""
    expressions, said = written(guarded(catalog))
    yield from said
    told: set[tuple[str, tuple[str, ...]]] = set()
    for each in expressions:
        if each.part != "USING" or not each.policy.permissive:
            continue
        for table, compared in _searched(catalog, each):
            columns = tuple(name for name, by_constant in compared.items() if not by_constant)
            if columns and not any(_leads(index, compared) for index in table.indexes):
                key = (table.qualified_name, columns)
                if key not in told:
                    told.add(key)
                    yield _missing(each, table, columns)


def _missing(each: Expression, table: Table, columns: tuple[str, ...]) -> Finding:
    where = f"rows of {table.qualified_name} " if table is not each.table else "rows "
    return Finding(
        f"{each.place} chooses {where}by {', '.join(columns)}, which leads no index",
        object=table.qualified_name,
        evidence=about(each.policy, columns=list(columns)),
        fix=f"CREATE INDEX ON {quoted(table.qualified_name)} ({quoted_list(columns[:1])});",
    )


def _searched(catalog: Catalog, each: Expression) -> Iterator[tuple[Table, Mapping[str, bool]]]:
    """The tables that are searched, and for each way through the columns of which one in an index would do."""
    for way in parts(each.tree, "OR_EXPR"):
        yield each.table, _equal(way, None)
    for node in walk(each.tree):
        if node_name(node) == "SelectStmt" and len(node.from_clause) == 1 and node.HasField("where_clause"):
            source = unwrap(node.from_clause[0])
            table = catalog.table(f"{source.schemaname}.{source.relname}") if node_name(source) == "RangeVar" else None
            name = source.alias.aliasname if table and source.HasField("alias") else getattr(source, "relname", "")
            if table and name:
                for way in parts(node.where_clause, "OR_EXPR"):
                    yield table, _equal(way, name)


def _equal(way: Node, name: str | None) -> Mapping[str, bool]:
    """The columns that a way compares with something that is not of the same row, and whether that is a constant.

    :param name: of the table in the subquery that they are of; None: columns of the policy's own row
    """
    found: dict[str, bool] = {}
    for part in parts(way, "AND_EXPR"):
        if node_name(part) != "A_Expr" or enum_name(part, "kind") not in ("AEXPR_OP", "AEXPR_OP_ANY"):
            continue
        for left, right in ((part.lexpr, part.rexpr), (part.rexpr, part.lexpr)):
            column = _own(left, name) if unwrap(part.name[-1]).sval == "=" else None
            same_row = any(_own(each, name) for each in walk(right)) or (name is None and any(own_columns(right)))
            if column and not same_row:
                found[column] = _is_constant(right)
    return found


def _is_constant(node: Node) -> bool:
    node = bare(node)
    listed = node.elements if node_name(node) == "A_ArrayExpr" else (node,)
    return all(node_name(bare(each)) == "A_Const" for each in listed)


def _own(node: Node, name: str | None) -> str | None:
    node = unwrap(node)
    if node_name(node) != "ColumnRef" or node_name(unwrap(node.fields[-1])) != "String":
        return None
    qualifier = unwrap(node.fields[-2]).sval if len(node.fields) > 1 else None
    return str(unwrap(node.fields[-1]).sval) if qualifier == name else None


def _leads(index: Index, columns: Collection[str]) -> bool:
    return index.valid and index.method in ("btree", "hash") and index.keys[0] in columns and _whole(index)


def _whole(index: Index) -> bool:
    """Whether every row with a value is in the index."""
    if index.predicate is None:
        return True
    tests = parts(parse_expression(index.predicate), "AND_EXPR")
    return all(
        node_name(each) == "NullTest"
        and enum_name(each, "nulltesttype") == "IS_NOT_NULL"
        and _own(bare(each.arg), None) == index.keys[0]
        for each in tests
    )


def several_permissive(catalog: Catalog) -> Iterator[Result]:
    """Permissive policies of one table that are all evaluated for the same role and command."""
    policies = guarded(catalog)
    if not policies:
        yield NotApplicable("no policy is in force")
    for table in dict.fromkeys(table for table, _ in policies):
        groups: dict[tuple[str, ...], list[str]] = {}
        for command in COMMANDS:
            for role in dict.fromkeys(role for policy in table.policies for role in policy.roles):
                names = _together(table, command, role)
                if len(names) > 1:
                    groups.setdefault(names, []).append(f"{role} {command}")
        if groups:
            told = "; ".join(f"{', '.join(who)}: {', '.join(names)}" for names, who in groups.items())
            yield Finding(
                f"{table.qualified_name} has several permissive policies for the same role and command ({told})",
                object=table.qualified_name,
                evidence={"policies": {", ".join(who): list(names) for names, who in groups.items()}},
            )


def _together(table: Table, command: str, role: str) -> tuple[str, ...]:
    def holds(policy: Policy) -> bool:
        return policy.permissive and command in commands(policy) and not {role, "public"}.isdisjoint(policy.roles)

    return tuple(policy.name for policy in table.policies if holds(policy))


def without_role(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies for everybody, evaluated for roles too that never pass."""
    found = list(reached(reach, catalog))
    expressions, said = written((table, policy) for table, policy, _ in found)
    yield from said
    passing = {id(policy): roles for _, policy, roles in found}
    told: set[int] = set()
    for each in expressions:
        policy = each.policy
        if policy.roles != ("public",) or id(policy) in told or truth(each.tree):
            continue
        told.add(id(policy))
        if len(passing[id(policy)]) > 1:
            yield Finding(
                f'policy "{policy.name}" on {each.table.qualified_name} does not say for whom it is: it is '
                f"evaluated for {', '.join(passing[id(policy)])}",
                object=each.table.qualified_name,
                evidence=about(policy, passed_by=list(passing[id(policy)])),
                fix=altering(each.table, policy, "TO ..."),
            )
