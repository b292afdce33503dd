"""The whole proof: tenants are found, rows sown, everything is tried, and what breaks is told with its cause."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.config import Settings
from migrate_validate.data import mined
from migrate_validate.findings import NotApplicable
from migrate_validate.replay.stages import Stages
from migrate_validate.replay.timeline import Timeline

from .._shared import own_catalog
from .actors import actors
from .blaming import blame
from .ground import Ground
from .identities import Identity, identities
from .isolation import Isolation, isolation
from .model import Tenancy
from .opening import Broken, Opened, Wanted, opened, taking_part
from .probes import Acting, Connection, Prober
from .scripts import emptied, script
from .telling import Told, grouped
from .tenancy import discover
from .universes import seed
from .verdicts import Breach

SHORTENING = 2.0
"""Seconds that all scripts together may take to be shortened."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of the isolation of tenants in a migrated database."""

    nothing: str = ""
    """Why there is nothing to prove."""
    tenancy: Tenancy | None = None
    identities: tuple[Identity, ...] = ()
    ground: Ground | None = None
    isolation: Isolation = field(default_factory=Isolation)
    told: tuple[Told, ...] = ()
    unproven: Mapping[str, str] = field(default_factory=dict)
    """By table: why nothing is proven of it; by ``""``: why nothing is proven at all."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Scene:
    """A state of a database with rows of two tenants, and all who ask."""

    tenancy: Tenancy
    ground: Ground
    identities: tuple[Identity, ...]
    acting: Mapping[str, Acting]
    useless: Mapping[str, Sequence[str]]


def prove(
    connection: Connection,
    catalog: Catalog,
    settings: Settings,
    timeline: Timeline | None = None,
    stages: Stages | None = None,
) -> Proof:
    """Prove who can see and change what, in a transaction that is rolled back.

    :param connection: of a superuser, to the migrated database
    :param catalog: without what the environment made
    """
    started = time.monotonic()
    roles = settings.api_roles or (timeline.api_roles if timeline else ())
    if not roles:
        return Proof("no role is declared that reaches the database from outside (api_roles)")
    if not any(table.row_security or table.policies for table in catalog.whole.tables if _ours(catalog, table.schema)):
        return Proof("no table has row level security: what roles from outside reach is told by rls-disabled")
    if not _superuser(connection):
        return Proof(unproven={"": "the database has to be asked as a superuser, who can act as any role"})
    with connection.transaction(force_rollback=True):
        scene = _scene(connection, catalog, settings, timeline, roles)
        if isinstance(scene, NotApplicable):
            return Proof(scene.reason)
        asking = tuple(each for each in scene.identities if each.label in scene.acting)
        unproven = {"": "; ".join(dict.fromkeys(why for each in scene.useless.values() for why in each))}
        if scene.useless:
            return Proof(tenancy=scene.tenancy, identities=scene.identities, ground=scene.ground, unproven=unproven)
        found = isolation(connection, scene.ground, scene.acting, asking)
        told = list(_told(connection, scene, found.breaches))
    told = _placed(told, catalog, settings, timeline, stages, roles)
    return Proof(
        "", scene.tenancy, asking, scene.ground, found, tuple(told), found.unproven, time.monotonic() - started
    )


def _ours(catalog: Catalog, schema: str) -> bool:
    """Whether a schema is the chain's, or one of the environment that chains write policies for."""
    return schema in ("storage", "realtime") or any(table.schema == schema for table in catalog.tables)


def _superuser(connection: Connection) -> bool:
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])


def _scene(
    connection: Connection,
    catalog: Catalog,
    settings: Settings,
    timeline: Timeline | None,
    roles: Sequence[str],
) -> _Scene | NotApplicable:
    tenancy = discover(catalog, settings.tenancy, api_roles=roles)
    if isinstance(tenancy, NotApplicable):
        return tenancy
    hints = mined(timeline.chain.scripts) if timeline else None
    universes = seed(connection, catalog, tenancy, hints=hints)
    asking = identities(universes, tenancy, roles)
    acting, useless = actors(connection, catalog, tenancy, universes, asking)
    ground = Ground.read(connection, catalog, tenancy, universes, {each.role for each in asking})
    return _Scene(tenancy, ground, asking, acting, useless)


def _told(connection: Connection, scene: _Scene, breaches: Sequence[Breach]) -> Iterator[Told]:
    prober = Prober(connection)
    groups = grouped(breaches)
    causes = [blame(scene.ground, prober, scene.acting[worst.identity.label], worst) for worst, _ in groups]
    started = time.monotonic()
    with emptied(scene.ground, connection):
        for (worst, others), cause in zip(groups, causes, strict=True):
            acting, shorten = scene.acting[worst.identity.label], time.monotonic() - started < SHORTENING
            yield Told(worst, others, cause, script(scene.ground, connection, acting, worst, shorten=shorten))


def _placed(
    told: Sequence[Told],
    catalog: Catalog,
    settings: Settings,
    timeline: Timeline | None,
    stages: Stages | None,
    roles: Sequence[str],
) -> list[Told]:
    """Each with the migration that opened it."""
    wanted = [
        Wanted(
            each.worst.rule,
            each.worst.object,
            each.blame.policies,
            taking_part(catalog.whole, each.worst.object) | frozenset(each.blame.policies),
        )
        for each in told
    ]

    def look(connection: Connection, objects: frozenset[str]) -> Broken:
        before = own_catalog(connection, None, timeline)
        try:
            with connection.transaction(force_rollback=True):
                scene = _scene(connection, before, settings, timeline, roles)
                if isinstance(scene, NotApplicable):
                    return frozenset()
                asking = [each for each in scene.identities if each.label in scene.acting]
                found = isolation(connection, scene.ground, scene.acting, asking, only=objects)
        except psycopg.Error:
            if connection.closed:
                raise
            return frozenset()
        return frozenset((each.rule, each.object) for each in found.breaches)

    places: Mapping[tuple[str, str], Opened] = opened(wanted, timeline, stages, look)
    return [
        replace(each, opened=place.location, measured=place.measured)
        if (place := places.get((each.worst.rule, each.worst.object)))
        else each
        for each in told
    ]
