"""The servers that a chain is tried on, and databases with what has to stand there before the first migration."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from migrate_validate.chain.model import Chain
from migrate_validate.config import Settings
from migrate_validate.postgres.binaries import find_binaries
from migrate_validate.postgres.databases import Database
from migrate_validate.postgres.environments import Environment, adopt, build, choose, empower, kept_cluster, settle
from migrate_validate.postgres.extensions import needed, offer
from migrate_validate.postgres.server import Server, ServerOptions, open_server


class Servers:
    """What starts servers for one chain, and makes and drops databases on them."""

    def __init__(self, chain: Chain, settings: Settings, options: ServerOptions) -> None:
        """Nothing is started yet."""
        self._chain = chain
        self._settings = settings
        self._options = options
        self.stand_ins: tuple[str, ...] = ()
        """What stands in for extensions that the server lacks, and what of each it does not do."""

    @property
    def ours(self) -> bool:
        """Whether we start them, as many as are wanted; else there is one, which the options name."""
        return self._options.host is None

    @functools.cached_property
    def environment(self) -> Environment:
        """What stands in a database before the first migration."""
        return choose(self._chain, self._settings.environment)

    @contextlib.contextmanager
    def started(self) -> Iterator[Server]:
        """A server, ended at the end where it is ours.

        :raises ServerError: when there is none or it cannot be started
        """
        with contextlib.ExitStack() as stack:
            # The server keeps a copy of what is offered, so the folder can go as soon as it runs.
            with tempfile.TemporaryDirectory(prefix="mv-extensions-") as name:
                directory, cluster = Path(name), None
                if self.ours:
                    self.stand_ins = self._offer(directory)
                    cluster = kept_cluster(self.environment, self._options, directory)
                server = stack.enter_context(open_server(self._options, extension_directory=directory, cluster=cluster))
            if cluster is not None:
                adopt(self.environment, server, cluster)
            yield server

    def _offer(self, directory: Path) -> tuple[str, ...]:
        binaries = find_binaries(major=self._options.major, executable=self._options.executable)
        file = self.environment.file
        before = [file.read_text(encoding="utf-8", errors="replace")] if file is not None and file.is_file() else []
        wanted = needed(self._chain, *before) | set(self.environment.extensions)
        installed = {control.stem for control in (binaries.share / "extension").glob("*.control")}
        offered = offer(wanted, directory, available=installed)
        return tuple(f"{each.name}: {each.note or 'does what the real one does'}" for each in offered)

    @contextlib.contextmanager
    def empty(self, hint: str, server: Server | None = None, *, tries: bool = False) -> Iterator[Database]:
        """A new database with the environment and nothing else.

        :param server: to make it on; dropping it is up to the caller then. None: a server of its own
        :param tries: migrations are only tried there, on rows that their role may have no right to write
        """
        with self.started() if server is None else contextlib.nullcontext(server) as home:
            database = build(self.environment, home, hint).database
            if server is None and tries:
                empower(self.environment, home)
            try:
                yield database
            finally:
                if server is not None and home.alive():
                    settle(self.environment, database)

    def claim_roles(self, server: Server) -> tuple[str, ...]:
        """Notes on the roles that the chain made on a server that is not ours; one that it never names is not."""
        with contextlib.suppress(psycopg.Error):
            text = "\n".join(script.text for script in self._chain.scripts).lower()
            made = server.claim_roles(name for name in server.new_roles() if name.lower() in text)
            if made:
                return (
                    f"the chain added roles to {server.description}, which are dropped at the end: {', '.join(made)}",
                )
        return ()


def drop(database: Database) -> None:
    """Drop it at the end, unless it vanishes with the server."""
    if not database.server.ours:
        with contextlib.suppress(psycopg.Error):
            database.drop()
