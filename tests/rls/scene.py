"""Two tenants by hand: what probes are run against where nothing is to be discovered."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.postgres import Server
from migrate_validate.postgres.databases import Database
from migrate_validate.postgres.environments import SUPABASE, prepare, settle

_PACKAGE = "migrate_validate.checks._rls_isolation"
ground: Any = import_module(f"{_PACKAGE}.ground")
identities: Any = import_module(f"{_PACKAGE}.identities")
isolation: Any = import_module(f"{_PACKAGE}.isolation")
probes: Any = import_module(f"{_PACKAGE}.probes")
tenancy: Any = import_module(f"{_PACKAGE}.tenancy")
universes: Any = import_module(f"{_PACKAGE}.universes")

ORG = {"A": "aaaaaaaa-0000-4000-8000-000000000001", "B": "bbbbbbbb-0000-4000-8000-000000000001"}
USER = {
    "A owner": "aaaaaaaa-0000-4000-8000-0000000000a1",
    "A member": "aaaaaaaa-0000-4000-8000-0000000000a2",
    "B owner": "bbbbbbbb-0000-4000-8000-0000000000b1",
    "B member": "bbbbbbbb-0000-4000-8000-0000000000b2",
    "both": "cccccccc-0000-4000-8000-0000000000c1",
    "outside": "dddddddd-0000-4000-8000-0000000000d1",
}
NOTE = {"A": "aaaaaaaa-0000-4000-8000-000000000f01", "B": "bbbbbbbb-0000-4000-8000-000000000f01"}

SCHEMA = """
CREATE TABLE orgs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, plan text NOT NULL DEFAULT 'free'
);
CREATE TABLE members (
    org_id uuid NOT NULL REFERENCES orgs ON DELETE CASCADE, user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member')), PRIMARY KEY (org_id, user_id)
);
CREATE TABLE notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES orgs ON DELETE CASCADE,
    author uuid NOT NULL DEFAULT auth.uid(), body text NOT NULL
);
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION my_orgs() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT org_id FROM public.members WHERE user_id = (SELECT auth.uid())
$$;
REVOKE EXECUTE ON FUNCTION my_orgs() FROM PUBLIC, anon;
CREATE FUNCTION owned_orgs() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT org_id FROM public.members WHERE user_id = (SELECT auth.uid()) AND role = 'owner'
$$;
REVOKE EXECUTE ON FUNCTION owned_orgs() FROM PUBLIC, anon;
CREATE POLICY orgs_read ON orgs FOR SELECT TO authenticated USING (id IN (SELECT my_orgs()));
CREATE POLICY members_read ON members FOR SELECT TO authenticated USING (org_id IN (SELECT my_orgs()));
CREATE POLICY members_write ON members FOR ALL TO authenticated USING (org_id IN (SELECT owned_orgs()));
CREATE POLICY notes_all ON notes FOR ALL TO authenticated USING (org_id IN (SELECT my_orgs()));
"""
"""Two roles, notes of the tenant: nobody reaches what is not theirs."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A database with two tenants, in a transaction."""

    connection: psycopg.Connection[Any]
    catalog: Catalog
    ground: Any
    acting: dict[str, Any]
    identities: tuple[Any, ...]

    def examined(self, only: frozenset[str] | None = None) -> Any:
        """What the probes show."""
        return isolation.isolation(self.connection, self.ground, self.acting, self.identities, only=only)

    def breaches(self) -> set[tuple[str, str, str]]:
        """Rule, object and kind of identity of what should not be."""
        return {(each.rule, each.object, each.identity.kind) for each in self.examined().breaches}


_DATABASES: dict[int, Database] = {}
"""By the identity of a server: its database with the schema, which goes with the server."""


