"""What a convention of migration files is to the reader of chains."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from migrate_validate.chain.model import Migration, Records, Script, Seed, SetAside
from migrate_validate.config import Settings


class Recognition(NamedTuple):
    """That a path looks like a convention."""

    because: str
    """What was seen: ``0001_x.sql says `-- +goose Up```."""
    specific: bool
    """Whether no other convention has such a mark. Of several without one, the first in ``FORMATS`` is taken."""
    around: bool = False
    """Whether the mark lies in a directory above: it yields to a mark that the path itself has of another tool."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known when a chain is read."""

    root: Path
    """The directory that the files' names are relative to, absolute."""
    settings: Settings
    taken: Collection[Path] = ()
    """Files with a use of their own (base files, declared seeds), which are left out."""


@dataclass
class Contents:
    """What a path leads to, while it is being read."""

    migrations: list[Migration] = field(default_factory=list)
    seeds: list[Seed] = field(default_factory=list)
    verifications: list[Script] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    base: list[Script] = field(default_factory=list)
    """Applied before the first migration, behind the base files that the user has declared."""
    exposes_new_tables: bool = True
    together: bool = False
    """Whether the tool applies everything that is pending in one transaction."""
    records: Records | None = None
    notes: list[str] = field(default_factory=list)
    """What the tool is told and is not known here, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Format:
    """One convention of migration files."""

    name: str
    """What ``--migrations-format`` takes."""
    title: str
    """What people call it."""
    layout: str
    """One line that says what its files look like."""
    recognizes: Callable[[Path], Recognition | None]
    """Whether a path, which exists and is a file or a directory, looks like it; reads names and first lines only."""
    read: Callable[[Path, Reading], Contents]
    """Everything that the path leads to; raises ChainError where it is not laid out so, OSError as it comes."""
    alone: str = ""
    """How a migration is kept out of the transaction that the tool would run it in: ``write ...``."""
    block: str = ""
    """What stands before ``Begin`` and ``End`` around a statement, where the tool cuts files at the ends of lines."""
