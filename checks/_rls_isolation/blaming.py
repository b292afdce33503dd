"""Which policy or grant lets something happen: found by taking it away."""

from __future__ import annotations

from dataclasses import dataclass

from migrate_validate.catalog.model import Policy, Table
from migrate_validate.syntax import quote

from .._rls_policies.graph import invoker
from .columns import privileged
from .ground import Ground, named
from .judging import happens_again
from .probes import Acting, Prober
from .verdicts import Breach


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
    if breach.tried.kind == "sequence":
        fix = f"REVOKE UPDATE ON SEQUENCE {named(breach.object)} FROM {quote(role)};"
        return Blame(f"UPDATE on the sequence was granted to {role}, or to PUBLIC", fix)
    if table is None:
        return _of_owner(ground, breach)
    if breach.trigger:
        name = f"{breach.trigger}()"
        why = f"policies hide from the trigger's function {name} what it reads, or refuse what it writes"
        fix = f"make {name} SECURITY DEFINER with a search_path of its own, or let policies show it these rows"
        return Blame(why, fix)
    if breach.rule == "policy-error":
        return _of_error(breach, _guilty(ground, prober, acting, breach, table))
    name = named(table.qualified_name)
    if not table.row_security:
        fix = f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"
        return Blame(f"row level security is off, and {role} has the privilege", fix)
    if breach.tried.command == "TRUNCATE":
        return Blame("no policy guards against TRUNCATE", f"REVOKE TRUNCATE ON {name} FROM {quote(role)};")
    guilty = _guilty(ground, prober, acting, breach, table)
    words = " and ".join(f'"{each.name}"' for each in guilty)
    if not guilty:
        return Blame(f"no policy for {breach.tried.command} stands in the way")
    why = f"{'policies' if len(guilty) > 1 else 'policy'} {words} {'let' if len(guilty) > 1 else 'lets'} it"
    fix = "\n".join(_fix(ground, breach, table, each) for each in guilty)
    return Blame(why, fix, tuple(each.name for each in guilty))


def effective(table: Table, command: str, role: str) -> list[Policy]:
    """The policies of a table that are asked when a role uses a command."""
    return [each for each in table.policies if each.command in ("ALL", command) and {"public", role} & set(each.roles)]


def _guilty(ground: Ground, prober: Prober, acting: Acting, breach: Breach, table: Table) -> list[Policy]:
    """The policies without which it would not happen; all that are asked where no single one can be told."""
    policies = effective(table, breach.tried.command, breach.identity.role)
    if breach.rule != "policy-error":
        policies = [each for each in policies if each.permissive]
    if len(policies) < 2 or breach.outcome.cancelled:
        return policies
    return [each for each in policies if _needed(ground, prober, acting, breach, table, each)] or policies


def _needed(ground: Ground, prober: Prober, acting: Acting, breach: Breach, table: Table, policy: Policy) -> bool:
    """Whether it no longer happens without this policy."""
    dropped = f"DROP POLICY {quote(policy.name)} ON {named(table.qualified_name)}"
    return not happens_again(ground, prober, acting, table, breach, dropped)


def _fix(ground: Ground, breach: Breach, table: Table, policy: Policy) -> str:
    alter = f"ALTER POLICY {quote(policy.name)} ON {named(table.qualified_name)}"
    if breach.rule.startswith("anonymous-") and "public" in policy.roles:
        not_meant = {breach.identity.role, ground.universes.service_role}
        others = [role for role, name in ground.granted if name == breach.object and role not in not_meant]
        if others:
            return f"{alter} TO {', '.join(map(quote, dict.fromkeys(others)))};"
    checked = breach.rule in ("row-moved", "cross-tenant-insert") or breach.tried.command == "INSERT"
    if breach.tried.kind in ("promote", "grant"):
        return _by_column(ground, breach, table)
    return f"{alter} {'WITH CHECK' if checked else 'USING'} (...);  -- {_what_to_compare(ground, breach, table)}"


