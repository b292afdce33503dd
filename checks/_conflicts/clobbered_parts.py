"""What policies and triggers lost when they were created again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import reduce

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, Policy, Table, Trigger
from migrate_validate.findings import Severity
from migrate_validate.syntax import quote

from .._shared import quoted
from .creations import Creation
from .differing import sql_of_tree
from .loss import Lost

_INSERT, _DELETE = 4, 8
_EVENTS = {_INSERT: "INSERT", _DELETE: "DELETE", 16: "UPDATE", 32: "TRUNCATE"}
_TIMINGS = {0: "AFTER", 2: "BEFORE", 64: "INSTEAD OF"}
"""The bits of a trigger, as in ``pg_trigger.tgtype``."""


def parts(creation: Creation, before: Catalog, after: Catalog) -> Iterator[Lost]:
    """What a policy or a trigger lost between two pictures."""
    for had_table in before.tables:
        has_table = after.table(had_table.qualified_name)
        if had_table.name != creation.table or creation.schema not in (None, had_table.schema) or has_table is None:
            continue
        if creation.kind == "policy":
            yield from _policy(creation, had_table, has_table)
        else:
            yield from _trigger(creation, had_table, has_table)


def _policy(creation: Creation, had_table: Table, has_table: Table) -> Iterator[Lost]:
    had: Policy | None = next((each for each in had_table.policies if each.name == creation.name), None)
    has: Policy | None = next((each for each in has_table.policies if each.name == creation.name), None)
    if had is None or has is None:
        return
    name = had_table.qualified_name
    alter = f"ALTER POLICY {quote(had.name)} ON {quoted(name)}"
    roles = creation.node.roles
    # The grammar puts PUBLIC without a place where the statement has no TO.
    if had.roles != has.roles and all(role.role_spec.location < 0 for role in roles):
        wanted = ", ".join(quote(role) for role in had.roles)
        text = f"roles: had TO {', '.join(had.roles)}, has TO {', '.join(has.roles)}"
        yield Lost(name, text, Severity.ERROR, f"{alter} TO {wanted};")
    again = f"DROP POLICY {quote(had.name)} ON {quoted(name)}; and create it"
    if had.command != has.command and "FOR" not in _words_before_expressions(creation):
        text = f"command: had FOR {had.command}, has FOR {has.command}"
        yield Lost(name, text, Severity.ERROR, f"-- {again} FOR {had.command}")
    if not had.permissive and has.permissive and "AS" not in _words_before_expressions(creation):
        yield Lost(name, "kind: had AS RESTRICTIVE, has AS PERMISSIVE", Severity.ERROR, f"-- {again} AS RESTRICTIVE")
    if has.command not in ("SELECT", "DELETE") and had.check and has.check is None and not _held(had, has):
        check = f"WITH CHECK ({syntax.sql_of_expression(had.check)})"
        using = (
            f"USING ({syntax.sql_of_expression(has.using)}) stands in for it"
            if has.using
            else "it does not look at new rows"
        )
        severity = Severity.WARNING if had.check == "true" else Severity.ERROR
        yield Lost(name, f"check: had {check}, has none: {using}", severity, f"{alter} {check};")
    if had.using and has.using is None and has.command != "INSERT":
        using = f"USING ({syntax.sql_of_expression(had.using)})"
        effect = "no row passes it" if has.permissive else "it holds back no row"
        yield Lost(name, f"using: had {using}, has none: {effect}", Severity.ERROR, f"{alter} {using};")
    yield from _loosened(had, has, has_table, alter)


def _loosened(had: Policy, has: Policy, table: Table, alter: str) -> Iterator[Lost]:
    """Conditions that demand less than before of the same roles; one for others is another policy."""
    commands = {had.command, has.command}
    if had.roles != has.roles or had.permissive != has.permissive or (len(commands) > 1 and "ALL" not in commands):
        return
    others = [each for each in table.policies if each.name != has.name and _binds(each, has)]
    if had.using and has.using:
        kept = [each.using for each in others if each.using]
        yield from _weaker("USING", had.using, has.using, kept, table.qualified_name, alter)
    checked = had.check or had.using
    if checked and has.check and has.command not in ("SELECT", "DELETE"):
        kept = [each.check or each.using or "true" for each in others]
        yield from _weaker("WITH CHECK", checked, has.check, kept, table.qualified_name, alter)


def _binds(other: Policy, policy: Policy) -> bool:
    """Whether a restrictive policy holds for all that another policy is for."""
    roles = other.roles == ("public",) or set(policy.roles) <= set(other.roles)
    return not other.permissive and roles and other.command in ("ALL", policy.command)


def _weaker(clause: str, had: str, has: str, kept: Collection[str], name: str, alter: str) -> Iterator[Lost]:
    """Whether a condition is weaker than it was.

    :param kept: conditions that have to hold as well
    """
    demanded, demands = _terms(had, "AND_EXPR"), _terms(has, "AND_EXPR")
    still = demands.union(*(_terms(each, "AND_EXPR") for each in kept))
    gone = sorted(demanded - still) if demands < demanded or demands == {"true"} else []
    one = f"{clause} ({syntax.sql_of_expression(had)})"
    text = f"{clause.split()[-1].lower()}: had {one}, has {clause} ({syntax.sql_of_expression(has)})"
    if gone and gone != ["true"]:
        yield Lost(name, f"{text}: {', '.join(gone)} no longer asked for", Severity.WARNING, f"{alter} {one};")
    enough = _terms(has, "OR_EXPR") - _terms(had, "OR_EXPR")
    if enough and _terms(had, "OR_EXPR") < _terms(has, "OR_EXPR"):
        yield Lost(name, f"{text}: {' or '.join(sorted(enough))} is enough now", Severity.INFO, f"{alter} {one};")


def _held(had: Policy, has: Policy) -> bool:
    """Whether USING, which says what may be written where there is no WITH CHECK, demands all that WITH CHECK did."""
    if had.check is None or has.using is None:
        return False
    return had.check == had.using or _terms(had.check, "AND_EXPR") <= _terms(has.using, "AND_EXPR")


def _terms(condition: str, operator: str) -> frozenset[str]:
    """The parts of a condition that all have to hold (``AND_EXPR``), or of which one is enough (``OR_EXPR``)."""
    node = syntax.unwrap(syntax.parse_expression(condition))
    if syntax.node_name(node) == "BoolExpr" and syntax.enum_name("BoolExprType", node.boolop) == operator:
        return frozenset(sql_of_tree(each) for each in node.args)
    return frozenset({syntax.sql_of_expression(condition)})


def _words_before_expressions(creation: Creation) -> frozenset[str]:
    """The tokens of a policy before USING and WITH CHECK; of a block, which has other words too, all that matter."""
    if creation.statement.kind == "do":
        return frozenset({"AS", "FOR"})
    names = [token.name for token in syntax.scan(creation.statement.sql)]
    end = min((names.index(word) for word in ("USING", "WITH") if word in names), default=len(names))
    return frozenset(names[:end])


def _trigger(creation: Creation, had_table: Table, has_table: Table) -> Iterator[Lost]:
    had: Trigger | None = next((each for each in had_table.triggers if each.name == creation.name), None)
    has: Trigger | None = next((each for each in has_table.triggers if each.name == creation.name), None)
    if had is None or has is None:
        return
    name = had_table.qualified_name
    old, new = (syntax.parse(each.definition)[0].node for each in (had, has))
    # Dropped, and created for another function, it is another trigger.
    if creation.replaces or _function(old) == _function(new):
        lost = tuple(_of_trigger(creation, old, new))
        # There is no ALTER TRIGGER for any of it: who makes it again brings back all at once.
        whole = reduce(lambda made, each: _with(made, each[0], old), lost, new)
        fix = f"DROP TRIGGER {quote(had.name)} ON {quoted(name)};\n{syntax.sql_of(whole)};"
        yield from (Lost(name, text, severity, fix) for _, text, severity in lost)
    if had.enabled != has.enabled:
        verb = {"disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS", "origin": "ENABLE"}
        fix = f"ALTER TABLE {quoted(name)} {verb[had.enabled]} TRIGGER {quote(had.name)};"
        yield Lost(name, f"firing: was {had.enabled}, is {has.enabled}", Severity.WARNING, fix)


def _function(trigger: syntax.Node) -> tuple[str, ...]:
    return tuple(each.string.sval for each in (*trigger.funcname, *trigger.args))


def _of_trigger(creation: Creation, had: syntax.Node, has: syntax.Node) -> Iterator[tuple[str, str, Severity]]:
    """What one definition of a trigger has lost against another: the field of the tree, in words, how bad it is."""
    columns = [each.string.sval for each in had.columns]
    if had.HasField("when_clause") and not has.HasField("when_clause"):
        # UPDATE OF some columns may stand in for it.
        narrowed = has.columns and not columns
        if not narrowed and _may_ask(has, had.when_clause):
            yield "when_clause", f"condition: had WHEN ({sql_of_tree(had.when_clause)}), fires always", Severity.WARNING
    if columns and not has.columns and has.events & 16 and not has.HasField("when_clause"):
        yield "columns", f"columns: had UPDATE OF {', '.join(columns)}, fires for all", Severity.WARNING
    if had.row and not has.row and not _says(creation, "STATEMENT"):
        yield "row", "level: had FOR EACH ROW, has FOR EACH STATEMENT", Severity.WARNING
    if not creation.replaces:
        return  # Who drops it writes it anew.
    if had.events & has.events == has.events != had.events:
        yield (
            "events",
            f"events: had {_events(had)}, has {_events(has)}",
            Severity.WARNING,
        )
    if had.timing != has.timing:
        yield "timing", f"timing: had {_TIMINGS[had.timing]}, has {_TIMINGS[has.timing]}", Severity.INFO


def _with(trigger: syntax.Node, field: str, other: syntax.Node) -> syntax.Node:
    """A trigger with one field of another one."""
    made, donor = type(trigger)(), type(trigger)()
    made.CopyFrom(trigger)
    donor.CopyFrom(other)
    for descriptor, _ in other.ListFields():
        if descriptor.name != field:
            donor.ClearField(descriptor.name)
    made.ClearField(field)
    made.MergeFrom(donor)
    return made


def _may_ask(trigger: syntax.Node, condition: syntax.Node) -> bool:
    """Whether PostgreSQL takes a condition for a trigger: INSERT has no OLD, DELETE no NEW, a statement neither."""
    rows = {node.fields[0].string.sval for node in syntax.walk(condition) if syntax.node_name(node) == "ColumnRef"} & {
        "old",
        "new",
    }
    without = {row for row, event in (("old", _INSERT), ("new", _DELETE)) if trigger.events & event}
    return rows.isdisjoint(without) and (bool(trigger.row) or not rows)


def _events(trigger: syntax.Node) -> str:
    return " OR ".join(word for bit, word in _EVENTS.items() if trigger.events & bit)


def _says(creation: Creation, word: str) -> bool:
    """Whether the statement has this word; of a block, in which others stand as well, it is taken for granted."""
    return creation.statement.kind == "do" or word in {token.name for token in syntax.scan(creation.statement.sql)}
