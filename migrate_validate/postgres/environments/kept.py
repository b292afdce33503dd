"""Clusters in which an environment is built already: made once on a machine, copied for every run."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from migrate_validate.postgres import clusters
from migrate_validate.postgres.accounts import server_account
from migrate_validate.postgres.binaries import find_binaries
from migrate_validate.postgres.cache import cache_directory, keep
from migrate_validate.postgres.databases import PREFIX, Database
from migrate_validate.postgres.environments import building
from migrate_validate.postgres.environments.building import Built, prepare
from migrate_validate.postgres.environments.environment import Environment
from migrate_validate.postgres.installation import identity, usable_by
from migrate_validate.postgres.server import Server, ServerOptions, open_server
from migrate_validate.syntax import quote

_NAME = f"{PREFIX}environment"
_NOTES = "notes"
_CONFIGURATION = "postgresql.conf"
_SMALL = "-c min_wal_size=8MB -c max_wal_size=16MB"
"""What of the log is left is copied, too."""


def kept_cluster(environment: Environment, options: ServerOptions, extension_directory: Path) -> Path | None:
    """The data directory of a cluster with this environment as a template; to be copied, never to be started.

    :param options: of a server of our own
    :param extension_directory: what is offered to the server beside its own extensions
    :return: None where there is nothing to keep: the environment is empty, or what makes it is a file of the user
    :raises ServerError: it could not be made
    """
    if environment.migration_role is None or environment.file is not None:
        return None
    account = server_account()
    cache = cache_directory(account)
    binaries = usable_by(find_binaries(major=options.major, executable=options.executable), account, cache)

    def make(target: Path) -> None:
        plain = ServerOptions(executable=options.executable, major=options.major, postgres_options=_SMALL)
        with open_server(plain, extension_directory=extension_directory) as server:
            database = server.create_database("environment", owner=environment.migration_role)
            notes = prepare(environment, database)
            with server.connect("postgres") as connection:
                connection.execute(f"ALTER DATABASE {quote(database.name)} RENAME TO {quote(_NAME)}".encode())
            server.leave(target)
        # What a server runs with is written behind what stands there.
        shutil.copyfile(clusters.fresh_cluster(binaries, account, cache) / _CONFIGURATION, target / _CONFIGURATION)
        (target / _NOTES).write_text("\n".join(notes))

    digest = hashlib.sha256(b"\0".join(_made_of(environment, extension_directory))).hexdigest()[:16]
    return keep(cache / f"environment-{identity(binaries)}-{account.uid}-{digest}", make)


def adopt(environment: Environment, server: Server, cluster: Path) -> None:
    """Let a server that runs on a copy of such a cluster take its environment from there."""
    notes = tuple((cluster / _NOTES).read_text().splitlines())
    server.templates[environment] = Built(Database(server, _NAME), notes, environment.schemas)


def _made_of(environment: Environment, extension_directory: Path) -> Iterator[bytes]:
    """All that decides what such a cluster holds."""
    yield repr((environment.name, environment.exposes_new_tables, environment.extensions)).encode()
    for module in (clusters.__file__, building.__file__, __file__):
        yield Path(module).read_bytes()
    for path in sorted((Path(__file__).parent / environment.name).glob("*.sql")):
        yield path.read_bytes()
    for path in sorted((extension_directory / "extension").glob("*")):
        if path.name.partition("--")[0].removesuffix(".control") in environment.extensions:
            yield path.read_bytes()
