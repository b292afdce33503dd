"""What an identity was seen to do, and what of it is a breach."""

from __future__ import annotations

from dataclasses import dataclass, field

from migrate_validate.findings import Severity

from .ground import Placed
from .identities import Identity
from .probes import Outcome
from .tries import Try


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that an identity can do and should not."""

    rule: str
    object: str
    """``schema.name`` of the table, view or function that lets it."""
    identity: Identity
    tried: Try
    said: str
    """What happens, for people: ``sees 2 rows of B``."""
    rows: tuple[Placed, ...] = ()
    """The rows that are seen or changed."""
    severity: Severity = Severity.ERROR
    outcome: Outcome = field(default_factory=lambda: Outcome(None))
    trigger: str = ""
    """The function of a trigger that fails only because policies bind who asks."""


@dataclass(frozen=True, slots=True)
class Access:
    """What an identity was seen to do with one command on one relation."""

    object: str
    command: str
    identity: str
    """Its label."""
    granted: bool = True
    own: int = 0
    """Rows of its own tenant."""
    of_own: int = 0
    """How many of these there are."""
    others: int = 0
    shared: int = 0
    """Rows that belong to nobody."""
    error: str | None = None
    """The SQLSTATE where policies raise an error."""
    what: str = ""
    """What can be done with a sequence: ``nextval, currval``."""

    @property
    def word(self) -> str:
        """What a matrix says of it."""
        if not self.granted:
            return "-"
        if self.error or self.what:
            return self.what or f"error {self.error}"
        own = "own" if self.own >= self.of_own else "part of own"
        parts = [own] if self.own else []
        parts += ["others"] if self.others else []
        parts += ["shared"] if self.shared else []
        return " + ".join(parts) or "none"


@dataclass(frozen=True, slots=True)
class Deed:
    """A statement that did something, and to which rows."""

    tried: Try
    outcome: Outcome
    rows: tuple[Placed, ...] = ()
    """What was seen or changed; none of what was added."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What one identity can do with one table."""

    table: str
    identity: Identity
    accesses: tuple[Access, ...]
    breaches: tuple[Breach, ...]
    candidates: tuple[tuple[Try, Outcome], ...] = ()
    """Changes of privileged columns that went through: whether they lead anywhere is another question."""
    deeds: tuple[Deed, ...] = ()
    tried_to_add: bool = False
    """Whether there was a row of its own to be added."""

    @property
    def seen(self) -> frozenset[str]:
        """Where the rows lie that it sees."""
        return frozenset(row.at for each in self.deeds if each.tried.kind == "read" for row in each.rows)