@contextlib.contextmanager
def scene(server: Server, *changes: str) -> Iterator[Scene]:
    """The schema with changes, filled with two tenants, in a transaction."""
    with _database(server).connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL ROLE postgres; SET LOCAL search_path = public, extensions")
        for text in changes:
            connection.execute(text.encode())
        connection.execute("RESET ROLE")
        catalog = Catalog.read(connection).without_schemas(SUPABASE.schemas)
        rows = _fill(connection)
        stands = ground.Ground.read(connection, catalog, _tenancy(), rows, SUPABASE.api_roles)
        asking = _identities()
        acting = {each.label: _acting(each) for each in asking}
        yield Scene(connection, catalog, stands, acting, asking)


def _database(server: Server) -> Database:
    if id(server) not in _DATABASES:
        database = _DATABASES[id(server)] = server.create_database("scene")
        prepare(SUPABASE, database)
        with database.connect("postgres") as connection:
            connection.execute(SCHEMA.encode())
        settle(SUPABASE, database)
    return _DATABASES[id(server)]


def _fill(connection: psycopg.Connection[Any]) -> Any:
    for label, sub in USER.items():
        connection.execute("INSERT INTO auth.users (id, email) VALUES (%s, %s)", [sub, f"{label[0]}{sub[-2:]}@x.test"])
    for side, org in ORG.items():
        connection.execute("INSERT INTO orgs (id, name) VALUES (%s, %s)", [org, f"canary-{side}-org"])
    members = [(side, label, role) for side in ORG for label, role in _members(side)]
    for side, label, role in members:
        connection.execute("INSERT INTO members VALUES (%s, %s, %s)", [ORG[side], USER[label], role])
    for side, note in NOTE.items():
        values = [note, ORG[side], USER[f"{side} member"], f"canary-{side}-note"]
        connection.execute("INSERT INTO notes VALUES (%s, %s, %s, %s)", values)
    row = universes.SeededRow
    return universes.Universes(
        rows={
            "public.orgs": tuple(row("public.orgs", {"id": org}, side) for side, org in ORG.items()),
            "public.members": tuple(
                row("public.members", {"org_id": ORG[side], "user_id": USER[label]}, side) for side, label, _ in members
            ),
            "public.notes": tuple(row("public.notes", {"id": note}, side) for side, note in NOTE.items()),
        },
        unfilled={},
        actors=tuple(_actor(label, sub) for label, sub in USER.items()),
        keys=ORG,
        canaries={"A": "canary-A", "B": "canary-B"},
    )


def _members(side: str) -> tuple[tuple[str, str], ...]:
    return ((f"{side} owner", "owner"), (f"{side} member", "member"), ("both", "member"))


def _actor(label: str, sub: str) -> Any:
    universe, _, role = label.partition(" ")
    return universes.Actor(sub, label, universe, role or None)


def _tenancy() -> Any:
    hop = tenancy.Hop
    return tenancy.Tenancy(
        kind="membership",
        root="public.orgs",
        root_key=("id",),
        people=tenancy.Person("auth.users", ("id",)),
        memberships=(tenancy.Membership("public.members", ("user_id",), ("org_id",), "role", ("owner", "member")),),
        scoped={
            "public.orgs": (),
            "public.members": (hop("public.members", ("org_id",), "public.orgs", ("id",)),),
            "public.notes": (hop("public.notes", ("org_id",), "public.orgs", ("id",)),),
        },
    )


def _identities() -> tuple[Any, ...]:
    found = []
    for label, sub in USER.items():
        universe, _, role = label.partition(" ")
        kind = {"both": "both", "outside": "outsider"}.get(universe, "member")
        home = {"both": {"A", "B", "both"}, "outside": {"outside"}}.get(universe, {universe, "both"})
        called = f"member of {universe} as {role}" if role else kind
        found.append(identities.Identity(called, "authenticated", sub, {}, {}, frozenset(home), kind))
    return (*found, identities.Identity("anon", "anon", kind="anon"))


def _acting(identity: Any) -> Any:
    claims = {"role": identity.role, **({"sub": identity.sub} if identity.sub else {})}
    return probes.Acting(identity.role, {"request.jwt.claims": json.dumps(claims), "search_path": "public, extensions"})
