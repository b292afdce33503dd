"""The tree of pytest items: a chain, its migrations and its check modules, and a rule for each item."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.errors import MigrateValidateError
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Verdict
from migrate_validate.git.places import Place
from migrate_validate.report.payload import chain_payload, result_payload
from migrate_validate.report.text import WIDTH, result_text
from migrate_validate.results import Results, RuleResult, configured
from migrate_validate.rules import Registry, Rule, Scope


class Failed(Exception):
    """A rule found errors; carries the result to the report."""

    def __init__(self, result: RuleResult) -> None:
        super().__init__(result.rule)
        self.result = result


class ChainNode(pytest.Collector):
    """One chain: ``sample_migrations/organizations``."""

    evaluation: Evaluation
    registry: Registry
    place: Place
    root: Path
    """What the files of the chain are relative to, named as the user does."""

    @classmethod
    def build(cls, session: pytest.Session, place: Place, evaluation: Evaluation, registry: Registry) -> ChainNode:
        """The node of a chain; its id is its path relative to pytest's root directory."""
        node: ChainNode = cls.from_parent(
            session, name=evaluation.chain.given, nodeid=node_id(place.path, session.config.rootpath), path=place.path
        )
        node.place = place
        node.root = Path(os.path.normpath(place.path / os.path.relpath(evaluation.chain.root, place.source)))
        node.evaluation = evaluation
        node.registry = registry
        return node

    def collect(self) -> Iterator[pytest.Collector]:
        """The migrations in order, then the check modules; what asks for the results of all others comes last."""
        severity = self.evaluation.settings.severity
        active = [rule for rule in self.registry if configured(severity, *rule.aliases, rule.name) != "off"]
        steps = [rule for rule in active if rule.scope.of_migration]
        # That a migration applies comes first: the other rules of a migration mean little without it.
        steps.sort(key=lambda rule: rule.name != "applies")
        for migration in self.evaluation.chain.migrations:
            yield Group.build(self, migration.file, "/", steps, migration.file)
        whole = [rule for rule in active if not rule.scope.of_migration]
        last = [rule for rule in whole if Results in rule.parameters.values()]
        for part in ([rule for rule in whole if rule not in last], last):
            for check, rules in itertools.groupby(part, key=lambda rule: rule.check):
                yield Group.build(self, check, "::", list(rules), None)


class Group(pytest.Collector):
    """The rules of one migration, or of one check module."""

    rules: Iterable[Rule]
    file: str | None

    @classmethod
    def build(cls, parent: ChainNode, name: str, separator: str, rules: Iterable[Rule], file: str | None) -> Group:
        """A node below a chain."""
        path = parent.root / file if file else parent.path
        chain = parent.nodeid
        if file and parent.path.suffix == ".sql":
            own_id = chain
        elif file and file.startswith(f"{parent.path.name}["):
            own_id = f"{chain}{file.removeprefix(parent.path.name)}"
        else:
            own_id = f"{chain}{separator}{name}"
        node: Group = cls.from_parent(parent, name=name, nodeid=own_id, path=path)
        node.rules = rules
        node.file = file
        return node

    def collect(self) -> Iterator[pytest.Item]:
        """An item a rule."""
        for rule in self.rules:
            yield RuleItem.build(self, rule)


class RuleItem(pytest.Item):
    """One rule on one subject."""

    rule: Rule
    evaluation: Evaluation
    result: RuleResult | None = None

    @classmethod
    def build(cls, parent: Group, rule: Rule) -> RuleItem:
        """An item below a migration or a check module."""
        item: RuleItem = cls.from_parent(parent, name=rule.name)
        item.rule = rule
        assert isinstance(parent.parent, ChainNode)
        item.evaluation = parent.parent.evaluation
        return item

    @property
    def file(self) -> str | None:
        """The migration's file, for a rule of a migration."""
        assert isinstance(self.parent, Group)
        return self.parent.file

    def setup(self) -> None:
        """Make the server and the replay ready: trouble with them is an error of the set-up, not a failed rule."""
        if self.rule.scope is not Scope.CHAIN:
            _ = self.evaluation.replay

    def runtest(self) -> None:
        """Evaluate the rule."""
        assert isinstance(self.parent, Group)
        assert isinstance(self.parent.parent, ChainNode)
        result = _named(self.evaluation.evaluate(self.rule, self.file), self.parent.parent.place)
        self.result = result
        strict = self.evaluation.settings.strict
        if result.verdict is Verdict.FAILED or (strict and result.verdict in (Verdict.WARNED, Verdict.UNPROVEN)):
            raise Failed(result)
        if result.verdict in (Verdict.UNPROVEN, Verdict.SKIPPED):
            pytest.skip(result.reason)

    def payload(self, trouble: str | None, *, failed: bool) -> dict[str, Any]:
        """What the summary and the report files need of this item, as plain values.

        :param trouble: what went wrong with the tool or the server, which left the rule without an answer
        :param failed: pytest tells among the failures what the rule found
        """
        assert isinstance(self.parent, Group)
        assert isinstance(self.parent.parent, ChainNode)
        payload: dict[str, Any] = {"chain": self.parent.parent.nodeid, "trouble": trouble is not None}
        if self.result is not None:
            payload["result"] = {**result_payload(self.result), "failed": failed}
        elif trouble is not None:
            result = RuleResult(self.rule.name, self.rule.check, self.file, Verdict.UNPROVEN, trouble, (), 0.0)
            payload["result"] = {**result_payload(result), "trouble": True}
        if self.rule.scope is not Scope.CHAIN and self.evaluation.replayed:
            payload["about"] = chain_payload(self.evaluation)
        return payload

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Findings for a failed rule, the message for trouble of ours; never a traceback of this library for those."""
        if isinstance(excinfo.value, Failed):
            return result_text(excinfo.value.result, min(shutil.get_terminal_size((WIDTH, 0)).columns, WIDTH))
        if isinstance(excinfo.value, MigrateValidateError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def _traceback_filter(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        """Of trouble of ours one frame: no traceback is shown, and pytest would look up the source of all of them."""
        ours = isinstance(excinfo.value, MigrateValidateError)
        return excinfo.traceback[-1:] if ours else super()._traceback_filter(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says the item is, and its title."""
        # A title that ends the node id would be cut off it by pytest -v, which then shows "x::sql" for "x.sql".
        return self.path, None, self.nodeid.replace("::", " ")


def _named(result: RuleResult, place: Place) -> RuleResult:
    """The result in which files are named as the user does, and not by where a reference was written aside."""
    if place.checkout is None:
        return result
    named = place.checkout.named
    findings = tuple(replace(each, message=named(each.message)) for each in result.findings)
    return replace(result, reason=named(result.reason), findings=findings)


def node_id(path: Path, rootdir: Path) -> str:
    """The id of a chain's node: its path relative to pytest's root directory, absolute outside it."""
    try:
        return path.relative_to(rootdir).as_posix() or "."
    except ValueError:
        return path.as_posix()
