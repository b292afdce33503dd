"""Which policy or grant lets something happen: found by taking it away."""

from __future__ import annotations

from dataclasses import dataclass, replace

from migrate_validate.catalog.model import Policy, Table
from migrate_validate.syntax import quote

from .ground import Ground, named
from .judging import Breach, retried
from .probes import Acting, Prober


@dataclass(frozen=True, slots=True)
class Blame:
    """What lets something happen, and what would stop it."""

    why: str
    """For people: ``policy "x" lets it``."""
    fix: str = ""
    policies: tuple[str, ...] = ()
    """Names of the policies that let it."""


def blame(ground: Ground, prober: Prober, acting: Acting, breach: Breach) -> Blame:
    """Find what lets something happen."""
    role = breach.identity.role
    table = next((each for each in ground.tables if each.qualified_name == breach.object), None)
    if table is None:
        return _of_owner(ground, breach)
    if breach.rule == "policy-error":
        return _of_error(table, breach)
    name = named(table.qualified_name)
    if not table.row_security:
        fix = f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"
        return Blame(f"row level security is off, and {role} has the privilege", fix)
    policies = effective(table, breach.tried.command, role)
    guilty = [each for each in policies if each.permissive]
    if len(guilty) > 1:
        guilty = [each for each in guilty if _needed(ground, prober, acting, breach, table, each)] or guilty
    words = " and ".join(f'"{each.name}"' for each in guilty)
    if not guilty:
        return Blame(f"no policy for {breach.tried.command} stands in the way")
    why = f"{'policies' if len(guilty) > 1 else 'policy'} {words} {'let' if len(guilty) > 1 else 'lets'} it"
    fix = "\n".join(_fix(ground, breach, table, each) for each in guilty)
    return Blame(why, fix, tuple(each.name for each in guilty))


def effective(table: Table, command: str, role: str) -> list[Policy]:
    """The policies of a table that are asked when a role uses a command."""
    return [each for each in table.policies if each.command in ("ALL", command) and {"public", role} & set(each.roles)]


def _needed(ground: Ground, prober: Prober, acting: Acting, breach: Breach, table: Table, policy: Policy) -> bool:
    """Whether it no longer happens without this policy."""
    dropped = f"DROP POLICY {quote(policy.name)} ON {named(table.qualified_name)}"
    tried = replace(breach.tried, probe=replace(breach.tried.probe, before=dropped))
    return breach.rule not in retried(ground, prober, acting, breach.identity, table, tried)


def _fix(ground: Ground, breach: Breach, table: Table, policy: Policy) -> str:
    alter = f"ALTER POLICY {quote(policy.name)} ON {named(table.qualified_name)}"
    columns = ", ".join(ground.owner_columns(table.qualified_name)) or "the row"
    if breach.rule.startswith("anonymous-") and "public" in policy.roles and len(breach.identity.role) > 0:
        others = [role for role, name in ground.granted if name == breach.object and role != breach.identity.role]
        return f"{alter} TO {', '.join(map(quote, dict.fromkeys(others))) or '...'};"
    part = "WITH CHECK" if breach.rule in ("row-moved", "cross-tenant-insert") else "USING"
    if breach.rule == "privilege-escalation":
        return f"REVOKE UPDATE ({breach.tried.object}) ON {named(breach.object)} FROM {quote(breach.identity.role)};"
    return f"{alter} {part} (...);  -- compare {columns} with the tenant of who asks"


def _of_error(table: Table, breach: Breach) -> Blame:
    policies = effective(table, breach.tried.command, breach.identity.role)
    words = ", ".join(f'"{each.name}"' for each in policies)
    said = f"one of the policies {words} of {table.qualified_name}" if len(policies) > 1 else f"policy {words}"
    fix = "look up rows of the same table in a SECURITY DEFINER function, which no policy binds"
    if breach.outcome.sqlstate == "42501":
        fix = "grant what the policy uses (EXECUTE on its functions, SELECT on its tables) to the role that it is for"
    elif breach.outcome.sqlstate != "42P17":
        fix = "make the expression one that holds for every row and every claim"
    return Blame(f"asked is {said}", fix, tuple(each.name for each in policies))


def _of_owner(ground: Ground, breach: Breach) -> Blame:
    """Of a view or function: it runs with the rights of its owner."""
    name, role = named(breach.object), breach.identity.role
    if breach.tried.kind == "call":
        function = next(
            (each for each in ground.catalog.functions if f"{each.schema}.{each.name}" == breach.object), None
        )
        owner = function.owner if function else "its owner"
        signature = f"{name}({function.arguments})" if function else name
        who = f"PUBLIC, {quote(role)}"
        return Blame(
            f"it runs with the rights of {owner} (SECURITY DEFINER), and does not look at who asks",
            f"REVOKE EXECUTE ON FUNCTION {signature} FROM {who};  -- or compare its rows with who asks",
        )
    view = next(each for each in ground.catalog.views if each.qualified_name == breach.object)
    if view.kind == "materialized view":
        return Blame("no policy guards a materialized view", f"REVOKE ALL ON {name} FROM {quote(role)};")
    return Blame(
        f"it is read with the rights of {view.owner}, whom policies do not bind",
        f"ALTER VIEW {name} SET (security_invoker = true);",
    )
