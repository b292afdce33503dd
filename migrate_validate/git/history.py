"""What has become of a chain since a reference of Git: what is new, what was changed, what the reference has gained."""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.model import Chain, Migration
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.errors import EmptyChain, MigrateValidateError
from migrate_validate.git.changes import UP, Change
from migrate_validate.git.comparing import change, changed_companions, companions
from migrate_validate.git.places import Checkout, Place, Places
from migrate_validate.git.repository import Repository

_REWORKS = "sqitch"
_BY_NAME = frozenset(
    {"db-migrate", "django", "graphile-migrate", "node-pg-migrate", "prisma", "python", "sqitch", "sql-migrate", "yoyo"}
)
"""Conventions whose tools know a migration by its whole name, and not by the version alone."""
_SHORT = 12
"""Digits of a commit's hash, for people."""
_DUMPS = frozenset({"rails"})
"""Conventions of which only a dump of the schema can be read, which is written anew with each migration."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A chain as it is at one commit."""

    commit: str
    chain: Chain | None
    """None: the commit has none there, or it cannot be read."""
    problem: str = ""
    """Why it cannot be read; empty where it can, or where there is none."""

    @property
    def files(self) -> frozenset[str]:
        """The files of its migrations."""
        return frozenset(each.file for each in self.chain.migrations) if self.chain else frozenset()


@dataclass(frozen=True, slots=True)
class Changed:
    """A migration that the base has, and that is no longer what it was."""

    before: Migration
    after: Migration | None
    """None: it is gone."""
    up: Change = Change.NONE
    down: Change = Change.NONE
    companions: tuple[str, ...] = ()
    """Other files of its directory that are not what they were."""

    @property
    def renamed(self) -> bool:
        """Whether it has another file name, and does the same."""
        return self.after is not None and self.after.file != self.before.file


@dataclass(frozen=True, slots=True)
class Late:
    """A new migration that comes before one that is applied already."""

    migration: Migration
    applied: Migration
    """The first one behind it that the reference has."""


@dataclass(frozen=True, slots=True)
class Collision:
    """A new migration with the version of another one that the reference has gained."""

    migration: Migration
    other: Migration


