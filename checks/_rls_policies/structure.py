"""How policies depend on other tables, on functions and on each other."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog, Policy, Table
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.syntax import GrammarError, parse_expression, quote

from .._shared import quoted
from .._truth import truth
from .graph import Call, Graph, Read, unread
from .reach import READING, ROWS, WRITING, Reach, told

Node = tuple[str, str]
"""A role, and the table that it reads."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """A policy of a table that reads another one."""

    table: str
    policy: str
    via: tuple[str, ...]
    target: Node


def in_force(reach: Reach, catalog: Catalog) -> Iterator[tuple[Table, Policy, tuple[str, ...]]]:
    """Policies of tables that are reached, each with the roles from outside whose commands it judges."""
    for table in catalog.whole.tables:
        privileges = reach.privileges(table.qualified_name) if table.row_security else {}
        for policy in table.policies:
            commands = ROWS if policy.command == "ALL" else (policy.command,)
            roles = tuple(
                role
                for role, granted in privileges.items()
                if reach.applies(policy.roles, role)
                and not reach.exempt(role, table)
                and not set(commands).isdisjoint(granted)
            )
            if roles:
                yield table, policy, roles


def recursions(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that read their own table, at once or by way of others."""
    graph = Graph.over(catalog)
    starts: dict[Node, None] = {}
    judged = list(in_force(reach, catalog))
    if not judged:
        yield NotApplicable("no policy judges a role from outside")
    for table, policy, roles in judged:
        yield from unread(policy, table)
        yield from _unread_functions(graph, table, policy, roles)
        for role in roles:
            starts[role, table.qualified_name] = None
            starts.update((edge.target, None) for edge in _edges_of(graph, table, policy, role))
    told_of: dict[frozenset[str], tuple[list[_Edge], dict[str, None]]] = {}
    for node in _reached(reach, graph, starts):
        cycle = _cycle(reach, graph, node)
        if cycle:
            tables = frozenset(edge.table for edge in cycle)
            told_of.setdefault(tables, (cycle, {}))[1][node[0]] = None
    for cycle, found in told_of.values():
        yield _recursion(cycle, tuple(role for role in found if role in reach.roles) or tuple(found))


def _unread_functions(graph: Graph, table: Table, policy: Policy, roles: Sequence[str]) -> Iterator[Unproven]:
    for name in dict.fromkeys(each for role in roles for each in graph.opaque(policy, role)):
        yield Unproven(
            f'policy "{policy.name}" calls {name}, and what that reads cannot be told from its body',
            object=table.qualified_name,
        )


def _edges(reach: Reach, graph: Graph, node: Node) -> Iterator[_Edge]:
    """What is read on the way where a role reads a table."""
    role, name = node
    table = graph.tables.get(name)
    if table is None or not table.row_security or reach.exempt(role, table):
        return
    for policy in table.policies:
        if policy.command in ("ALL", "SELECT") and reach.applies(policy.roles, role):
            yield from _edges_of(graph, table, policy, role, reading=True)


def _edges_of(graph: Graph, table: Table, policy: Policy, role: str, *, reading: bool = False) -> Iterator[_Edge]:
    found = graph.of_expression(policy.using, role) if reading else graph.of_policy(policy, role)
    for read in found:
        if isinstance(read, Read) and read.relation in graph.tables:
            yield _Edge(table.qualified_name, policy.name, read.via, (read.role, read.relation))


def _reached(reach: Reach, graph: Graph, starts: dict[Node, None]) -> list[Node]:
    seen = dict(starts)
    queue = deque(starts)
    while queue:
        for edge in _edges(reach, graph, queue.popleft()):
            if edge.target not in seen:
                seen[edge.target] = None
                queue.append(edge.target)
    return list(seen)


