"""What is said of values that a migration casts, and of those that it changes in so many words."""

from __future__ import annotations

from collections.abc import Sequence

from migrate_validate.chain.model import Statement
from migrate_validate.findings import Severity

from .._shared import count_of
from .harm import Harm
from .pictures import Pictured, Row
from .scene import Followed, differences

Pairs = Sequence[tuple[Row, Row]]
"""Rows as they were and as they are."""


def cut(
    followed: Followed, was: Pictured, now: Pictured, differing: Pairs, count: int, statement: Statement | None
) -> Harm:
    """A cast that does not keep the value."""
    table = followed.name
    return Harm(
        "values-changed",
        (table, was.name, "cast"),
        f"{table}.{was.name} does not survive the change from {was.type} to {now.type} in {len(differing)} of"
        f" {count_of(count, 'row')}: cast back, it is another value",
        object=f"{table}.{was.name}",
        statement=statement,
        evidence={"changed": differences(followed.was, followed.now, differing)},
        fix=f"choose a type that holds every value of {was.type}, or make sure beforehand that no value is lost, and"
        " say in USING what is to become of the others",
    )


def stated(table: str, column: str, about: str, message: str, statement: Statement | None) -> Harm:
    """What the migration says, and how far it reaches.

    :param about: the words: ``update``, ``drop column``
    """
    return Harm(
        "values-changed",
        (table, column, f"stated {about}"),
        message,
        object=f"{table}.{column}",
        statement=statement,
        severity=Severity.INFO,
    )