class History:
    """What has become of a chain since a reference."""

    def __init__(self, chain: Chain, since: str, head: str, base: Revision, tip: Callable[[History], Tip]) -> None:
        """Compare a chain with what it was.

        :param since: the reference, as the user wrote it
        :param head: what the chain is a state of: ``HEAD``, or the reference that it was read from
        :param base: the chain where the two meet
        :param tip: the chain where the reference is today, read when it is asked for
        """
        self.chain = chain
        self.since = since[:_SHORT] if re.fullmatch("[0-9a-f]{40}", since) else since
        self.head = head
        self.base = base
        self._tip = tip

    @property
    def named(self) -> str:
        """The base, for people: ``main (merge base 1a2b3c4d5e6f)``, or the commit alone where it was named."""
        if self.base.commit.startswith(self.since):
            return self.since
        return f"{self.since} (merge base {self.base.commit[:_SHORT]})"

    @functools.cached_property
    def _kept(self) -> dict[str, Migration]:
        """What has become of the base's migrations, by their files; those that are gone are left out.

        One is followed by its file, else by what it does. Sqitch reworks a change by another one of its name, and
        moves the old scripts away: there what a migration does counts first.
        """
        base = self.base.chain.migrations if self.base.chain else ()
        now = {each.file: each for each in self.chain.migrations}
        free = [each for each in self.chain.migrations if each.file not in self.base.files]
        kept = {}
        for before in base:
            after = now.get(before.file)
            if after is None or (self.chain.format == _REWORKS and change(before.up, after.up)):
                alike = next((each for each in free if not change(before.up, each.up)), None)
                after = alike or after
            if after is not None:
                kept[before.file] = after
                free = [each for each in free if each is not after]
        return kept

    @functools.cached_property
    def changes(self) -> tuple[Changed, ...]:
        """The migrations of the base that are gone, renamed or changed, in its order."""
        if self.base.chain is None:
            return ()
        old, new = companions(self.base.chain), companions(self.chain)
        found = []
        for before in self.base.chain.migrations:
            after = self._kept.get(before.file)
            if after is None:
                found.append(Changed(before, None))
                continue
            others = changed_companions(old[before.file], new[after.file])
            changed = Changed(before, after, change(before.up, after.up), change(before.down, after.down, UP), others)
            if changed.renamed or changed.up or changed.down or changed.companions:
                found.append(changed)
        return tuple(found)

    @functools.cached_property
    def added(self) -> tuple[Migration, ...]:
        """The migrations that the base does not have, under no name, in the order of the chain."""
        kept = {each.file for each in self._kept.values()}
        return tuple(each for each in self.chain.migrations if each.file not in kept)

    @functools.cached_property
    def new(self) -> frozenset[str]:
        """The files of the migrations that the base does not have as they are now: added, renamed or changed ones."""
        touched = {
            each.after.file
            for each in self.changes
            if each.after and (each.renamed or Change.STATEMENTS in (each.up, each.down) or each.companions)
        }
        return frozenset({each.file for each in self.added} | touched)

    def why_old(self, file: str) -> str | None:
        """Why nothing expensive is to be done about a migration; None: it is new."""
        return None if file in self.new else f"not new: it is as {self.named} has it"

    @property
    def summary(self) -> str:
        """How many migrations are new since what, in one sentence."""
        total, new = len(self.chain.migrations), len(self.new)
        verb = "is" if new == 1 else "are"
        if self.base.problem:
            return f"{total} of {total} migrations count as new since {self.named}: its chain cannot be read"
        return f"{new} of {total} migrations {verb} new since {self.named}: expensive rules run for {_these(new)}"

    @functools.cached_property
    def tip(self) -> Tip:
        """The chain where the reference is today, and what comes of both together."""
        return self._tip(self)

    @functools.cached_property
    def ours(self) -> tuple[Migration, ...]:
        """The added migrations that the reference has not got in the meantime."""
        chain = self.tip.revision.chain
        there = {each.file: each for each in chain.migrations} if chain else {}
        return tuple(
            each
            for each in self.added
            if each.file not in there or change(there[each.file].up, each.up) is Change.STATEMENTS
        )

    @property
    def gained(self) -> tuple[Migration, ...]:
        """The migrations that the reference has and the base has not."""
        chain = self.tip.revision.chain
        return tuple(each for each in chain.migrations if each.file not in self.base.files) if chain else ()

    @property
    def merged(self) -> Chain:
        """The chain together with what the reference has gained; alone where the two cannot be read as one."""
        return self.tip.merged or self.chain

    @property
    def by_name(self) -> bool:
        """Whether the tool knows a migration by its whole name: two of one version are two."""
        return self.chain.format in _BY_NAME

    def repeats(self, migration: Migration) -> bool:
        """Whether a migration is meant to change, and is applied again when it does."""
        return migration.repeats or self.chain.format in _DUMPS

    @functools.cached_property
    def late(self) -> tuple[Late, ...]:
        """The added migrations that come before one that the reference has, in the order of the merged chain.

        One whose version is taken needs another one anyway, and is left out.
        """
        applied = self.base.files | (self.tip.revision.files if self.tip.merged else frozenset())
        ours = {each.file for each in self.ours} - {each.migration.file for each in self.collisions}
        found = []
        for number, each in enumerate(self.merged.migrations):
            behind = (
                other
                for other in self.merged.migrations[number + 1 :]
                if other.file in applied and other.file not in ours and not self.repeats(other)
            )
            first = next(behind, None)
            if each.file in ours and first is not None and not self.repeats(each):
                found.append(Late(each, first))
        return tuple(found)

    @functools.cached_property
    def collisions(self) -> tuple[Collision, ...]:
        """The added migrations that have the version, or the name, of one that the reference has gained."""
        ours = {each.file: each for each in self.ours}
        gained = [each for each in self.gained if not _is_ours(each, self.added, ours)]
        return tuple(
            Collision(each, other)
            for each in ours.values()
            for other in gained
            if not self.repeats(each) and self._collide(each, other)
        )

    def _collide(self, one: Migration, other: Migration) -> bool:
        if self.by_name:
            return one.file == other.file
        return comparable(one.version) == comparable(other.version)


def _is_ours(gained: Migration, added: Iterable[Migration], ours: dict[str, Migration]) -> bool:
    """Whether the reference has gained it from us: the same file, which does the same."""
    return gained.file not in ours and any(each.file == gained.file for each in added)


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a reference is today."""

    revision: Revision
    merged: Chain | None
    """The chain together with what the reference has gained; None: the two cannot be read as one."""
    problem: str = ""
    """Why they cannot, or why the reference's chain cannot be read; empty where a plan has to be merged first."""
    clash: bool = False
    """Whether each of the two can be read alone."""


def comparable(version: str) -> str:
    """A version as it is compared: ``1`` and ``001`` are one."""
    return version.lstrip("0") or "0"


