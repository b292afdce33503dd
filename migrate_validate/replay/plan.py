"""How one script is to be applied, known before a server sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from migrate_validate.chain.model import Script, Sends, Statement, TransactionMode
from migrate_validate.chain.statements import UNPARSED, statements
from migrate_validate.chain.transactions import runs_alone, transaction_mode
from migrate_validate.syntax import Node, parse

_ONE_BY_ONE = frozenset({"copy", UNPARSED, "discard", "deallocate"})
"""Kinds that cannot be part of a batch: COPY talks to the client, what is not parsed may be several statements, and the
others throw away what we have prepared."""
_LIMITS_OF_ITS_OWN = ("statement_timeout", "query_canceled", "standard_conforming_strings", "backslash_quote")
"""Words of scripts that change how long a statement may take, or how the rest of the message is read."""
_PREPARING = ("prepare", "deallocate", "discard")
_OFF = re.compile(r"integer \{\s*\}|\b(0|off|false)\b", re.IGNORECASE)
_UNNAMING = re.compile(r"drop|rename|set\s+schema", re.IGNORECASE)
"""Words without which no statement takes a relation its name."""
_LARGEST_BATCH = 1_000_000
"""Characters."""
_LEAVES_NOTHING = frozenset(
    {
        "alter_default_privileges",
        "alter_domain",
        "alter_enum",
        "alter_object_schema",
        "alter_owner",
        "alter_policy",
        "alter_table",
        "comment",
        "composite_type",
        "create",
        "create_domain",
        "create_enum",
        "create_function",
        "create_policy",
        "create_schema",
        "create_seq",
        "create_trig",
        "define",
        "drop",
        "grant",
        "grant_role",
        "index",
        "rename",
        "rule",
        "view",
    }
)
"""Kinds that change the schema and nothing of the session, as long as they make nothing temporary."""
_NOT_OBSERVED = frozenset({"variable_set", "transaction"})
"""Kinds that lock nothing, and after which a query may be too early: SET TRANSACTION wants to come before any."""
_ONLY_INSIDE = frozenset({"declare_cursor", "lock", "transaction", "variable_set"})
"""Kinds that mean something else, or nothing, outside of a transaction."""
_MAY_COMMIT = frozenset({"call", "do", UNPARSED})


@dataclass(frozen=True, slots=True)
class Plan:
    """The statements of one script, and what can be done with them."""

    statements: tuple[Statement, ...]
    mode: TransactionMode
    reason: str
    """Why it is not one transaction."""
    sends: Sends
    batch: bool
    """Whether all statements can be sent in one message."""
    leaves_session: bool
    """Whether it may leave something in the session: settings, temporary tables, prepared statements, ..."""
    prepares: bool
    """Whether it may prepare statements, or throw away prepared ones."""
    unnames: bool
    """Whether it may drop, rename or move relations."""

    @property
    def wrapped(self) -> bool:
        """Whether its runner puts BEGIN and COMMIT around a script that has transactions of its own."""
        return self.sends is Sends.TRANSACTION and self.mode is TransactionMode.OWN

    @property
    def implicit(self) -> bool:
        """Whether PostgreSQL makes one transaction of the statements between the script's own ones."""
        return self.sends is Sends.MESSAGE and self.mode is TransactionMode.OWN

    @property
    def yields(self) -> bool:
        """Whether its runner gives up the one transaction where PostgreSQL does not run it in one."""
        return self.sends is Sends.AS_NEEDED or (self.sends is Sends.MESSAGE and len(self.statements) == 1)


@lru_cache(maxsize=1024)
def plan(script: Script) -> Plan:
    """Read and judge one script.

    :raises ScriptError: when it cannot be turned into statements
    """
    parts = statements(script)
    mode, reason = transaction_mode(parts, script.sends)
    if script.traced is not None and mode is not TransactionMode.FILE:
        reason = script.traced.get(script.file).reason or reason
    return Plan(
        parts,
        mode,
        reason,
        script.sends,
        batch=mode is TransactionMode.FILE and _fits_batch(script, parts),
        prepares=any(word in part.sql.lower() for part in parts for word in _PREPARING),
        unnames=any(_UNNAMING.search(part.sql) for part in parts),
        leaves_session=any(part.kind not in _LEAVES_NOTHING or _temporary(part) for part in parts),
    )


def observable(statement: Statement) -> bool:
    """Whether what it did can be asked for in the transaction in which it ran."""
    return statement.kind not in _NOT_OBSERVED


def wants_transaction(statement: Statement) -> bool:
    """Whether a statement outside of any transaction does the same in one of its own, where it can be observed."""
    return statement.kind not in _ONLY_INSIDE | _MAY_COMMIT and not runs_alone(statement)


def writes_anew(statement: Statement) -> bool:
    """Whether it runs alone and writes whole tables or indexes, while others cannot use them."""
    if statement.kind not in ("vacuum", "cluster", "reindex") or not runs_alone(statement):
        return False
    node = parse(statement.sql)[0].node
    if statement.kind == "vacuum":
        return _on(node.options, "full")
    return statement.kind == "cluster" or not _on(node.params, "concurrently")


def _on(options: Iterable[Node], name: str) -> bool:
    """Whether an option is given, and not to switch it off."""
    given = [each.def_elem for each in options if each.def_elem.defname == name]
    return bool(given) and not _OFF.search(str(given[-1].arg))


def _fits_batch(script: Script, parts: Sequence[Statement]) -> bool:
    text = script.text.lower()
    return (
        not any(part.kind in _ONE_BY_ONE or part.location.file != script.file for part in parts)
        and len(text) <= _LARGEST_BATCH
        and not any(word in text for word in _LIMITS_OF_ITS_OWN)
    )


def _temporary(statement: Statement) -> bool:
    start = statement.sql[:100].lower()
    return "temp" in start or "pg_temp" in statement.sql.lower()
