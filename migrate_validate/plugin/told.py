"""What failed, as pytest wants to be told: a text, and one line for the places where it has no room for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class _Writer(Protocol):
    def line(self, text: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Crash:
    """The line: in the short summary, under ``--tb=line`` and as the message in JUnit files."""

    message: str

    def __str__(self) -> str:
        """The message alone; pytest adds the id of the item."""
        return self.message


@dataclass(frozen=True, slots=True)
class Told:
    """In place of a report's text, which pytest would repeat as a whole in the short summary of a CI run."""

    text: str
    reprcrash: Crash

    def __str__(self) -> str:
        """The text, which is also all that travels from a worker of xdist."""
        return self.text

    def toterminal(self, writer: _Writer) -> None:
        """Write the text."""
        writer.line(self.text)
