"""Every exception of the package, and the one shape of their wording.

An error answers three questions: what failed, where we looked, what to do. Trouble of the tool, the server or the
configuration is an exception; a fault of a migration is a finding and never raised.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

FEW = 3
"""Places that a line still has room for."""


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

    @property
    def brief(self) -> tuple[str, ...]:
        """The same for a list of several errors, one line for each thing that is wrong."""
        places = f" (looked at {', '.join(self.looked)})" if 0 < len(self.looked) <= FEW else ""
        remedy = f"; {', or '.join(self.remedy)}" if self.remedy else ""
        return ("; ".join(self.what.splitlines()) + places + remedy,)


class ConfigError(MigrateValidateError):
    """The configuration cannot be used; names every wrong key at once."""

    problems: tuple[str, ...] = ()
    """What is wrong, one line each, where it is a list."""

    @classmethod
    def of(cls, problems: Iterable[str]) -> ConfigError:
        """The error that lists these problems, each once.

        :param problems: one line each, with the place where it was written
        """
        lines = tuple(dict.fromkeys(problems))
        what = "\n".join(["the configuration cannot be used:", *(f"  {line}" for line in lines)])
        error = cls(what, remedy="correct these; README.md lists all keys")
        error.problems = lines
        return error

    @property
    def brief(self) -> tuple[str, ...]:
        """Its problems where it is a list of them."""
        return self.problems or super().brief


class ChainError(MigrateValidateError):
    """The path does not lead to a chain of migrations."""


class EmptyChain(ChainError):
    """The path leads to a directory without a migration in it."""


class GitError(MigrateValidateError):
    """Git does not have what was asked for: no repository, no such reference, no history."""


class ServerError(MigrateValidateError):
    """No PostgreSQL could be found, started or kept running."""


class RuleError(MigrateValidateError):
    """A rule is not one: two of one name, or a signature that nothing can call."""


class Unsupported(MigrateValidateError):
    """Rows cannot be generated for a table: a column has a type whose values are not known."""


class Trouble:
    """Collects errors, so that the user reads all of them at once."""

    def __init__(self) -> None:
        """Start with none."""
        self._met: list[tuple[str, MigrateValidateError]] = []

    def __len__(self) -> int:
        """How many were met."""
        return len(self._met)

    def add(self, error: MigrateValidateError, about: str = "") -> None:
        """Keep an error.

        :param about: the chain, for an error of the configuration that does not name it
        """
        self._met.append((f"{about}: " if about and isinstance(error, ConfigError) else "", error))

    @contextlib.contextmanager
    def collecting(self, about: str = "") -> Iterator[None]:
        """Keep what the block raises, and go on behind it.

        :param about: as in :meth:`add`
        """
        try:
            yield
        except MigrateValidateError as error:
            self.add(error, about)

    def tell(self) -> None:
        """Raise what was met, as one error; nothing where nothing was.

        :raises MigrateValidateError: the one error, or a ConfigError that lists all
        """
        match self._met:
            case []:
                return
            case [(_, error)] if len(error.brief) == 1:
                raise error
            case _:
                raise ConfigError.of(prefix + line for prefix, error in self._met for line in error.brief)
