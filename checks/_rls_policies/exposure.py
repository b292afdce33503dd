"""What can be reached from outside past row level security."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate_validate.catalog.model import Catalog, Policy, Table, View
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.syntax import GrammarError, parse_expression

from .._shared import SAMPLE, count_of, quoted
from .._truth import truth
from .graph import Graph, Read, invoker
from .reach import READING, Reach, revoking, told

USERS = "auth.users"
"""The table of those who can sign in."""


def tables_without_rls(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Tables that are reached and have no row level security, those left out that a guarded table is above."""
    for table in catalog.tables:
        if table.kind == "foreign table" or table.row_security or guarded_above(catalog, table):
            continue
        privileges = reach.privileges(table.qualified_name)
        if privileges:
            part = f", a partition of {table.partition_of}," if table.partition_of else ""
            yield Finding(
                f"{table.qualified_name}{part} can be reached without row level security ({told(privileges)})",
                object=table.qualified_name,
                evidence={"privileges": _lists(privileges)},
                fix=_enable(table),
            )


def children_without_rls(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Partitions and children by inheritance that are reached past the policies of the table above them."""
    children = [table for table in catalog.tables if guarded_above(catalog, table)]
    if not children:
        yield NotApplicable("no table with row level security has a partition or a child")
    for table in children:
        privileges = reach.privileges(table.qualified_name)
        above = guarded_above(catalog, table)
        if privileges and above and not table.row_security and table.kind != "foreign table":
            what = "a partition of" if table.partition_of else "inherits from"
            yield Finding(
                f"{table.qualified_name} ({what} {above}) can be reached by itself, where the policies of {above} "
                f"do not hold ({told(privileges)})",
                object=table.qualified_name,
                evidence={"above": above, "privileges": _lists(privileges)},
                fix=_enable(table),
            )


def guarded_above(catalog: Catalog, table: Table) -> str | None:
    """The nearest table above a partition or child that has row level security."""
    above = [name for name in (table.partition_of, *table.inherits) if name]
    seen: set[str] = set()
    while above:
        name = above.pop(0)
        parent = catalog.whole.table(name)
        if parent is None or name in seen:
            continue
        if parent.row_security:
            return name
        seen.add(name)
        above += [each for each in (parent.partition_of, *parent.inherits) if each]
    return None


def _enable(table: Table) -> str:
    return f"ALTER TABLE {quoted(table.qualified_name)} ENABLE ROW LEVEL SECURITY;"


def shows_all(reach: Reach, table: Table, role: str, command: str) -> bool:
    """Whether policies let a role run a command on every row of a table anyway."""
    for_it = [each for each in table.policies if each.command in ("ALL", command) and reach.applies(each.roles, role)]
    return all(policy.permissive for policy in for_it) and any(_is_open(each, command) for each in for_it)


def _is_open(policy: Policy, command: str) -> bool:
    expression = policy.check if command == "INSERT" and policy.check is not None else policy.using
    try:
        return expression is not None and truth(parse_expression(expression)) is True
    except GrammarError:
        return False


def views_past_policies(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Views that read tables as somebody whom their policies do not bind."""
    graph = Graph.over(catalog)
    views = [view for view in catalog.views if view.kind == "view"]
    if not views:
        yield NotApplicable("the schema has no view")
    for view in views:
        privileges = {} if invoker(view) else reach.privileges(view.qualified_name)
        passed = {role: tables for role in privileges if (tables := _passed(graph, reach, view, role, privileges))}
        if passed:
            names = sorted({name for tables in passed.values() for name in tables})
            reached = {role: privileges[role] for role in passed}
            asks = graph.asks(view)
            yield Finding(
                f"{view.qualified_name} reads {', '.join(names)} as {view.owner}, whom row level security does not "
                f"bind ({told(reached)})" + (", though it looks at who is asking itself" if asks else ""),
                object=view.qualified_name,
                evidence={"tables": names, "owner": view.owner, "privileges": _lists(reached)},
                fix=_invoke(catalog, view, reach.grantees(view.grants, passed)),
                severity=Severity.WARNING if asks else None,
            )


def _passed(
    graph: Graph, reach: Reach, view: View, role: str, privileges: Mapping[str, Sequence[str]]
) -> dict[str, None]:
    """The tables whose policies a role passes by through a view, those left out where they would stop nothing."""
    found: dict[str, None] = {}
    for read in _read_as_owner(graph, view, role):
        table = graph.tables.get(read.relation)
        if table is None or not table.row_security or read.relation == USERS or not reach.exempt(read.role, table):
            continue
        if any(not shows_all(reach, table, role, command) for command in privileges[role]):
            found[read.relation] = None
    return found


def _read_as_owner(graph: Graph, view: View, role: str) -> Iterator[Read]:
    """What a view reads by itself and through other views; what functions do is a matter of theirs."""
    for read in graph.of_view(view, role):
        if isinstance(read, Read) and not any(each.endswith("()") for each in read.via):
            yield read


def _invoke(catalog: Catalog, view: View, grantees: Sequence[str]) -> str:
    if catalog.server_version < 150000:
        return revoking("ALL", quoted(view.qualified_name), grantees)
    return f"ALTER VIEW {quoted(view.qualified_name)} SET (security_invoker = true);"


def views_of_users(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Views over the table of those who can sign in."""
    if catalog.whole.table(USERS) is None:
        yield NotApplicable(f"there is no table {USERS}")
        return
    graph = Graph.over(catalog)
    for view in catalog.views:
        readers = [role for role in reach.privileges(view.qualified_name, READING) if _shows_users(graph, view, role)]
        if readers:
            asks = graph.asks(view)
            yield Finding(
                f"{view.qualified_name} shows {', '.join(readers)} rows of {USERS}"
                + (" of those that it chooses by who is asking" if asks else ""),
                object=view.qualified_name,
                evidence={"roles": readers},
                fix=revoking("ALL", quoted(view.qualified_name), reach.grantees(view.grants, readers)),
                severity=Severity.WARNING if asks else None,
            )


def _shows_users(graph: Graph, view: View, role: str) -> bool:
    if view.kind == "materialized view":
        return USERS in _filled_from(graph, view)
    return any(read.relation == USERS and read.role != role for read in _read_as_owner(graph, view, role))


def _filled_from(graph: Graph, view: View) -> tuple[str, ...]:
    """The relations that a materialized view was filled from."""
    direct = graph.reads_of(view)
    inner = [each for name in direct if name in graph.views for each in _filled_from(graph, graph.views[name])]
    return tuple(dict.fromkeys((*direct, *inner)))


def materialized_views(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Materialized views that are read from outside: row level security cannot be had on them."""
    graph = Graph.over(catalog)
    views = [view for view in catalog.views if view.kind == "materialized view"]
    if not views:
        yield NotApplicable("the schema has no materialized view")
    for view in views:
        readers = reach.privileges(view.qualified_name, READING)
        sources = [graph.tables[name] for name in _filled_from(graph, view) if name in graph.tables]
        guarded = [
            table.qualified_name
            for table in sources
            if table.row_security and not all(shows_all(reach, table, role, "SELECT") for role in readers)
        ]
        if readers:
            yield Finding(
                f"{view.qualified_name} is a materialized view, which has no row level security, and "
                f"{', '.join(readers)} can read it"
                + (
                    f"; it holds rows of {', '.join(guarded)}, whose policies would choose among them"
                    if guarded
                    else ""
                ),
                object=view.qualified_name,
                evidence={"roles": list(readers), "guarded": guarded},
                fix=revoking("ALL", quoted(view.qualified_name), reach.grantees(view.grants, readers)),
                severity=None if guarded else Severity.INFO,
            )


def foreign_tables(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Foreign tables that are reached from outside: row level security cannot be had on them."""
    tables = [table for table in catalog.tables if table.kind == "foreign table"]
    if not tables:
        yield NotApplicable("the schema has no foreign table")
    for table in tables:
        privileges = reach.privileges(table.qualified_name)
        if privileges:
            yield Finding(
                f"{table.qualified_name} is a foreign table, which has no row level security, and can be reached "
                f"({told(privileges)})",
                object=table.qualified_name,
                evidence={"privileges": _lists(privileges), "server": table.server},
                fix=revoking("ALL", quoted(table.qualified_name), reach.grantees(table.grants, privileges)),
            )


def truncating(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Tables that can be emptied whatever their policies say, in one finding."""
    allowed = {
        table.qualified_name: granted
        for table in catalog.tables
        if (granted := reach.privileges(table.qualified_name, ("TRUNCATE",)))
    }
    if allowed:
        roles = sorted({role for granted in allowed.values() for role in granted})
        grants = [each for name in allowed for each in catalog.tables_by_name[name].grants]
        holders = reach.grantees(grants, roles, "TRUNCATE")
        decided = [name for name, granted in allowed.items() if not _by_default(catalog, name, granted)]
        yield Finding(
            f"{', '.join(roles)} may TRUNCATE {count_of(len(allowed), 'table')}, which no policy stops: "
            f"{', '.join([*allowed][:SAMPLE])}" + (", ..." if len(allowed) > SAMPLE else ""),
            object=decided[0] if len(decided) == 1 else None,
            evidence={"tables": list(allowed), "roles": roles},
            fix=revoking("TRUNCATE", ", ".join(map(quoted, allowed)), holders),
            severity=None if decided else Severity.INFO,
        )


def _by_default(catalog: Catalog, table: str, roles: Mapping[str, object]) -> bool:
    """Whether default privileges give every new table of the schema away like that: nobody meant this one."""
    schema = table.partition(".")[0]
    given = {
        grant.grantee
        for default in catalog.whole.default_privileges
        if default.objects == "tables" and default.schema in (None, schema)
        for grant in default.grants
        if grant.privilege == "TRUNCATE"
    }
    return given.issuperset(roles)


def _lists(privileges: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {role: list(granted) for role, granted in privileges.items()}