def _what_to_compare(ground: Ground, breach: Breach, table: Table) -> str:
    """What an expression has to ask for."""
    name, kind = table.qualified_name, breach.tried.kind
    columns = ", ".join(ground.owner_columns(name)) or "the row"
    owned = ground.owned.get(name)
    within = bool(breach.rows) and all(ground.own(breach.identity, row) for row in breach.rows)
    if kind == "enlist":
        return "let nobody add itself"
    if breach.rule == "privilege-escalation":
        return f"look for the role in the tenant of the row ({columns}), in no other one"
    if owned is not None and (kind in ("name", "pass") or (kind in ("read", "change", "delete") and within)):
        return f"compare {' or '.join(owned.columns)} with who asks"
    return f"compare {columns} with the tenant of who asks"


def _by_column(ground: Ground, breach: Breach, table: Table) -> str:
    """Grants of all columns but the privileged ones: one cannot be taken out of a grant of the whole table."""
    name, role = named(breach.object), quote(breach.identity.role)
    may = ground.may(breach.identity.role, breach.object)
    key = table.primary_key.columns if table.primary_key else ()
    kept = [
        quote(column.name)
        for column in table.columns
        if may.allows("UPDATE", column.name)
        and column.name not in (breach.tried.object, *ground.owner_columns(breach.object), *key)
        and not privileged(column)
    ]
    granted = f"\nGRANT UPDATE ({', '.join(kept)}) ON {name} TO {role};" if kept else ""
    return f"REVOKE UPDATE ON {name} FROM {role};{granted}"


def _of_error(breach: Breach, policies: list[Policy]) -> Blame:
    words = ", ".join(f'"{each.name}"' for each in policies)
    said = f"it comes from one of the policies {words}" if len(policies) > 1 else f"it comes from policy {words}"
    fix = "make the expression one that holds for every row and every claim"
    if breach.outcome.sqlstate == "42P17":
        fix = "look up rows of the same table in a SECURITY DEFINER function, which no policy binds"
    elif breach.outcome.sqlstate == "22P02":
        fix = (
            "a setting is '' where an earlier transaction of the session has set it: nullif(current_setting(...), ''); "
            "look at a claim before it is cast"
        )
    elif breach.outcome.sqlstate == "42501":
        fix = "grant what the policy uses (EXECUTE on its functions, SELECT on its tables) to the role that it is for"
    return Blame(said, fix, tuple(each.name for each in policies))


def _of_owner(ground: Ground, breach: Breach) -> Blame:
    """Of a view or function: it runs with the rights of its owner."""
    name, role = named(breach.object), breach.identity.role
    if breach.tried.kind == "call":
        function = next(
            (each for each in ground.catalog.functions if f"{each.schema}.{each.name}" == breach.object), None
        )
        owner = function.owner if function else "its owner"
        signature = f"{name}({function.arguments})" if function else name
        kind = "PROCEDURE" if function and function.kind == "procedure" else "FUNCTION"
        fix = f"REVOKE EXECUTE ON {kind} {signature} FROM PUBLIC, {quote(role)};  -- or compare its rows with who asks"
        if function and not function.security_definer:
            return Blame("it reads what is open to whoever calls it", fix)
        return Blame(f"it runs with the rights of {owner} (SECURITY DEFINER), and does not look at who asks", fix)
    view = next(each for each in ground.catalog.views if each.qualified_name == breach.object)
    if view.kind == "materialized view":
        return Blame("no policy guards a materialized view", f"REVOKE ALL ON {name} FROM {quote(role)};")
    if breach.tried.kind == "trigger":
        fix = f"REVOKE INSERT ON {name} FROM {quote(role)};  -- or let the trigger's function look at who asks"
        return Blame("its INSTEAD OF trigger writes rows without looking at who asks", fix)
    # A view for whoever asks may read one of its owner.
    views = {each.qualified_name: each for each in ground.catalog.views}
    below = (views[each] for each in ground.bases.get(breach.object, ()) if each in views)
    guilty = view if not invoker(view) else next((each for each in below if not invoker(each)), view)
    by_way = "" if guilty is view else f"{guilty.qualified_name}, which it reads, is "
    return Blame(
        f"{by_way or 'it is '}read with the rights of {guilty.owner}, whom policies do not bind",
        f"ALTER VIEW {named(guilty.qualified_name)} SET (security_invoker = true);",
    )
