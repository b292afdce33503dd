"""A server of our own: what it is, what it leaves."""

from __future__ import annotations

from migrate_validate.postgres import Server


def test_says_what_it_is(server: Server) -> None:
    with server.connect("postgres") as connection:
        row = connection.execute("select current_setting('server_version_num')::int, current_user").fetchone()
    assert row == (server.version, "migrate_validate")
    assert server.ours
    assert server.alive()
