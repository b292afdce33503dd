"""Each policy, grant and function of a correct schema is weakened in turn: whatever opens something is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.watching import CatalogReader
from migrate_validate.config import Settings
from migrate_validate.postgres import ServerOptions, open_server
from migrate_validate.postgres.environments import SUPABASE
from tests.rls.mutating import mutants
from tests.rls.planting import Bases, Connection
from tests.support.servers import available_majors

_PACKAGE = "migrate_validate.checks._rls_isolation"
_proving: Any = import_module(f"{_PACKAGE}.proving")
_isolation: Any = import_module(f"{_PACKAGE}.isolation").isolation
_ground: Any = import_module(f"{_PACKAGE}.ground").Ground
_matrix: Any = import_module(f"{_PACKAGE}.matrix").matrix

REASONS = {
    "no TO": (
        "the anonymous role has no auth.uid() to compare, may not execute what asks for it, or lacks the privilege",
        *("comments_delete", "comments_insert", "comments_select", "comments_update", "members_delete"),
        *("members_insert", "members_update", "organizations_update", "profiles_select", "profiles_update"),
        *("projects_delete", "projects_insert", "projects_update", "tasks_delete", "tasks_insert", "tasks_update"),
    ),
    "FOR ALL": (
        "other policies let the same people use the other commands",
        *("comments_insert", "comments_update", "members_delete", "members_insert", "members_update"),
        *("projects_delete", "tasks_delete", "tasks_insert", "tasks_update"),
    ),
    "no CHECK": (
        "USING is asked instead, and is the same",
        *("members_update", "organizations_update", "profiles_update", "projects_update", "tasks_update"),
    ),
    "CHECK true": (
        "the column that says whose a row is may not be updated",
        *("organizations_update", "profiles_update"),
    ),
    "CHECK for any role": ("USING still asks for the role, and the key may not be updated", "organizations_update"),
}
_KEPT = "WITH CHECK refuses another key"
REASONS |= {
    "UPDATE of id": (_KEPT, "organizations", "profiles"),
    "UPDATE of name": ("it is granted", "organizations"),
    "UPDATE of display_name": ("it is granted", "profiles"),
}
EQUIVALENT = {f"{policy}: {what}": why for what, (why, *policies) in REASONS.items() for policy in policies}
"""What changes nothing that anybody who asks can do, and why."""

_INSIDE = {
    "FOR ALL": (
        "members do more with rows of their own tenant",
        *("activity_select", "organizations_select", "organizations_update", "profiles_select"),
        *("profiles_update", "projects_insert", "projects_select", "projects_update", "tasks_select"),
    ),
    "USING for any role": (
        "members do more with rows of their own tenant",
        *("members_delete", "projects_delete", "tasks_delete"),
    ),
    "CHECK for any role": ("members do more with rows of their own tenant", "projects_insert", "tasks_insert"),
    "USING true": (
        "CHECK, or the lack of a privilege on the key, refuses whatever would touch rows of others",
        *("organizations_update", "profiles_update"),
    ),
    "TRUNCATE": (
        "default privileges of the platform give it away on every new table, and its API cannot be asked for it",
        *("activity", "comments", "organization_members", "organizations", "plans", "profiles", "projects", "tasks"),
    ),
    "EXECUTE for anon": (
        "the function looks at who asks, and tells nobody without a name anything",
        *("delete_project", "has_role", "is_member", "project_titles"),
    ),
}
_CLOSED = {"organizations_update: USING for any role": "who is in two tenants is refused what would touch both"}
INSIDE = _CLOSED | {f"{name}: {what}": why for what, (why, *names) in _INSIDE.items() for name in names}
"""What opens nothing to other tenants: only the access matrix tells it, and why."""


@dataclass(frozen=True, slots=True)
class Looking:
    """A database with rows of two tenants, in a transaction."""

    connection: Connection
    scene: Any
    reader: CatalogReader

    def looked(self, only: frozenset[str] | None = None) -> tuple[Sequence[Any], str]:
        """What breaks a rule, and the access matrix."""
        now = self.reader.read(self.connection).without_schemas(SUPABASE.schemas)
        roles = {each.role for each in self.scene.identities}
        ground = _ground.read(self.connection, now, self.scene.tenancy, self.scene.ground.universes, roles)
        found = _isolation(self.connection, ground, self.scene.acting, self.scene.identities, only=only)
        return found.breaches, _matrix(found.accesses)


@contextlib.contextmanager
def looking(connection: Connection, catalog: Catalog) -> Iterator[Looking]:
    """Fill a schema; nothing stays."""
    with connection.transaction(force_rollback=True):
        roles = ("anon", "authenticated")
        yield Looking(connection, _proving._scene(connection, catalog, Settings(), None, roles), CatalogReader())


def test_what_opens_a_correct_schema_is_told() -> None:
    # What policies mean has been the same in all versions: one is enough.
    missed: list[str] = []
    wrong: list[str] = []
    told: set[str] = set()
    with (
        open_server(ServerOptions(major=available_majors()[-1])) as server,
        contextlib.closing(Bases(server)) as bases,
        bases.planted("organizations") as (connection, catalog),
        looking(connection, catalog) as here,
    ):
        every = mutants(catalog)
        names = {each.name for each in every}
        assert len(names) == len(every) > 100
        assert names >= EQUIVALENT.keys() | INSIDE.keys()
        before = {
            name: here.looked(frozenset({name}))[1]
            for name in {each.object for each in every if each.name in EQUIVALENT or each.name in INSIDE}
        }
        for mutant in every:
            with connection.transaction(force_rollback=True):
                connection.execute(mutant.sql.encode())
                breaches, matrix = here.looked(frozenset({mutant.object}))
                if mutant.name in EQUIVALENT or mutant.name in INSIDE:
                    changed = matrix != before[mutant.object]
                    if breaches or changed is not (mutant.name in INSIDE):
                        wrong.append(f"{mutant.name}: {[each.said for each in breaches]}, matrix changed: {changed}")
                elif breaches or here.looked()[0]:
                    told.add(mutant.name)
                else:
                    missed.append(mutant.name)
    assert missed == []
    assert wrong == []
    assert len(told) > 40
