"""From a path to a Chain."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats import FORMATS
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.sql import NO_VERSION
from migrate_validate.chain.metadata import is_metadata, read_metadata
from migrate_validate.chain.model import Chain, Script, Seed
from migrate_validate.chain.nearby import marked_below, usual
from migrate_validate.config import Settings
from migrate_validate.errors import ChainError, ConfigError, EmptyChain, Trouble


def read_chain(path: str | Path, settings: Settings, *, rootdir: Path) -> Chain:
    """Everything that the path leads to, each file as what it is.

    :param path: a directory of migrations, a ``supabase/`` directory, or one SQL file; relative to ``rootdir``
    :param settings: base files, seeds and the format that were declared; their paths are looked for below the
        chain's directory and then below ``rootdir``
    :param rootdir: absolute
    :raises ChainError: when there is no chain: no such path, nothing in it, no permission
    :raises ConfigError: when declared files do not exist, or seeds name unknown versions; tells of all of them
    """
    given = Path(os.path.normpath(rootdir / path))
    try:
        return _read(str(path), given, settings, rootdir)
    except PermissionError as error:
        raise ChainError(
            f"{path} cannot be read: permission denied",
            looked=[str(error.filename or given)],
            remedy="give the user who runs this the permission to read it (and to enter the directories above it)",
        ) from None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise ChainError(
            f"{path} cannot be reached: its symbolic links lead in a circle",
            looked=[str(error.filename or given)],
            remedy="repair the link, or name the directory itself",
        ) from None


def _read(named: str, given: Path, settings: Settings, rootdir: Path) -> Chain:
    if not _exists(given):
        raise _missing(named, given)
    single = given.is_file()
    if not single and not given.is_dir():
        remedy = "name a directory of migrations or a file x.sql"
        raise ChainError(f"{named} is neither a directory nor a regular file", looked=[str(given)], remedy=remedy)
    root = given.parent if single else given
    trouble = Trouble()
    format, recognized = _format(named, given, settings.format, trouble)
    base = _base(settings, root, rootdir, trouble)
    metadata = _metadata(settings, root, rootdir, trouble)
    declared = _declared_seeds(settings, root, rootdir, trouble)
    try:
        contents = format.read(given, Reading(root, settings, [*base, *(path for path, _ in declared)]))
    except ChainError as error:
        trouble.add(error)
        trouble.tell()
        raise
    if not contents.migrations:
        trouble.add(_empty(named, root, format, contents))
    chain = Chain(
        given=named,
        root=root,
        format=format.name,
        migrations=tuple(contents.migrations),
        base=(*(read_script(path, root) for path in base), *metadata, *contents.base),
        verifications=tuple(contents.verifications),
        set_aside=tuple(sorted(contents.set_aside, key=lambda each: each.file)),
        exposes_new_tables=contents.exposes_new_tables,
        together=contents.together,
        records=contents.records,
        recognized=recognized,
        notes=tuple(contents.notes),
    )
    seeds = [*contents.seeds, *(Seed(read_script(path, root), before) for path, before in declared)]
    if chain.migrations:
        _check_versions(chain, seeds, trouble)
    trouble.tell()
    return replace(chain, seeds=tuple(seeds))


def _exists(path: Path) -> bool:
    """Whether it exists; unlike Path.exists() a directory that may not be entered is an error, not a no."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _missing(named: str, given: Path) -> ChainError:
    if given.is_symlink():
        return ChainError(
            f"{named} is a symbolic link to {given.readlink()}, which does not exist",
            looked=[str(given)],
            remedy="repair the link, or name the directory itself",
        )
    parent = next(above for above in given.parents if above.is_dir())
    wanted = given.relative_to(parent).parts[0]
    names = sorted(path.name for path in parent.iterdir())
    near = get_close_matches(wanted, names, n=3)
    remedy = "name a directory of migrations (001_x.sql, 20250102_x.sql), a supabase/ directory, or one SQL file"
    if near:
        remedy = "did you mean " + " or ".join(relative(parent / name, parent) for name in near) + f" in {parent}?"
    return ChainError(f"{named} does not exist", looked=[str(given)], remedy=remedy)


