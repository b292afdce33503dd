"""One run: its chains, their evaluations, and what the items reported."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.errors import ConfigError, MigrateValidateError, Trouble
from migrate_validate.evaluation import Evaluation
from migrate_validate.git.history import read_history
from migrate_validate.git.places import Place, Places
from migrate_validate.plugin.items import ChainNode, RuleItem, node_id
from migrate_validate.plugin.options import Chains
from migrate_validate.plugin.wishes import server_options, settings_for
from migrate_validate.postgres.environments import check_name
from migrate_validate.report.files import check_report_path, write_report
from migrate_validate.report.payload import Payload, planned_payload, report
from migrate_validate.report.terminal import (
    about_lines,
    findings_lines,
    ignored_lines,
    migrations_table,
    unproven_lines,
)
from migrate_validate.rules import Registry

RUN = pytest.StashKey["Run"]()


class Run:
    """The chains of one pytest session."""

    def __init__(self, config: pytest.Config, chains: Chains, trouble: Trouble) -> None:
        """Read the options and the chains; no server is started.

        :param trouble: what was met before, to be told together with what is met here
        :raises MigrateValidateError: when a path or the configuration cannot be used
        """
        self.config = config
        self.started = time.perf_counter()
        self.on_command_line = chains.on_command_line
        for path in config.getoption("migrations_report"):
            with trouble.collecting():
                check_report_path(path)
        self.evaluations: dict[Path, Evaluation] = {}
        self.places: dict[Path, Place] = {}
        self._files = Places()
        try:
            settings = self._read(chains, trouble)
            self.registry = self._rules(settings, trouble) if chains.paths else Registry()
            trouble.tell()
        except BaseException:
            self._files.close()
            raise
        for evaluation in self.evaluations.values():
            evaluation.registry = self.registry
        self.selected = self._take_arguments()
        self.about: dict[str, Payload] = {}
        self.results: dict[str, list[Payload]] = {}
        self.trouble = False
        self._told: set[str] = set()

    def _read(self, chains: Chains, trouble: Trouble) -> dict[str, Settings]:
        """Read the chains; the settings of each, by its path as it was written."""
        settings: dict[str, Settings] = {}
        for path in chains.paths:
            with trouble.collecting(about=path):
                place = self._files.find(path, chains.base)
                own = Trouble()
                settings[path] = settings_for(place.source, self.config, own)
                with trouble.collecting(), place.naming():
                    own.tell()
                with trouble.collecting(about=path):
                    check_name(settings[path].environment)
                with place.naming():
                    self._read_chain(path, place, settings[path])
        return settings

    def _read_chain(self, path: str, place: Place, settings: Settings) -> None:
        given = path if place.checkout is None else place.source
        chain = replace(read_chain(given, settings, rootdir=place.rootdir), given=path)
        history = read_history(chain, place, settings, settings.since, self._files) if settings.since else None
        self.places[place.path] = place
        self.evaluations[place.path] = Evaluation(chain, settings, server_options(self.config, settings), history)

    def _rules(self, settings: Mapping[str, Settings], trouble: Trouble) -> Registry:
        """All rules; modules that hold none, and severities of rules that there are not, are trouble."""
        modules = dict.fromkeys(module for each in settings.values() for module in each.rules)
        # Rules of the project are found as its tests are: from pytest's root directory.
        if modules and str(self.config.rootpath) not in sys.path:
            sys.path.insert(0, str(self.config.rootpath))
        registry = Registry()
        before = len(trouble)
        with trouble.collecting():
            registry = Registry.load()
        for module in modules:
            with trouble.collecting():
                registry.add_named(module, "rules in the configuration")
        with trouble.collecting():
            self.config.hook.pytest_migrate_validate_rules(registry=registry)
        complete = len(trouble) == before
        for path, each in settings.items():
            for name in each.severity:
                # The rules of a module that cannot be imported are not known, and may be meant.
                if registry.find(name) is None and (complete or registry.near(name)):
                    near = registry.near(name)
                    remedy = f"did you mean {near!r}?" if near else "see the list of rules in README.md"
                    trouble.add(ConfigError(f"severity.{name}: there is no such rule", remedy=remedy), path)
        return registry

    def _take_arguments(self) -> list[str]:
        """Take node ids of our items out of pytest's arguments; pytest would look for files of tests there."""
        if not self.evaluations:
            return []
        selected: list[str] = []
        others: list[str] = []
        for argument in self.config.args:
            path = (self.config.invocation_params.dir / argument.split("::")[0]).absolute()
            (selected if self._is_ours(path) else others).append(argument)
        named_by_user = self.config.args_source is pytest.Config.ArgsSource.ARGS
        if selected or (self.on_command_line and not named_by_user):
            self.config.args = others if named_by_user else []
        return [self._node_id(argument) for argument in selected]

    def _is_ours(self, path: Path) -> bool:
        for root, evaluation in self.evaluations.items():
            files = [root / migration.file for migration in evaluation.chain.migrations]
            part = path.parent == root.parent and path.name.startswith(f"{root.name}[")
            if path == root or part or (root in path.parents and any(path in (file, *file.parents) for file in files)):
                return True
        return False

    def _node_id(self, argument: str) -> str:
        path, *names = argument.split("::")
        absolute = (self.config.invocation_params.dir / path).absolute()
        try:
            first = absolute.relative_to(self.config.rootpath).as_posix()
        except ValueError:
            first = absolute.as_posix()
        return "::".join([first, *names])

    def items(self, session: pytest.Session) -> list[RuleItem]:
        """All items of all chains, or those that the command line selects by node id."""
        items: list[RuleItem] = []
        for path, evaluation in self.evaluations.items():
            node = ChainNode.build(session, self.places[path], evaluation, self.registry)
            for group in _collected(node):
                items += [item for item in _collected(group) if isinstance(item, RuleItem)]
        if self.selected:
            items = [item for item in items if any(_below(item.nodeid, chosen) for chosen in self.selected)]
        return items

    def record(self, payload: Payload) -> None:
        """Keep what one item reported, here or on a worker of xdist."""
        chain = payload["chain"]
        results = self.results.setdefault(chain, [])
        self.trouble = self.trouble or payload["trouble"]
        if "result" in payload:
            results.append(payload["result"])
        if "about" in payload:
            self.about[chain] = payload["about"]

    def tells(self, error: MigrateValidateError) -> bool:
        """Whether this trouble is met for the first time, so that it is told; others may meet the same."""
        text = str(error)
        first = text not in self._told
        self._told.add(text)
        return first

    def write_reports(self) -> None:
        """Write the report files that were asked for."""
        planned = {
            node_id(path, self.config.rootpath): planned_payload(
                evaluation.chain, evaluation.environment.name, evaluation.history
            )
            for path, evaluation in self.evaluations.items()
        }
        chains = {chain: (self.about.get(chain, planned[chain]), self.results.get(chain, [])) for chain in planned}
        for path in self.config.getoption("migrations_report"):
            duration = (time.perf_counter() - self.started) * 1000
            write_report(str(self.config.invocation_params.dir / path), report(chains, duration))

    def summarize(self, terminal: pytest.TerminalReporter) -> None:
        """Write the tables at the end of the run."""
        width = self.config.get_terminal_writer().fullwidth
        # With these styles pytest tells nothing, or one line, of what failed.
        brief = self.config.getoption("tbstyle") not in ("no", "line")
        for chain, results in self.results.items():
            about = self.about.get(chain)
            parts = [[*self._surroundings(about, width), "", migrations_table(about, width)]] if about else []
            parts.append(findings_lines(results, width, infos=self.config.get_verbosity() > 0, brief=brief))
            parts.append(ignored_lines(results, width))
            unproven = unproven_lines(results, width)
            parts.append(["could not be evaluated:", *unproven] if unproven else [])
            told = [part for part in parts if part]
            if told:
                terminal.section(f"migrations of {chain}", sep="=")
                terminal.write_line("\n\n".join("\n".join(part) for part in told))

    def _surroundings(self, about: Payload, width: int) -> list[str]:
        # pytest's own header has said it, unless it was not shown.
        unsaid = self.config.getoption("no_header") or self.config.get_verbosity() < 0
        drawn = [f"rows are drawn with {drawn_with(self.config)}"] if unsaid else []
        return [*about_lines(about, width), *drawn]

    def close(self) -> None:
        """Stop the servers, and remove what was written."""
        for evaluation in self.evaluations.values():
            evaluation.close()
        self._files.close()


def drawn_with(config: pytest.Config) -> str:
    """The options with which another run draws the same rows; 0 stands for the draws of runs without a seed."""
    found = f"--hypothesis-seed={config.getoption('--hypothesis-seed', None) or 0}"
    profile = config.getoption("--hypothesis-profile", None)
    return f"{found} --hypothesis-profile={profile}" if profile else found


def _collected(node: pytest.Collector) -> list[Any]:
    """What a node collects, announced to pytest as its own collection does, so that it counts and shows them."""
    node.ihook.pytest_collectstart(collector=node)
    report = node.ihook.pytest_make_collect_report(collector=node)
    node.ihook.pytest_collectreport(report=report)
    return list(report.result)


def _below(node_id: str, chosen: str) -> bool:
    return chosen == "." or node_id == chosen or node_id.startswith((f"{chosen}::", f"{chosen}/", f"{chosen}["))
