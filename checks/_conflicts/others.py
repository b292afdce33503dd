"""Compares what is there with what a statement wants, for kinds of objects that are rare."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, OtherObject
from migrate_validate.replay.trial import Trial
from migrate_validate.syntax import quote

from .creations import Creation
from .differing import Disagreement


def in_its_place(trial: Trial, creation: Creation, schema: str | None) -> Iterator[Disagreement]:
    """What is there is dropped, with all that needs it, and made as the statement wants it; then that is taken back.

    :raises LookupError: the object belongs to the server
    :raises psycopg.Error: it cannot be dropped or made
    """
    parts = [part for part in (schema, creation.name) if part]
    name, sql_name = ".".join(parts), ".".join(map(quote, parts))
    node = type(creation.node)()
    node.CopyFrom(creation.node)
    node.if_not_exists = False
    have = _find(trial.catalog(), creation.kind, name)
    with trial.connection.transaction(force_rollback=True):
        trial.connection.execute(f"DROP {creation.kind.upper()} {sql_name} CASCADE".encode())
        trial.connection.execute(syntax.sql_of(node).encode())
        want = _find(trial.catalog(), creation.kind, name)
    present, wanted = dict(have.properties), dict(want.properties)
    # The version of a collation is that of the library that knows it.
    for what in sorted((present.keys() | wanted.keys()) - ({"version"} if creation.kind == "collation" else set())):
        if present.get(what) != wanted.get(what):
            text = f"{what}: have {_shown(present.get(what))}, want {_shown(wanted.get(what))}"
            yield Disagreement("changed", text)


def _find(catalog: Catalog, kind: str, name: str) -> OtherObject:
    found = next((each for each in catalog.others if each.kind == kind and each.name == name), None)
    if found is None:
        raise LookupError(f"the {kind} {name} belongs to the server")
    return found


def _shown(value: str | tuple[str, ...] | None) -> str:
    return ", ".join(value) if isinstance(value, tuple) else value or "none"
