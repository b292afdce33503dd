"""Servers of their own for tests that surround databases with roles and settings, which belong to the whole server."""

from tests.support.servers import server_of_its_own as server

__all__ = ["server"]
