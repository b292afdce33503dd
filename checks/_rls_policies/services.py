"""What Supabase's own services show: changes of tables, files in buckets."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from psycopg import sql

from migrate_validate.catalog.model import Catalog, Policy, Publication, Table
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.syntax import GrammarError, Node, node_name, parse_expression, quote, unwrap, walk

from .._shared import Connection, enum_name, fetch, problem, quoted
from .._truth import literal, truth
from .expressions import read_for
from .functions import not_signed_in
from .graph import unread
from .reach import READING, Reach, told

STREAMED = "supabase_realtime"
"""The publication whose changes are sent to subscribers."""
OBJECTS = "storage.objects"
_BUCKET = "bucket_id"


def streamed_without_rls(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Tables whose changes are sent to whoever subscribes."""
    publication = next((each for each in catalog.whole.publications if each.name == STREAMED), None)
    if publication is None:
        yield NotApplicable(f"there is no publication {STREAMED}")
        return
    for table in catalog.tables:
        readers = reach.privileges(table.qualified_name, READING)
        if readers and not table.row_security and _publishes(publication, table):
            yield Finding(
                f"changes of {table.qualified_name} are published by {STREAMED} to every subscriber "
                f"({told(readers)}), for it has no row level security",
                object=table.qualified_name,
                evidence={"publication": STREAMED, "roles": list(readers)},
                fix=f"ALTER TABLE {quoted(table.qualified_name)} ENABLE ROW LEVEL SECURITY;",
            )


def _publishes(publication: Publication, table: Table) -> bool:
    # Behind the name stand the list of columns and the condition for rows, each after a space.
    name = table.qualified_name
    listed = any(each == name or each.startswith((f"{name} (", f"{name} WHERE")) for each in publication.tables)
    return publication.all_tables or table.schema in publication.schemas or listed


def _of_files(reach: Reach, catalog: Catalog) -> list[Policy]:
    """The permissive policies on files that are for somebody from outside."""
    table = catalog.whole.table(OBJECTS)
    policies = table.policies if table else ()
    return [
        policy
        for policy in policies
        if policy.permissive and any(reach.applies(policy.roles, role) for role in reach.roles)
    ]


