"""Rules: plain functions that yield what they find, and the registry that knows them all.

What a rule asks for, by the type of its parameters, decides when it runs::

    @rule(severity=Severity.WARNING, aliases=["splinter:unindexed_foreign_keys"])
    def unindexed_foreign_key(catalog: Catalog) -> Iterator[Result]:
        \"\"\"A foreign key whose columns lead no index.

        Why: ...
        Fix: ...
        \"\"\"

The decorated function stays a plain function: called with its arguments it yields the same results, so that it serves
in any test suite. A parameter ``Catalog | None = None`` is supplied by the engine and may be left out by other callers.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import IntEnum
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, TypeVar

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.chain.squawk import Squawk
from migrate_validate.config import Expectations, Settings
from migrate_validate.errors import RuleError
from migrate_validate.findings import Finding, Result, Severity
from migrate_validate.git.history import History
from migrate_validate.replay.rehearsal import Rehearsals
from migrate_validate.replay.stages import Stage, Stages
from migrate_validate.replay.timeline import Step, Timeline
from migrate_validate.results import Results, Shared

ENTRY_POINT_GROUP = "migrate_validate.rules"

Function = TypeVar("Function", bound=Callable[..., Iterable[Result]])


class Scope(IntEnum):
    """When a rule runs; a rule that asks for several things has the greatest of their scopes."""

    CHAIN = 0
    """Once, with no server."""
    RUN = 1
    """Once, on the Timeline of the replay."""
    SCHEMA = 2
    """Once, on the final Catalog."""
    DATA = 3
    """Once, with a connection to a migrated and seeded clone, which it may damage."""
    STEP = 4
    """Once a migration, on the evidence of its application."""
    STAGE = 5
    """Once a migration, in the state before it."""

    @property
    def of_migration(self) -> bool:
        """Whether it runs once a migration."""
        return self >= Scope.STEP


_SCOPES: dict[type, Scope] = {
    Chain: Scope.CHAIN,
    Expectations: Scope.CHAIN,
    History: Scope.CHAIN,
    Settings: Scope.CHAIN,
    Shared: Scope.CHAIN,
    Rehearsals: Scope.RUN,
    Squawk: Scope.RUN,
    Stages: Scope.RUN,
    Timeline: Scope.RUN,
    Results: Scope.RUN,
    Catalog: Scope.SCHEMA,
    psycopg.Connection: Scope.DATA,
    Step: Scope.STEP,
    Stage: Scope.STAGE,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong."""

    name: str
    """``unindexed-foreign-key``: the function's name with hyphens."""
    check: str
    """The check module it belongs to: the last part of the function's module."""
    severity: Severity
    aliases: tuple[str, ...]
    scope: Scope
    parameters: Mapping[str, type] = field(hash=False)
    """What it asks for: parameter name to type."""
    summary: str
    why: str
    fix: str
    function: Callable[..., Iterable[Result]]
    expensive: bool = False
    """Whether it runs only for migrations that are new, where the run says since when."""


def rule(
    *, severity: Severity, aliases: Sequence[str] = (), expensive: bool | None = None
) -> Callable[[Function], Function]:
    """Make a rule of a function.

    Its name is the function's. Its docstring gives a one-line summary and the sections ``Why:`` and ``Fix:``. Its
    findings are completed with the rule's name, its check and, where they say none, its severity.

    :param severity: of its findings, unless they or the configuration say otherwise
    :param aliases: names of the same rule in other tools, ``tool:rule``; ``tool:*`` for a rule that passes on what
        another tool says
    :param expensive: whether ``--migrations-since`` leaves it out for migrations that are not new; None: where it
        asks for a Stage, for going back to the state before each migration is what takes most of a run's time
    :raises RuleError: when a parameter has a type that nothing can supply, or the docstring lacks a section
    """

    def decorate(function: Function) -> Function:
        described = _describe(function, severity, tuple(aliases))
        if expensive is not None:
            described = replace(described, expensive=expensive)

        @functools.wraps(function)
        def completed(*args: Any, **kwargs: Any) -> Iterator[Result]:
            for result in function(*args, **kwargs):
                if isinstance(result, Finding):
                    yield replace(
                        result,
                        rule=described.name,
                        check=described.check,
                        severity=result.severity or described.severity,
                        aliases=result.aliases or described.aliases,
                    )
                else:
                    yield result

        completed.__rule__ = replace(described, function=completed)  # type: ignore[attr-defined]
        return typing.cast("Function", completed)

    return decorate


