"""What is on disk: a Chain of Migrations, its Seeds, and what was set aside and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from migrate_validate.chain.statement import Statement as Statement
from migrate_validate.chain.traced import Traced
from migrate_validate.findings import Location


class TransactionMode(StrEnum):
    """How the statements of one file are grouped into transactions."""

    FILE = "one transaction"
    """The runner wraps the file in BEGIN and COMMIT."""
    OWN = "its own transactions"
    """The file writes BEGIN and COMMIT itself."""
    NONE = "no transaction"
    """The file holds a statement that cannot run inside one."""


class Sends(StrEnum):
    """How the runner of a convention sends one script to the server."""

    AS_NEEDED = "as needed"
    """In one transaction, unless its statements forbid that."""
    TRANSACTION = "in a transaction"
    """Always between BEGIN and COMMIT: what cannot run there fails."""
    STATEMENTS = "statement by statement"
    """Each statement by itself, in no transaction but those that the script writes."""
    MESSAGE = "as one message"
    """The whole text as one simple query: several statements are one transaction, BEGIN and COMMIT in it are obeyed."""


@dataclass(frozen=True, slots=True)
class Script:
    """One file of SQL, or the part of one that goes one way."""

    path: Path
    """Absolute."""
    file: str
    """Relative to the chain's directory, with forward slashes."""
    text: str = field(repr=False)
    """Decoded, without a byte order mark, line ends as in the file. Where the file holds more than this script, the
    other lines are blank, so that lines and columns are those of the file."""
    problem: str | None = None
    """Why the file cannot be read (not UTF-8, no permission, ...); its text is then empty."""
    sends: Sends = Sends.AS_NEEDED
    by_psql: bool = False
    """Whether its runner is psql: commands that only show something do nothing then, and those that copy read files."""
    variables: tuple[tuple[str, str], ...] = ()
    """Variables of psql that its runner sets, and their values."""
    statements: tuple[Statement, ...] | None = field(default=None, repr=False, hash=False)
    """Its statements where psql would not cut them from the text: a tool has its own way, or the text is no SQL."""
    traced: Traced | None = field(default=None, repr=False)
    """What a script in Python sends, which is known once it has run; None: its statements are on disk."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment between or inside statements; one inside a string or the body of a routine is none."""

    text: str
    """Without its marks and the blanks around it."""
    location: Location
    leading: bool
    """Whether nothing stands before it on its line."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a Chain."""

    version: str
    """What the file name says before the first underscore: ``001``, ``001b``, ``20250102``."""
    name: str
    up: Script
    down: Script | None = None
    checksum: str = ""
    """As the tool writes it into its table of applied versions; empty where it has none there."""
    repeats: bool = False
    """Whether the tool applies it again whenever it has changed."""
    passed_over: str = ""
    """Why the tool never applies it to a database that has those before it; empty: it does."""
    verify: Script | None = None
    """What the tool runs right after it, and rolls it back where that fails."""

    @property
    def file(self) -> str:
        """The file of its up Script, relative to the chain's directory."""
        return self.up.file


@dataclass(frozen=True, slots=True)
class Seed:
    """A file of data."""

    script: Script
    before: str | None = None
    """The version of the migration before which it is loaded; None: after the whole chain."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that is not part of the chain, and why."""

    file: str
    reason: str
    step: bool = False
    """Whether it is a step of the chain all the same, which cannot be run here: what comes after it may need it."""
    before: str | None = None
    """The version of the migration that such a step comes before, empty behind the last one; None: the names of the
    files say that."""


@dataclass(frozen=True, slots=True)
class Records:
    """The table in which a tool writes down what has been applied, for migrations that look at it.

    The queries may use ``%(version)s``, ``%(name)s``, ``%(file)s`` (the name of the file), ``%(checksum)s`` and
    ``%(statements)s`` (an array of texts) of the migration, and ``%(previous)s``, the version before it or NULL; a
    percent sign is written ``%%``. Each may be several statements. One that fails is passed over: a chain may rebuild
    the table.
    """

    table: str
    """Its name, with its schema where that is not the first one in the search path. What is looked for in the texts of
    scripts is the last part."""
    create: str
    """Makes it, before the first migration; nothing where it exists."""
    applied: str
    """Writes a migration down when it has been applied."""
    reverted: str
    """Takes that back when it was rolled back."""
    before: str = ""
    """What is written before a migration is applied; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything that a directory of migrations holds, in the order in which it is applied."""

    given: str
    """The path as the user wrote it."""
    root: Path
    """The directory, absolute; every ``file`` is relative to it."""
    format: str
    """The name of the convention: ``sql`` (numbered or timestamped files), ``supabase``, ``flyway``, ..."""
    migrations: tuple[Migration, ...]
    base: tuple[Script, ...] = ()
    """Applied before the first migration."""
    seeds: tuple[Seed, ...] = ()
    verifications: tuple[Script, ...] = ()
    """Scripts that check what the whole chain has made (``validate_*.sql``). One that is named after a migration
    (``001_users_verify.sql``) runs at the end too: it need not hold before later migrations, but must after them."""
    set_aside: tuple[SetAside, ...] = ()
    exposes_new_tables: bool = True
    """What Supabase's config.toml says in ``api.auto_expose_new_tables``; true where it says nothing."""
    together: bool = False
    """Whether the tool applies everything that is pending in one transaction."""
    records: Records | None = None
    """The table of applied versions that the tool keeps; None: it keeps none, or the environment has it."""
    recognized: str = ""
    """How the convention was found out, and which others it might have been; empty where it was asked for, or where
    nothing tells conventions apart."""
    notes: tuple[str, ...] = ()
    """What the tool is told and is not known here, and what to do about it."""

    @property
    def scripts(self) -> tuple[Script, ...]:
        """Every script that is applied, in the order of application: base, migrations, seeds."""
        return (*self.base, *(m.up for m in self.migrations), *(s.script for s in self.seeds))

    def seeds_before(self, version: str | None) -> tuple[Seed, ...]:
        """The seeds that are loaded before the migration with this version; None: those behind the last one."""
        return tuple(seed for seed in self.seeds if seed.before == version)

    @property
    def all_scripts(self) -> tuple[Script, ...]:
        """Every script of the chain: those that are applied, down scripts, verification scripts."""
        others = tuple(script for each in self.migrations for script in (each.down, each.verify) if script)
        return (*self.scripts, *others, *self.verifications)
