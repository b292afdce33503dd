"""A PostgreSQL without the extensions that there are stand-ins for, whatever this machine has installed."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.postgres import ServerOptions
from migrate_validate.postgres.accounts import server_account
from migrate_validate.postgres.binaries import find_binaries
from migrate_validate.postgres.cache import cache_directory, keep
from migrate_validate.postgres.extensions import known
from migrate_validate.postgres.installation import identity, usable_by
from migrate_validate.postgres.shadow import mirror


def bare_postgres(major: int) -> ServerOptions:
    """Options that name a PostgreSQL of this major version that lacks all of them.

    It is kept in the cache: at another place every time, it would need a cluster of its own every time.
    """
    account = server_account()
    cache = cache_directory(account)
    found = usable_by(find_binaries(major=major), account, cache)

    def make(target: Path) -> None:
        extensions = mirror(found, target).share / "extension"
        for name in known():
            for file in extensions.glob(f"{name}[.-]*"):
                file.unlink()

    kept = keep(cache / f"bare-{identity(found)}-{len(known())}", make)
    # All but what the mirror has of its own are links.
    program = next(path for path in kept.rglob("pg_ctl") if not path.is_symlink())
    return ServerOptions(executable=str(program))