def _describe(function: Callable[..., Iterable[Result]], severity: Severity, aliases: tuple[str, ...]) -> Rule:
    name = function.__name__.replace("_", "-")
    hints = typing.get_type_hints(function)
    parameters: dict[str, type] = {}
    for parameter in inspect.signature(function).parameters.values():
        wanted = _kind(hints.get(parameter.name))
        if parameter.default is not inspect.Parameter.empty and wanted not in _SCOPES:
            continue
        if wanted not in _SCOPES:
            known = ", ".join(sorted(kind.__name__ for kind in _SCOPES))
            raise RuleError(
                f"rule {name}: nothing can supply the parameter {parameter.name!r} of type {wanted}",
                remedy=f"ask for one of {known}",
            )
        parameters[parameter.name] = typing.cast("type", wanted)
    sections = _sections(function)
    missing = [section for section in ("Why", "Fix") if section not in sections]
    if missing:
        raise RuleError(
            f"rule {name}: its docstring has no section {' and no section '.join(missing)}",
            remedy='write "Why:" (what it costs) and "Fix:" (what to do) into the docstring',
        )
    scope = max((_SCOPES[kind] for kind in parameters.values()), default=Scope.CHAIN)
    return Rule(
        name=name,
        check=function.__module__.rpartition(".")[2],
        severity=severity,
        aliases=aliases,
        scope=scope,
        parameters=parameters,
        summary=sections[""].rstrip("."),
        why=sections["Why"],
        fix=sections["Fix"],
        function=function,
        expensive=scope is Scope.STAGE,
    )


def _kind(hint: Any) -> Any:
    """The class that a hint names: ``Connection`` of ``Connection[Any] | None``."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        alternatives = [each for each in typing.get_args(hint) if each is not types.NoneType]
        hint = alternatives[0] if len(alternatives) == 1 else hint
    return typing.get_origin(hint) or hint


def _sections(function: Callable[..., object]) -> dict[str, str]:
    parts = re.split(r"^(Why|Fix|Not reported|Example): *", inspect.getdoc(function) or "", flags=re.MULTILINE)
    texts = [" ".join(part.split()) for part in parts]
    return {"": texts[0]} | dict(zip(texts[1::2], texts[2::2], strict=True))


class Registry:
    """All rules by name."""

    def __init__(self) -> None:
        """Start with no rules."""
        self._rules: dict[str, Rule] = {}

    def __iter__(self) -> Iterator[Rule]:
        """All rules, by check and name."""
        return iter(sorted(self._rules.values(), key=lambda rule: (rule.check, rule.name)))

    def __contains__(self, name: object) -> bool:
        """Whether a rule of this name is registered."""
        return name in self._rules

    def __getitem__(self, name: str) -> Rule:
        """The rule of this name.

        :raises RuleError: when there is none; says which name is near
        """
        try:
            return self._rules[name]
        except KeyError:
            near = self.near(name)
            remedy = f"did you mean {near!r}?" if near else "see the list of rules in README.md"
            raise RuleError(f"there is no rule {name!r}", remedy=remedy) from None

    def near(self, name: str) -> str | None:
        """The name of a rule that resembles this one most, if any does."""
        return next(iter(get_close_matches(name, self._rules, n=1)), None)

    def find(self, name: str) -> Rule | None:
        """The rule of this name or alias, also of an alias that stands for many (``tool:*``); None: there is none."""
        if name in self._rules:
            return self._rules[name]
        exact = (rule for rule in self._rules.values() if name in rule.aliases)
        many = (rule for rule in self._rules.values() if any(_stands_for(alias, name) for alias in rule.aliases))
        return next(exact, None) or next(many, None)

    def add(self, rule: Rule) -> None:
        """Register one rule.

        :raises RuleError: when its name is taken
        """
        other = self._rules.setdefault(rule.name, rule)
        if other.function is not rule.function:
            raise RuleError(
                f"two rules are named {rule.name!r}",
                looked=[_home(other), _home(rule)],
                remedy="rename one of the functions: a rule's name is its function's",
            )

    def add_module(self, module: ModuleType) -> int:
        """Register every rule that a module defines; returns how many.

        Rules that it merely imported from elsewhere are left to their own module.
        """
        own = [
            value.__rule__
            for value in vars(module).values()
            if callable(value) and hasattr(value, "__rule__") and value.__module__ == module.__name__
        ]
        for each in own:
            self.add(each)
        return len(own)

    @classmethod
    def load(cls, modules: Sequence[str] = ()) -> Registry:
        """The rules of migrate_validate.checks, of the entry points, and of these modules.

        :param modules: import paths of modules with the user's own rules
        :raises RuleError: when a module cannot be imported or holds no rule, or a name is taken
        """
        registry = cls()
        checks = importlib.import_module("migrate_validate.checks")
        for found in pkgutil.iter_modules(checks.__path__, "migrate_validate.checks."):
            registry.add_module(importlib.import_module(found.name))
        for entry in entry_points(group=ENTRY_POINT_GROUP):
            registry.add_named(entry.value, f"entry point {entry.name!r}")
        for name in modules:
            registry.add_named(name, "rules in the configuration")
        return registry

    def add_named(self, name: str, origin: str) -> None:
        """Register every rule of a module.

        :param name: the module's import path
        :param origin: where the name was written
        :raises RuleError: when it cannot be imported or holds no rule, or a name is taken
        """
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            raise RuleError(
                f"the module {name!r} cannot be imported: {error}",
                looked=[origin],
                remedy="check the name, and that the module is on the Python path",
            ) from error
        if not self.add_module(module):
            raise RuleError(
                f"the module {name!r} defines no rule",
                looked=[origin],
                remedy="decorate its functions with migrate_validate.rule",
            )


def _stands_for(alias: str, name: str) -> bool:
    return alias.endswith("*") and name.startswith(alias[:-1])


_SCOPES[Registry] = Scope.CHAIN


def _home(rule: Rule) -> str:
    return f"{rule.function.__module__}.{rule.function.__name__}"