def _these(number: int) -> str:
    return {0: "none", 1: "it"}.get(number, "them")


def read_history(chain: Chain, place: Place, settings: Settings, since: str, places: Places) -> History:
    """Compare a chain with what it was where HEAD, or the reference that it was read from, and another one meet.

    :param place: where the chain was read
    :param settings: with which it was read
    :param since: the other reference
    :raises GitError: no repository, no such reference, no commit in common
    """
    otherwise = "leave out --migrations-since, and `since` in the configuration"
    if place.checkout is not None:
        repository, head, commit = place.checkout.repository, place.checkout.reference, place.checkout.commit
        folder, rootdir = place.source.relative_to(place.checkout.top), place.rootdir
        inside = _relative(place.rootdir, place.checkout.top)
    else:
        repository = Repository.around(place.source.resolve(), otherwise)
        head, commit = "HEAD", repository.known_commit("HEAD")
        folder, rootdir = Path(os.path.relpath(place.source.resolve(), repository.top)), place.rootdir
        inside = _relative(place.rootdir.resolve(), repository.top)
    other = repository.known_commit(since)
    base = repository.merge_base(commit, other, names=(head, since))
    reader = _Reader(repository, folder, inside, rootdir, settings, places)
    revision = reader.read(base, since)

    def tip(history: History) -> Tip:
        return Tip(revision, chain) if other == base else reader.merge(history, reader.read(other, since))

    return History(chain, since, head, revision, tip)


def _relative(path: Path, top: Path) -> Path | None:
    return path.relative_to(top) if path.is_relative_to(top) else None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one chain as it is at other commits."""

    repository: Repository
    folder: Path
    """The chain, from the top of the repository."""
    inside: Path | None
    """The directory of the project, from the top of the repository; None: it lies outside."""
    rootdir: Path
    settings: Settings
    places: Places

    def read(self, commit: str, reference: str) -> Revision:
        """The chain at a commit."""
        top = self.places.written(self.repository, commit, self.folder.as_posix())
        return self._read(commit, Checkout(self.repository, reference, commit, top))

    def _read(self, commit: str, checkout: Checkout) -> Revision:
        source = checkout.top / self.folder
        if not _holds_files(source):
            return Revision(commit, None)
        rootdir = self.rootdir if self.inside is None else checkout.top / self.inside
        try:
            with checkout.naming():
                return Revision(commit, read_chain(source, self._settings(source, rootdir), rootdir=rootdir))
        except EmptyChain:
            return Revision(commit, None)
        except MigrateValidateError as error:
            return Revision(commit, None, error.what)

    def _settings(self, source: Path, rootdir: Path) -> Settings:
        """Without seeds, and with the base files that were there already."""
        root = source if source.is_dir() else source.parent
        places = (root, root.parent, rootdir)
        base = tuple(name for name in self.settings.base if any((each / name).is_file() for each in places))
        return replace(self.settings, base=base, seeds=())

    def merge(self, history: History, revision: Revision) -> Tip:
        """What comes of a chain and of what the reference has gained, both together."""
        chain = history.chain
        gained = revision.files - history.base.files
        if revision.problem or not gained - {each.file for each in chain.migrations}:
            return Tip(revision, None if revision.problem else chain, revision.problem)
        top = self.places.new_directory("merged")
        self.repository.write_files(revision.commit, top, self.folder.as_posix())
        others = companions(chain)
        for migration in chain.migrations:
            if migration.file in history.new:
                _copy(chain, migration, others[migration.file].values(), top / self.folder)
        merged = self._read(revision.commit, Checkout(self.repository, history.since, revision.commit, top))
        if merged.chain is None:
            return Tip(revision, None, merged.problem, clash=True)
        # A plan says which files there are, and in which order: where both sides have written it, Git has a conflict.
        return Tip(revision, merged.chain if history.new <= merged.files else None)


def _holds_files(source: Path) -> bool:
    if not source.is_dir():
        return source.exists()
    return any(path.is_file() and not path.name.startswith(".") for path in source.rglob("*"))


def _copy(chain: Chain, migration: Migration, others: Iterable[Path], target: Path) -> None:
    """Write the files of a migration below another directory of the same layout.

    :param others: its files that are no scripts
    """
    root = target if target.is_dir() else target.parent
    files = [each.path for each in (migration.up, migration.down) if each]
    for path in (*files, *others):
        name = os.path.relpath(path, chain.root)
        if path.is_file() and not name.startswith(".."):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, root / name)
