"""Faults that are planted into correct schemas, each found by the rule that is there for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from migrate_validate.postgres import Server, ServerOptions, open_server
from tests.rls.planting import NAMES, Bases, Fault, faults, proven, shown_by_script, static
from tests.support.servers import available_majors

FAULTS = faults()
DYNAMIC = frozenset(
    (
        *("cross-tenant-read", "cross-tenant-write", "cross-tenant-insert", "row-moved"),
        *("anonymous-read", "anonymous-write", "privilege-escalation", "policy-error"),
    )
)
"""The rules that are proven by execution; others look at the schema."""


@pytest.fixture(scope="module")
def bases(server: Server) -> Iterator[Bases]:
    """The correct schemas, to be copied."""
    made = Bases(server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def newest() -> Iterator[Bases]:
    """The same on the newest version: what policies mean has been the same in all."""
    with (
        open_server(ServerOptions(major=available_majors()[-1])) as server,
        contextlib.closing(Bases(server)) as made,
    ):
        yield made


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_of_a_correct_schema(bases: Bases, name: str) -> None:
    with bases.planted(name) as (connection, catalog):
        found = proven(connection, catalog, bases.roles(name))
    assert found.nothing == ""
    assert found.breaches == frozenset()
    assert found.unproven == {}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.name))
def test_the_fault_is_found(newest: Bases, fault: Fault) -> None:
    roles = newest.roles(fault.base)
    with newest.planted(fault.base, fault.text) as (connection, catalog):
        found = proven(connection, catalog, roles)
        others = {rule for rule, _ in fault.found if rule not in DYNAMIC}
        said = found.errors | {each for rule in others for each in static(rule, connection, catalog, roles)}
    assert fault.found <= said
    assert fault.warned <= found.warnings
    with newest.fresh(fault.base, fault.text) as connection:
        shown = {(each.worst.rule, each.worst.object): shown_by_script(connection, each) for each in found.told}
    assert {name: said for name, said in shown.items() if said != "it happens"} == {}


@pytest.mark.parametrize("name", ["blind_update_moves_rows", "header_beside_the_tenant", "tenant_from_a_header"])
def test_nothing_else_is_said(newest: Bases, name: str) -> None:
    """Rows that anybody may give away are no matter of two roles; headers say what the client wants, and are there."""
    fault = next(each for each in FAULTS if each.name == name)
    with newest.planted(fault.base, fault.text) as (connection, catalog):
        assert proven(connection, catalog, newest.roles(fault.base)).errors == fault.found


def test_there_are_faults_of_every_rule() -> None:
    assert len(FAULTS) >= 25
    assert all(fault.found | fault.warned for fault in FAULTS)
    assert {rule for fault in FAULTS for rule, _ in fault.found | fault.warned} >= DYNAMIC