def files_of_any_bucket(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies on files that hold for every bucket."""
    table = catalog.whole.table(OBJECTS)
    policies = _of_files(reach, catalog)
    if table is None or not policies:
        yield NotApplicable(f"{OBJECTS} has no policy for roles from outside")
        return
    for policy in policies:
        yield from unread(policy, table)
        parts = [
            part
            for part, text in (("USING", policy.using), ("WITH CHECK", policy.check))
            if text is not None and not _looks_at_bucket(text)
        ]
        if parts:
            yield Finding(
                f'policy "{policy.name}" on {OBJECTS} does not say which bucket: its {" and its ".join(parts)} holds '
                f"for every one, those to come too ({', '.join(policy.roles)}: {policy.command})",
                object=OBJECTS,
                evidence={"policy": policy.name, "using": policy.using, "check": policy.check},
                fix=f"ALTER POLICY {quote(policy.name)} ON {OBJECTS} "
                + " ".join(f"{part} ({_BUCKET} = '...' AND ...)" for part in parts)
                + ";",
            )


def _looks_at_bucket(text: str) -> bool:
    try:
        tree = parse_expression(text)
    except GrammarError:
        return True
    return truth(tree) is False or any(_is_bucket(each) for each in walk(tree))


def _is_bucket(node: Node) -> bool:
    node = unwrap(node)
    if node_name(node) == "TypeCast":
        return _is_bucket(node.arg)
    return node_name(node) == "ColumnRef" and unwrap(node.fields[-1]).sval == _BUCKET


def written_files(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Policies that let everybody change every file of a bucket, or everybody put files there."""
    policies = [policy for policy in _of_files(reach, catalog) if policy.command != "SELECT"]
    table = catalog.whole.table(OBJECTS)
    restrictive = {policy.command for policy in (table.policies if table else ()) if not policy.permissive}
    if not policies:
        yield NotApplicable(f"{OBJECTS} has no policy for roles from outside to write by")
    for policy in policies:
        text = policy.check if policy.command == "INSERT" else policy.using
        try:
            tree = parse_expression(text) if text is not None else None
        except GrammarError:
            continue
        if tree is None:
            continue
        roles = [role for role in reach.roles if reach.applies(policy.roles, role)]
        anonymous = [role for role in roles if role in not_signed_in(reach)]
        # Who is signed in may well be meant to put files into a bucket, but hardly to change those of others.
        for who, signed_in in ((anonymous, False), (roles if policy.command != "INSERT" else [], True)):
            buckets = _wholly(read_for(tree, signed_in=signed_in))
            if who and (buckets is None or buckets):
                named = ", ".join(sorted(buckets)) if buckets else "every bucket"
                what = "put files into" if policy.command == "INSERT" else "change or delete every file of"
                yield Finding(
                    f'policy "{policy.name}" on {OBJECTS} lets {", ".join(who)} {what} {named}'
                    + ("" if signed_in else ", without being signed in"),
                    object=OBJECTS,
                    evidence={"policy": policy.name, "command": policy.command, "using": text, "roles": who},
                    fix=f"ALTER POLICY {quote(policy.name)} ON {OBJECTS} "
                    + ("WITH CHECK (...);" if policy.command == "INSERT" else "USING (...);"),
                    severity=Severity.INFO
                    if restrictive & {"ALL", policy.command}
                    else (Severity.WARNING if signed_in or policy.command == "INSERT" else Severity.ERROR),
                )
                break


def listed_buckets(reach: Reach, catalog: Catalog, connection: Connection) -> Iterator[Result]:
    """Public buckets whose files everybody can list; files of a public bucket are served without any policy."""
    buckets = catalog.whole.table("storage.buckets")
    if buckets is None or buckets.column("public") is None:
        yield NotApplicable("there is no table storage.buckets that says which are public")
        return
    try:
        rows = fetch(connection, sql.SQL("SELECT id FROM storage.buckets WHERE public ORDER BY id"))
    except psycopg.Error as error:
        yield Unproven(f"which buckets are public cannot be read: {problem(error)}")
        return
    names = [str(name) for (name,) in rows]
    if not names:
        yield NotApplicable("no bucket is public")
    for policy in _of_files(reach, catalog):
        if policy.command not in ("ALL", "SELECT") or policy.using is None:
            continue
        try:
            whole = _wholly(parse_expression(policy.using))
        except GrammarError:
            continue
        listed = [name for name in names if whole is None or name in whole]
        if listed:
            yield Finding(
                f'policy "{policy.name}" on {OBJECTS} lets {", ".join(policy.roles)} list every file of '
                f"{', '.join(listed)}: a public bucket, whose files are served without it",
                object=OBJECTS,
                evidence={"policy": policy.name, "using": policy.using, "buckets": listed},
                fix=f"DROP POLICY {quote(policy.name)} ON {OBJECTS};"
                if policy.command == "SELECT" and whole is not None and whole.issubset(names)
                else f"ALTER POLICY {quote(policy.name)} ON {OBJECTS} USING (...);",
            )


def _wholly(node: Node) -> frozenset[str] | None:
    """The buckets of which an expression lets through every file; None: all there are."""
    node = unwrap(node)
    if truth(node) is True:
        return None
    if node_name(node) == "BoolExpr":
        parts = [_wholly(each) for each in node.args]
        if enum_name(node, "boolop") == "AND_EXPR":
            some = [each for each in parts if each is not None]
            return frozenset.intersection(*some) if some else None
        if enum_name(node, "boolop") == "OR_EXPR":
            return None if None in parts else frozenset().union(*(each for each in parts if each is not None))
    if node_name(node) == "A_Expr" and unwrap(node.name[-1]).sval == "=":
        sides = (node.lexpr, node.rexpr)
        for column, value in (sides, sides[::-1]):
            if _is_bucket(column):
                inside = walk(value)
                if any(node_name(each) in ("ColumnRef", "SubLink", "FuncCall") for each in inside):
                    return frozenset()
                constants = [literal(each) for each in inside]
                return frozenset(each for each in constants if isinstance(each, str))
    return frozenset()
