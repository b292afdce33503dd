"""Every exception of the package, and the one shape of their wording.

An error answers three questions: what failed, where we looked, what to do. Trouble of the tool, the server or the
configuration is an exception; a fault of a migration is a finding and never raised.
"""

from __future__ import annotations

from collections.abc import Sequence


class MigrateValidateError(Exception):
    """What failed, where we looked, and what the user can do about it."""

    def __init__(self, what: str, *, looked: Sequence[str] = (), remedy: str | Sequence[str] = ()) -> None:
        """Keep the three answers.

        :param what: what failed, one sentence or a few lines
        :param looked: the places that were looked at, one line each
        :param remedy: what the user can do: one sentence, or one for each alternative
        """
        self.what = what
        self.looked = tuple(looked)
        self.remedy = (remedy,) if isinstance(remedy, str) else tuple(remedy)
        super().__init__(str(self))

    def __str__(self) -> str:
        """The message as a user reads it."""
        lines = [self.what]
        if self.looked:
            lines += ["looked at:", *(f"  {place}" for place in self.looked)]
        if len(self.remedy) == 1:
            lines.append(f"what to do: {self.remedy[0]}")
        elif self.remedy:
            lines += ["what to do, one of:", *(f"  - {way}" for way in self.remedy)]
        return "\n".join(lines)


class ConfigError(MigrateValidateError):
    """The configuration cannot be used; names every wrong key at once."""


class ChainError(MigrateValidateError):
    """The path does not lead to a chain of migrations."""


class ServerError(MigrateValidateError):
    """No PostgreSQL could be found, started or kept running."""


class RuleError(MigrateValidateError):
    """A rule is not one: two of one name, or a signature that nothing can call."""


class Unsupported(MigrateValidateError):
    """Rows cannot be generated for a table: a column has a type whose values are not known."""
