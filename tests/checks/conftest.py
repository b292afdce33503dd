"""What tests of several checks use."""

from __future__ import annotations

import pytest

from migrate_validate.postgres import Server, ServerOptions


@pytest.fixture
def on(server: Server) -> ServerOptions:
    """The tests' server, for rules that need one."""
    return ServerOptions(host=server.host, port=server.port, user=server.user)