def _cycle(reach: Reach, graph: Graph, start: Node) -> list[_Edge]:
    """The shortest way from a table back to it; empty where there is none."""
    ways: dict[Node, list[_Edge]] = {start: []}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for edge in _edges(reach, graph, node):
            if edge.target == start:
                return [*ways[node], edge]
            if edge.target not in ways:
                ways[edge.target] = [*ways[node], edge]
                queue.append(edge.target)
    return []


def _recursion(cycle: Sequence[_Edge], roles: Sequence[str]) -> Finding:
    called = any(name.endswith("()") for edge in cycle for name in edge.via)
    code = "54001" if called else "42P17"
    steps = [
        f'policy "{edge.policy}" on {edge.table} reads {edge.target[1]}'
        + (f" by way of {', '.join(edge.via)}" if edge.via else "")
        for edge in cycle
    ]
    return Finding(
        f"{'; '.join(steps)}: queries of {', '.join(roles)} fail with SQLSTATE {code}"
        + (" when a row is judged by way of the function" if called else ""),
        object=cycle[0].table,
        evidence={"tables": [edge.table for edge in cycle], "roles": list(roles), "sqlstate": code},
        fix=f"CREATE FUNCTION ... SECURITY DEFINER SET search_path = '' -- owned by whom the policies of "
        f"{cycle[0].table} do not bind: read {cycle[-1].target[1]} there, and call it in the policy",
        severity=Severity.WARNING if called else None,
    )


