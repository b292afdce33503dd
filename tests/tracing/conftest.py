"""A server for tests of migrations in Python: what these send has nothing to do with the version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate_validate.postgres import Server, ServerOptions, open_server
from tests.support.servers import available_majors


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server of the newest major version."""
    with open_server(ServerOptions(major=available_majors()[-1])) as opened:
        yield opened
