"""Default privileges that a script means to take away and does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate_validate.chain.model import Chain, Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.findings import Finding, NotApplicable, Result
from migrate_validate.syntax import GrammarError, Node, node_name, parse, quote, unwrap

from .._shared import enum_name

_OBJECTS = {
    "OBJECT_FUNCTION": "FUNCTIONS",
    "OBJECT_ROUTINE": "FUNCTIONS",
    "OBJECT_PROCEDURE": "FUNCTIONS",
    "OBJECT_TYPE": "TYPES",
}
"""What PUBLIC has privileges on when it is new."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One ALTER DEFAULT PRIVILEGES about PUBLIC, of one role and schema."""

    statement: Statement
    objects: str
    role: str
    """Empty: who runs it."""
    schema: str
    """Empty: in every schema."""
    is_grant: bool


def ineffective(chain: Chain) -> Iterator[Result]:
    """Revocations in one schema of what PUBLIC is given in all: default privileges of a schema only add to those."""
    changes: list[_Change] = []
    unreadable: list[str] = []
    for script in chain.scripts:
        try:
            changes += [each for statement in statements(script) for each in _changes(statement)]
        except ScriptError:
            unreadable.append(script.file)
    if unreadable:
        yield NotApplicable(f"nothing is known of what {unreadable[0]} sends: it fails")
    elif not any(not each.is_grant for each in changes):
        yield NotApplicable("no default privilege is taken from PUBLIC")
    everywhere = {(each.objects, each.role) for each in changes if not each.schema and not each.is_grant}
    granted: set[tuple[str, str, str]] = set()
    for change in changes:
        key = (change.objects, change.role, change.schema)
        if change.is_grant:
            granted.add(key)
        elif change.schema and key in granted:
            granted.discard(key)
        elif change.schema and key[:2] not in everywhere:
            privilege = "EXECUTE" if change.objects == "FUNCTIONS" else "USAGE"
            of_role = f" FOR ROLE {quote(change.role)}" if change.role else ""
            yield Finding(
                f"it has no effect: PUBLIC still gets {privilege} on new {change.objects.lower()} in {change.schema}, "
                "for default privileges of one schema only add to those of all schemas",
                object=change.schema,
                location=change.statement.location,
                statement=change.statement.sql,
                fix=f"ALTER DEFAULT PRIVILEGES{of_role} REVOKE {privilege} ON {change.objects} FROM PUBLIC;",
            )


def _changes(statement: Statement) -> Iterator[_Change]:
    if statement.kind != "alter_default_privileges":
        return
    try:
        (parsed,) = parse(statement.sql)
    except (GrammarError, ValueError):
        return
    action = parsed.node.action
    objects = _OBJECTS.get(enum_name(action, "objtype"))
    if objects is None or not any(enum_name(unwrap(each), "roletype") == "ROLESPEC_PUBLIC" for each in action.grantees):
        return
    options = {each.def_elem.defname: each.def_elem.arg for each in parsed.node.options}
    for role in _names(options.get("roles")) or ("",):
        for schema in _names(options.get("schemas")) or ("",):
            yield _Change(statement, objects, role, schema, bool(action.is_grant))


def _names(node: Node | None) -> tuple[str, ...]:
    parts = [unwrap(each) for each in unwrap(node).items] if node is not None else []
    return tuple(each.sval if node_name(each) == "String" else each.rolename for each in parts)