def reading_unguarded(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that rely on a table which those whom they judge can write to as they like."""
    graph = Graph.over(catalog)
    judged = list(in_force(reach, catalog))
    if not judged:
        yield NotApplicable("no policy judges a role from outside")
    for table, policy, roles in judged:
        yield from unread(policy, table)
        yield from _unread_functions(graph, table, policy, roles)
        reads = (each for role in roles for each in graph.of_policy(policy, role) if isinstance(each, Read))
        for name in dict.fromkeys(read.relation for read in reads):
            other = graph.tables.get(name)
            writers = reach.privileges(name, WRITING)
            if other is not None and not other.row_security and other.kind != "foreign table" and writers:
                yield Finding(
                    f'policy "{policy.name}" on {table.qualified_name} relies on {name}, which has no row level '
                    f"security and can be written to ({told(writers)})",
                    object=table.qualified_name,
                    evidence={"policy": policy.name, "reads": name, "writers": list(writers)},
                    fix=f"ALTER TABLE {quoted(name)} ENABLE ROW LEVEL SECURITY;",
                )


def not_executable(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that call functions which those whom they judge may not execute."""
    graph = Graph.over(catalog)
    judged = list(in_force(reach, catalog))
    if not judged:
        yield NotApplicable("no policy judges a role from outside")
    for table, policy, roles in judged:
        yield from unread(policy, table)
        refused: dict[str, list[str]] = defaultdict(list)
        for role in roles:
            for call in graph.of_policy(policy, role):
                if isinstance(call, Call) and call.role == role and _refused(reach, call):
                    name = call.functions[0].qualified_name
                    refused[name] += [] if role in refused[name] else [role]
        for name, without in refused.items():
            yield Finding(
                f'policy "{policy.name}" on {table.qualified_name} calls {name}, which {", ".join(without)} may not '
                "execute: their queries fail with SQLSTATE 42501",
                object=table.qualified_name,
                evidence={"policy": policy.name, "function": name, "roles": without},
                fix=_allow(table, policy, name, without, [role for role in roles if role not in without]),
                severity=None if len(without) == len(roles) else Severity.WARNING,
            )


def _refused(reach: Reach, call: Call) -> bool:
    return not any(call.role in reach.executable.get(each.qualified_name, ()) for each in call.functions)


def _allow(table: Table, policy: Policy, function: str, without: Sequence[str], others: Sequence[str]) -> str:
    if others:
        roles = ", ".join(map(quote, others))
        return f"ALTER POLICY {quote(policy.name)} ON {quoted(table.qualified_name)} TO {roles};"
    schema, _, rest = function.partition(".")
    name, _, arguments = rest.partition("(")
    return f"GRANT EXECUTE ON FUNCTION {quote(schema)}.{quote(name)}({arguments} TO {', '.join(map(quote, without))};"


def not_readable(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that read tables which those whom they judge may not read."""
    graph = Graph.over(catalog)
    judged = list(in_force(reach, catalog))
    if not judged:
        yield NotApplicable("no policy judges a role from outside")
    for table, policy, roles in judged:
        yield from unread(policy, table)
        refused: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
        for role in roles:
            for read in graph.of_policy(policy, role):
                if isinstance(read, Read) and read.role == role and not _readable(reach, graph, role, read.relation):
                    refused[read.relation, read.via] += [role]
        for (name, via), without in refused.items():
            by_way = f" by way of {', '.join(via)}" if via else ""
            yield Finding(
                f'policy "{policy.name}" on {table.qualified_name} reads {name}{by_way}, which '
                f"{', '.join(dict.fromkeys(without))} may not: their queries fail with SQLSTATE 42501",
                object=table.qualified_name,
                evidence={"policy": policy.name, "table": name, "roles": list(dict.fromkeys(without))},
                fix="-- read it in a function with SECURITY DEFINER, which gives no more than the policy needs",
                severity=Severity.WARNING if via or len(set(without)) < len(roles) else None,
            )


def _readable(reach: Reach, graph: Graph, role: str, relation: str) -> bool:
    """Whether a role may read a relation, or a column of it, as far as can be told."""
    made = graph.tables.get(relation) or graph.views.get(relation)
    if made is None or role in reach.privileges(relation, READING):
        return True
    if made.owner in reach.powers.get(role, frozenset((role,))) or reach.grantees(made.grants, (role,), "SELECT"):
        return True  # In a schema that it may not enter, which an expression that is stored does not mind.
    return not _enters(reach, role, relation.partition(".")[0])


def _enters(reach: Reach, role: str, schema: str) -> bool:
    """Whether a role is seen to have USAGE of a schema: privileges on columns are only known of there."""
    relations = ((name, (each.role for each in found)) for name, found in reach.relations.items())
    return any(name.startswith(f"{schema}.") and role in roles for name, roles in (*relations, *reach.callable.items()))


def writing_unseen(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies for UPDATE or DELETE whose rows no policy for SELECT shows."""
    judged = [each for each in in_force(reach, catalog) if each[1].command in ("UPDATE", "DELETE")]
    if not judged:
        yield NotApplicable("no policy for UPDATE or DELETE judges a role from outside")
    found: dict[str, dict[Policy, list[str]]] = defaultdict(lambda: defaultdict(list))
    for table, policy, roles in judged:
        for role in roles:
            reads = role in reach.privileges(table.qualified_name, READING)
            if policy.permissive and not _never(policy) and reads and not _sees(reach, table, role):
                found[table.qualified_name][policy].append(role)
    for name, policies in found.items():
        for policy, roles_without in policies.items():
            yield Finding(
                f'policy "{policy.name}" lets {", ".join(roles_without)} {policy.command} rows of {name}, and no '
                f"policy for SELECT shows them: {policy.command} with WHERE or RETURNING changes none, without failing",
                object=name,
                evidence={"policy": policy.name, "roles": roles_without},
                fix=f"CREATE POLICY {quote(policy.name + '_select')} ON {quoted(name)} FOR SELECT "
                f"TO {', '.join(map(quote, roles_without))} USING ({policy.using or '...'});",
            )


def _sees(reach: Reach, table: Table, role: str) -> bool:
    return any(
        each.permissive and each.command in ("ALL", "SELECT") and reach.applies(each.roles, role)
        for each in table.policies
    )


def _never(policy: Policy) -> bool:
    try:
        return policy.using is not None and truth(parse_expression(policy.using)) is False
    except GrammarError:
        return False
