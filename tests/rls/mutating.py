"""Policies, grants and functions of a correct schema, weakened one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrate_validate.catalog.model import Catalog, Policy, Table
from migrate_validate.syntax import quote

_ROLE_ASKED = re.compile(r"has_role\((\w+), [^)]*\)")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing that was weakened."""

    name: str
    object: str
    """``schema.name`` of the table, view or function that it is about."""
    sql: str


def mutants(catalog: Catalog) -> list[Mutant]:
    """Everything that can be weakened by itself."""
    found: list[Mutant] = []
    for table in catalog.tables:
        found += _of_table(table)
        for policy in table.policies:
            if policy.using != "true":
                found += _of_policy(table, policy)
    for view in catalog.views:
        name = view.qualified_name
        if view.kind == "view":
            found.append(
                Mutant(f"{view.name}: security_invoker off", name, f"ALTER VIEW {name} RESET (security_invoker)")
            )
        else:
            for role in ("anon", "authenticated"):
                found.append(Mutant(f"{view.name}: SELECT for {role}", name, f"GRANT SELECT ON {name} TO {role}"))
    for name, sql in _UNCHECKED.items():
        found.append(Mutant(f"{name}: no checks", f"public.{name}", sql))
    for function in catalog.functions:
        if function.name in _UNCHECKED:
            name = f"{function.schema}.{function.name}"
            sql = f"GRANT EXECUTE ON FUNCTION {name}({function.arguments}) TO anon"
            found.append(Mutant(f"{function.name}: EXECUTE for anon", name, sql))
    return found


def _of_table(table: Table) -> Iterator[Mutant]:
    name = table.qualified_name
    yield Mutant(f"{table.name}: RLS off", name, f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")
    if table.name in ("organizations", "profiles"):
        yield Mutant(f"{table.name}: UPDATE of all columns", name, f"GRANT UPDATE ON {name} TO authenticated")
        for column in table.columns:
            granted = f"GRANT UPDATE ({column.name}) ON {name} TO authenticated"
            yield Mutant(f"{table.name}: UPDATE of {column.name}", name, granted)
    yield Mutant(f"{table.name}: TRUNCATE", name, f"GRANT TRUNCATE ON {name} TO authenticated")


def _of_policy(table: Table, policy: Policy) -> Iterator[Mutant]:
    weaker: dict[str, Policy] = {}
    if policy.using is not None:
        weaker["USING true"] = replace(policy, using="true")
        for number, text in enumerate(_without_one(policy.using), start=1):
            weaker[f"USING without condition {number}"] = replace(policy, using=text)
        weaker["USING for any role"] = replace(policy, using=_ROLE_ASKED.sub(r"is_member(\1)", policy.using))
    if policy.check is not None:
        weaker["CHECK true"] = replace(policy, check="true")
        for number, text in enumerate(_without_one(policy.check), start=1):
            weaker[f"CHECK without condition {number}"] = replace(policy, check=text)
        weaker["CHECK for any role"] = replace(policy, check=_ROLE_ASKED.sub(r"is_member(\1)", policy.check))
        if policy.using is not None:
            weaker["no CHECK"] = replace(policy, check=None)
    weaker["no TO"] = replace(policy, roles=("public",))
    if policy.command != "ALL":
        weaker["FOR ALL"] = replace(policy, command="ALL", using=policy.using or policy.check)
    for what, changed in weaker.items():
        if changed != policy:
            yield Mutant(f"{policy.name}: {what}", table.qualified_name, _made_anew(table, changed))


def _without_one(text: str) -> Iterator[str]:
    """A condition of several parts, each of which is left out in turn."""
    parts = _parts(text[1:-1])
    if len(parts) > 1:
        for left_out in parts:
            yield " AND ".join(each for each in parts if each is not left_out)


def _parts(text: str) -> list[str]:
    """What stands between the ANDs that are in no parentheses."""
    depth, start, parts = 0, 0, []
    for index, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and text.startswith(" AND ", index):
            parts.append(text[start:index])
            start = index + len(" AND ")
    return [*parts, text[start:]]


def _made_anew(table: Table, policy: Policy) -> str:
    roles = ", ".join("PUBLIC" if role == "public" else quote(role) for role in policy.roles)
    using = f" USING ({policy.using})" if policy.using is not None else ""
    check = f" WITH CHECK ({policy.check})" if policy.check is not None else ""
    return (
        f"DROP POLICY {quote(policy.name)} ON {table.qualified_name};"
        f"CREATE POLICY {quote(policy.name)} ON {table.qualified_name} FOR {policy.command} TO {roles}{using}{check}"
    )


_UNCHECKED = {
    "is_member": """
CREATE OR REPLACE FUNCTION public.is_member(org uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS 'SELECT org IS NOT NULL'
""",
    "has_role": """
CREATE OR REPLACE FUNCTION public.has_role(org uuid, VARIADIC wanted text[]) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.organization_members m WHERE m.organization_id = org AND m.role::text = ANY (wanted))
$$
""",
    "project_titles": """
CREATE OR REPLACE FUNCTION public.project_titles(org uuid) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
    'SELECT p.title FROM public.projects p WHERE p.organization_id = org'
""",
    "delete_project": """
CREATE OR REPLACE FUNCTION public.delete_project(project_id uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = '' AS
    'DELETE FROM public.projects p WHERE p.id = delete_project.project_id'
""",
}
"""SECURITY DEFINER functions that no longer look at who asks."""
