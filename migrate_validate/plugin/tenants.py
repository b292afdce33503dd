"""Rows of two tenants for people's own tests."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import psycopg

from migrate_validate.acting import acting_as
from migrate_validate.catalog.model import Catalog
from migrate_validate.data import mined
from migrate_validate.data.given import given_rows
from migrate_validate.errors import ConfigError
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import NotApplicable

Connection = psycopg.Connection[Any]

_PACKAGE = "migrate_validate.checks._rls_isolation"


@dataclass(frozen=True, slots=True)
class Tenants:
    """Two tenants, A and B, whose rows are in the tables, and those who may ask for them."""

    connection: Connection
    kind: str
    """``membership``, ``person``, ``claim`` or ``setting``: what makes somebody one of a tenant."""
    why: tuple[str, ...]
    """How it was found out what a tenant is, a line each."""
    keys: Mapping[str, str]
    """The key of each tenant as text: ``{"A": ..., "B": ...}``; empty where people are tenants."""
    identities: Mapping[str, Any]
    """Who may ask, by name: ``member of A as owner``, ``member of A as owner and of B as viewer``, ``outsider``,
    ``anon``, ... Each has ``role``, ``sub``, ``claims`` and ``settings``."""
    unfilled: Mapping[str, str]
    """By ``schema.name`` of a table that got no rows: why."""
    _rows: Mapping[str, tuple[Any, ...]]

    def acting_as(self, name: str) -> AbstractContextManager[Connection]:
        """Ask as one of the identities, see :func:`migrate_validate.acting.acting_as`.

        :raises ConfigError: when there is none of this name
        """
        if name not in self.identities:
            raise ConfigError(
                f"nobody is called {name!r}", looked=list(self.identities), remedy="take one of these names"
            )
        who = self.identities[name]
        return acting_as(self.connection, who.role, sub=who.sub, claims=who.claims, settings=who.settings)

    def rows(self, table: str, tenant: str) -> tuple[Mapping[str, str | None], ...]:
        """The rows of a tenant in a table, all columns as text.

        :param table: ``schema.name``, or the name of a table of ``public``
        :param tenant: ``A``, ``B``, or ``shared`` for rows of nobody
        """
        name = table if "." in table else f"public.{table}"
        return tuple(row.values for row in self._rows.get(name, ()) if row.universe == tenant)


def make_tenants(evaluation: Evaluation, connection: Connection, declared: Mapping[str, Any]) -> Tenants:
    """Put rows of two tenants into the database of a connection.

    On a server of ours that is done and committed by the superuser; elsewhere by the connection itself, in the
    transaction that is open.

    :param evaluation: the chain that has made the database
    :param declared: what a tenant is, in the words of ``[tool.migrate_validate.tenancy]``; it wins over the
        configuration
    :raises ConfigError: when there is no tenancy, or what is declared does not exist
    """
    tenancy: Any = import_module(f"{_PACKAGE}.tenancy")
    universes: Any = import_module(f"{_PACKAGE}.universes")
    identities: Any = import_module(f"{_PACKAGE}.identities")
    settings, timeline = evaluation.settings, evaluation.timeline
    with _seeding(evaluation, connection) as superuser:
        catalog = Catalog.read(superuser).without_schemas(timeline.environment_schemas, timeline.tool_tables)
        found = tenancy.discover(catalog, replace(settings.tenancy, **declared), api_roles=timeline.api_roles)
        if isinstance(found, NotApplicable):
            raise ConfigError(
                f"no tenants can be made: {found.reason}",
                looked=[f"the schema that {evaluation.chain.given} makes", "[tool.migrate_validate.tenancy]"],
                remedy="declare what a tenant is: [tool.migrate_validate.tenancy] root, memberships, claim or setting",
            )
        hints, given = mined(evaluation.chain.scripts), given_rows(settings.data, catalog)
        made = universes.seed(superuser, catalog, found, hints=hints, given=given)
    named = identities.identities(made, found, timeline.api_roles)
    return Tenants(
        connection,
        found.kind,
        found.why,
        made.keys,
        {each.label: each for each in named},
        made.unfilled,
        made.rows,
    )


def _seeding(evaluation: Evaluation, connection: Connection) -> AbstractContextManager[Connection]:
    server = evaluation.server
    ours = (connection.info.host, connection.info.port) == (server.host, server.port)
    if ours and server.ours:
        return server.connect(connection.info.dbname)
    return nullcontext(connection)