def _format(named: str, given: Path, wanted: str | None, trouble: Trouble) -> tuple[Format, str]:
    """The format that was asked for, else the one that the path looks like; and how that was found out.

    :raises ChainError: when it looks like several, or like none
    """
    if wanted is not None:
        asked = next((each for each in FORMATS if each.name == wanted), None)
        if asked is not None:
            return asked, ""
        names = [each.name for each in FORMATS]
        near = get_close_matches(wanted, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(sorted(names))}"
        trouble.add(ConfigError(f"there is no format {wanted!r}", remedy=hint))
    found = [(each, recognition) for each in FORMATS if (recognition := _recognized(each, given))]
    specific = [(each, recognition) for each, recognition in found if recognition.specific]
    marked = [(each, recognition) for each, recognition in specific if not recognition.around] or specific
    if len(marked) > 1:
        raise ChainError(
            f"{named} could be of several formats",
            looked=[f"{each.name} ({each.title}): {recognition.because}" for each, recognition in marked],
            remedy="say which one: "
            + " or ".join(f"--migrations-format={each.name}" for each, _ in marked)
            + ', or format = "..." in migrate_validate.toml beside the migrations',
        )
    if not found:
        raise ChainError(
            f"{named} is no SQL file", looked=[str(given)], remedy="name a directory of migrations or a file x.sql"
        )
    chosen, recognition = (marked or found)[0]
    if chosen is FORMATS[-1]:
        return chosen, ""
    others = [each.name for each, other in found if each not in (chosen, FORMATS[-1]) and not recognition.specific]
    doubt = f"; --migrations-format={'|'.join(others)} would fit as well" if others else ""
    return chosen, f"{recognition.because}{doubt}"


def _recognized(format: Format, given: Path) -> Recognition | None:
    """What a format says of a path; a directory below it that may not be entered is nobody's mark."""
    try:
        return format.recognizes(given)
    except PermissionError:
        return None


def _empty(named: str, root: Path, format: Format, contents: Contents) -> ChainError:
    found = [f"{each.file}: {each.reason}" for each in contents.set_aside]
    found += [f"{script.file}: a verification script" for script in contents.verifications]
    what = f"{named} holds no migrations" if found else f"{named} is empty"
    more = [f"... and {len(found) - 20} more"] if len(found) > 20 else []
    return EmptyChain(what, looked=[str(root), *found[:20], *more], remedy=_instead(named, root, format, contents))


def _instead(named: str, root: Path, format: Format, contents: Contents) -> str:
    """What to do where a directory holds no migrations."""
    plain = format is FORMATS[-1]
    below = usual(root) or (marked_below(root) if plain else None)
    if below is not None:
        return f"did you mean {named.rstrip('/')}/{relative(below, root)}?"
    if not plain:
        return f"lay them out as {format.title} has them: {format.layout}"
    unversioned = [each.file for each in contents.set_aside if each.reason == NO_VERSION]
    if len(unversioned) == 1:
        return f"name the file itself: {named.rstrip('/')}/{unversioned[0]}"
    return "name migrations 001_x.sql or 20250102_x.sql"


def _base(settings: Settings, root: Path, rootdir: Path, trouble: Trouble) -> list[Path]:
    paths = []
    for name in settings.base:
        if not is_metadata(name):
            with trouble.collecting():
                paths.append(_declared(name, "base", root, rootdir))
    return paths


def _metadata(settings: Settings, root: Path, rootdir: Path, trouble: Trouble) -> list[Script]:
    scripts = []
    for name in filter(is_metadata, settings.base):
        with trouble.collecting():
            scripts.append(read_metadata(name, root, [root, root.parent, rootdir]))
    return scripts


def _declared_seeds(settings: Settings, root: Path, rootdir: Path, trouble: Trouble) -> list[tuple[Path, str | None]]:
    seeds = []
    for entry in settings.seeds:
        with trouble.collecting():
            seeds.append((_declared(entry.path, "seeds", root, rootdir), entry.before))
    return seeds


def _declared(name: str, key: str, root: Path, rootdir: Path) -> Path:
    places = list(dict.fromkeys(Path(os.path.normpath(above / name)) for above in (root, root.parent, rootdir)))
    for place in places:
        if not place.is_dir() and (place.exists() or place.is_symlink()):
            return place
    directory = next((place for place in places if place.is_dir()), None)
    if directory:
        raise ConfigError(
            f"{key}: {name} is a directory", looked=[str(directory)], remedy="name the files in it, one by one"
        )
    wanted = Path(name).name
    around = sorted({path.name for place in places if place.parent.is_dir() for path in place.parent.iterdir()})
    near = get_close_matches(wanted, around, n=1)
    raise ConfigError(
        f"{key}: {name} does not exist",
        looked=[str(place) for place in places],
        remedy=f"did you mean {near[0]}?" if near else f"correct the path, or remove it from {key}",
    )


def _check_versions(chain: Chain, seeds: Sequence[Seed], trouble: Trouble) -> None:
    versions = [migration.version for migration in chain.migrations]
    for seed in seeds:
        if seed.before is None or seed.before in versions:
            continue
        near = get_close_matches(seed.before, versions, n=1, cutoff=0.3)
        trouble.add(
            ConfigError(
                f"seeds: {seed.script.file}: before = {seed.before!r}: no migration has this version",
                looked=[str(chain.root)],
                remedy=f"did you mean {near[0]!r}?" if near else f"write one of {versions}",
            )
        )
