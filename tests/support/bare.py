"""A PostgreSQL without the extensions that there are stand-ins for, whatever this machine has installed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from migrate_validate.postgres import ServerOptions
from migrate_validate.postgres.accounts import server_account
from migrate_validate.postgres.binaries import find_binaries
from migrate_validate.postgres.cache import cache_directory
from migrate_validate.postgres.extensions import known
from migrate_validate.postgres.installation import usable_by
from migrate_validate.postgres.shadow import mirror


@contextmanager
def bare_postgres(major: int, without: Iterable[str] = known()) -> Iterator[ServerOptions]:
    """Options that name a PostgreSQL of this major version that lacks these extensions."""
    account = server_account()
    found = usable_by(find_binaries(major=major), account, cache_directory(account))
    # Not below pytest's own temporary folder: each run of pytest closes that to other accounts.
    with tempfile.TemporaryDirectory(prefix="mv-bare-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        bare = mirror(found, folder / "postgres")
        for extension in without:
            for file in (bare.share / "extension").glob(f"{extension}[.-]*"):
                file.unlink()
        yield ServerOptions(executable=str(bare.program("pg_ctl")))
