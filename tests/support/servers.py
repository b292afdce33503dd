"""Real servers for tests: one of every major version that this machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres import available_majors as majors_on_this_machine

RESTRICTION = "MIGRATE_VALIDATE_TEST_POSTGRES"
"""The environment variable that restricts the tests to some major versions: ``15``, or ``15,18``."""


def available_majors() -> tuple[int, ...]:
    """The major versions that tests run on, oldest first."""
    majors = majors_on_this_machine()
    restriction = os.environ.get(RESTRICTION)
    if not restriction:
        return majors
    wanted = tuple(int(major) for major in restriction.split(","))
    missing = sorted(set(wanted) - set(majors))
    if missing:
        raise pytest.UsageError(f"{RESTRICTION}={restriction}, but this machine has only {majors}")
    return wanted


@pytest.fixture(scope="session", params=available_majors(), ids=lambda major: f"pg{major}")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of our own, of each major version in turn."""
    with open_server(ServerOptions(major=request.param)) as opened:
        yield opened


@pytest.fixture(scope="session")
def newest_server() -> Iterator[Server]:
    """A server of the newest major version, for what has nothing to do with the version."""
    with open_server(ServerOptions(major=available_majors()[-1])) as opened:
        yield opened


@pytest.fixture(scope="package", params=available_majors(), ids=lambda major: f"pg{major}")
def server_of_its_own(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The same for tests that leave roles and settings of the whole server behind, under the name ``server``."""
    with open_server(ServerOptions(major=request.param)) as opened:
        yield opened
