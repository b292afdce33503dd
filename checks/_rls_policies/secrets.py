"""Columns that hold secrets, by their names, and who can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate_validate.catalog.model import Catalog, Column, Table, View
from migrate_validate.findings import Finding, Result, Severity
from migrate_validate.syntax import quote

from .._shared import quoted, quoted_list
from .exposure import shows_all
from .graph import invoker
from .reach import Reach, revoking

_SECRETS = re.compile(
    r"(^|_)(passw(or)?d|passphrase|passcode|pwd|secret|api_?key|private_?key|secret_?key|encryption_?key|signing_?key|"
    r"service_?role_?key|access_?token|refresh_?token|auth_?token|session_?token|bot_?token|api_?token|reset_?token|"
    r"otp|mfa_?seed|totp_?seed|recovery_?codes?|ssn|social_?security_?number|credit_?card_?number|card_?number|cvv)"
    r"(_(hash|hashed|digest|encrypted|salt|enc|value|text|plain|key))?$"
)
_HOLDS_TEXT = ("text", "character", "bytea", "json", "jsonb", "uuid", "citext")


def secret(column: Column) -> bool:
    """Whether a column looks like one that holds a secret, not when it expires or whether there is one."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column.name).lower()
    return _SECRETS.search(name) is not None and column.type.removesuffix("[]").startswith(_HOLDS_TEXT)


def readable_secrets(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Secrets that roles from outside can read, in tables and views."""
    relations: tuple[Table | View, ...] = (*catalog.tables, *catalog.views)
    for relation in relations:
        if isinstance(relation, View) and invoker(relation):
            continue  # It shows what its tables show.
        for column in filter(secret, relation.columns):
            readers = reach.readable(relation.qualified_name, column.name)
            if isinstance(relation, Table) and relation.row_security:
                readers = tuple(role for role in readers if _selects(reach, relation, role))
            if readers:
                yield _finding(reach, relation, column, readers)


def _finding(reach: Reach, relation: Table | View, column: Column, readers: tuple[str, ...]) -> Finding:
    name = relation.qualified_name
    chosen = isinstance(relation, Table) and not _all_rows(reach, relation, readers)
    holders = reach.grantees(relation.grants, readers, "SELECT")
    others = quoted_list(each.name for each in relation.columns if not secret(each))
    roles = ", ".join(each if each == "PUBLIC" else quote(each) for each in holders)
    return Finding(
        f"{', '.join(readers)} can read {name}.{column.name}, a secret by its name"
        + (", in the rows that policies show them" if chosen else ", in every row"),
        object=f"{name}.{column.name}",
        evidence={"roles": list(readers), "type": column.type},
        fix=revoking("SELECT", quoted(name), holders)
        + (f" GRANT SELECT ({others}) ON {quoted(name)} TO {roles};" if others and roles else ""),
        severity=Severity.INFO if chosen else None,
    )


def _selects(reach: Reach, table: Table, role: str) -> bool:
    """Whether any policy shows a role rows of a table."""
    return any(
        policy.permissive and policy.command in ("ALL", "SELECT") and reach.applies(policy.roles, role)
        for policy in table.policies
    )


def _all_rows(reach: Reach, table: Table, roles: tuple[str, ...]) -> bool:
    return not table.row_security or any(shows_all(reach, table, role, "SELECT") for role in roles)
