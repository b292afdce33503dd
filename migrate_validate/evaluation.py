"""Runs rules on what they ask for, and turns what they yield into a verdict."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import psycopg

from migrate_validate.ahead import Ahead
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.creates import created_objects
from migrate_validate.chain.ignores import Ignore, ignores
from migrate_validate.chain.making import with_place
from migrate_validate.chain.model import Chain
from migrate_validate.chain.squawk import Squawk, SquawkTrouble, executable
from migrate_validate.config import Expectations, Settings
from migrate_validate.findings import Finding, Verdict
from migrate_validate.git.history import History
from migrate_validate.judging import judge
from migrate_validate.postgres.databases import Database
from migrate_validate.postgres.early import Early
from migrate_validate.postgres.environments import Environment
from migrate_validate.postgres.lending import Lender
from migrate_validate.postgres.server import Server, ServerOptions
from migrate_validate.replay.rehearsal import Rehearsal, Rehearsals
from migrate_validate.replay.replay import Replay, replay_chain
from migrate_validate.replay.stages import Stage, Stages
from migrate_validate.replay.timeline import Outcome, Step, Timeline
from migrate_validate.results import Results, RuleResult, Shared, configured
from migrate_validate.rules import Registry, Rule, Scope
from migrate_validate.servers import Servers, drop
from migrate_validate.tracing.tracing import Tracing, reads_rows, remarks

_NO_HISTORY = "no --migrations-since=REF says what the chain is compared with"


class Evaluation:
    """One chain on a server of its own; everything expensive happens once, when it is first asked for."""

    def __init__(
        self, chain: Chain, settings: Settings, options: ServerOptions, history: History | None = None
    ) -> None:
        """Evaluate this chain with these settings on the server that the options name.

        :param history: what is new in the chain; None: everything is
        """
        self.chain = chain
        self.settings = settings
        self.history = history
        self.servers = Servers(chain, settings, options)
        self._registry: Registry | None = None
        self._ahead = Ahead[tuple[Rule, str | None], RuleResult](lambda asked: self._evaluate(*asked))
        self._expected: tuple[tuple[Rule, str | None], ...] = ()
        self._shared = Shared()
        self._resources = contextlib.ExitStack()
        self._resources_of_stages = contextlib.ExitStack()
        self._server: Server | None = None
        self._replay: Replay | None = None
        self._trouble: Exception | None = None
        self._making = threading.RLock()
        """Held while something is made that is made once: rules may ask for it in two threads."""
        self._tracing = self._tracing_of(chain)
        self._early: Early[Database] | None = None
        self._lender: Lender | None = None

    def _tracing_of(self, chain: Chain) -> Tracing:
        start, role = (lambda: self._empty_database("traced")), (lambda: self.environment.migration_role)
        return Tracing(chain, self.settings, start, role)

    @property
    def registry(self) -> Registry:
        """The rules of the run: those that it was given, else those of the package and of the configuration."""
        if self._registry is None:
            self._registry = Registry.load(self.settings.rules)
        return self._registry

    @registry.setter
    def registry(self, registry: Registry) -> None:
        self._registry = registry

    def close(self) -> None:
        """Drop the databases and stop the servers."""
        self._ahead.end(lambda: self.stages.end())
        self._tracing.close()
        with ThreadPoolExecutor(1) as executor:
            closed = executor.submit(self._resources_of_stages.close)
            if not self.servers.ours:
                closed.result()  # They are on the same server.
            self._resources.close()
        closed.result()

    @property
    def environment(self) -> Environment:
        """What stands in the database before the first migration."""
        return self.servers.environment

    @property
    def server(self) -> Server:
        """The running server.

        :raises ServerError: when there is none or it cannot be started
        """
        if self._trouble is not None:
            # Each raising would add its own frames to the one traceback otherwise.
            raise self._trouble.with_traceback(None)
        if self._server is None:
            with self._remembering_trouble():
                self._server = self._open()
            self._tracing.begin()
        return self._server

    @contextlib.contextmanager
    def _remembering_trouble(self) -> Iterator[None]:
        """Whatever goes wrong goes wrong for every rule: the next one is told the same, and nothing is tried again."""
        try:
            yield
        except Exception as error:
            self._trouble = error
            raise

    def _open(self) -> Server:
        if self.servers.ours:
            self._tracing.begin()
        if self._beside:
            self._early = Early(self._empty_database("stages", tries=True))
            self._resources_of_stages.callback(self._early.discard)
        server = self._resources.enter_context(self.servers.started())
        # Again at the end: a test may have driven the chain on a database of its own.
        self._resources.callback(self.servers.claim_roles, server)
        return server

    @functools.cached_property
    def stages(self) -> Stages:
        """The states that the chain goes through, on a server of their own where we start servers."""
        return self._new_stages()

    @functools.cached_property
    def _stages_of_data(self) -> Stages:
        """The same for rules with a connection, which look back from the end, and at the same time as others."""
        return self._new_stages()

    def _new_stages(self) -> Stages:
        stages = Stages(self.chain, self.settings, self.environment, self._for_stages)
        self._resources_of_stages.callback(stages.close)
        return stages

    def _for_stages(self) -> AbstractContextManager[Database]:
        """A new database for the stages: the one that was made early goes to whoever asks first."""
        with self._making:
            early, self._early = self._early, None
        return early or self._empty_database("stages", tries=True)

    @property
    def replay(self) -> Replay:
        """The chain, applied.

        :raises MigrateValidateError: when the server or the environment fails
        """
        server = self.server
        if self._replay is None:
            with self._remembering_trouble():
                stand_ins = self.servers.stand_ins
                done = replay_chain(self.chain, self.settings, server, self.environment, stand_ins=stand_ins)
                notes = (*done.timeline.notes, *self.servers.claim_roles(server), *remarks(self.chain))
                self._replay = replace(done, timeline=replace(done.timeline, notes=notes))
            self._resources.callback(drop, self._replay.database)
            self._begin_ahead()
        return self._replay

    @property
    def replayed(self) -> bool:
        """Whether the chain was applied already."""
        return self._replay is not None

    @contextlib.contextmanager
    def empty_database(self) -> Iterator[Database]:
        """A new database with the environment and nothing else, dropped at the end.

        Where the chain makes roles it is on another server, if we can start one: on this one they are there already.
        """
        makes_roles = any(made.kind == "role" for each in self.chain.scripts for made in created_objects(each))
        with self._empty_database("driven", apart=makes_roles) as database, database:
            yield database

    def _empty_database(
        self, hint: str, *, apart: bool = True, tries: bool = False
    ) -> AbstractContextManager[Database]:
        """A new database with the environment and nothing else.

        :param apart: on another server, if we can start one
        :param tries: migrations are only tried there, on rows that their role may have no right to write
        """
        return self.servers.empty(hint, None if apart and self.servers.ours else self.server, tries=tries)

    def rehearse(self, chain: Chain) -> Rehearsal:
        """Apply another chain with the same settings to a database of its own, which is dropped.

        :raises MigrateValidateError: when the server or the environment fails
        """
        with contextlib.ExitStack() as resources:
            if any(script.traced is not None and not script.traced.done for script in chain.scripts):
                resources.enter_context(contextlib.closing(self._tracing_of(chain)))
            server = resources.enter_context(self.servers.started()) if self.servers.ours else self.server
            replay = replay_chain(chain, self.settings, server, self.environment)
            try:
                with replay.database.connect() as connection:
                    return Rehearsal.read(replay.timeline, connection)
            finally:
                drop(replay.database)

    @property
    def timeline(self) -> Timeline:
        """What happened when the chain was applied."""
        return self.replay.timeline

    @property
    def catalog(self) -> Catalog:
        """The final schema, without the environment's own schemas."""
        with self._making:
            return self._catalog

    @functools.cached_property
    def _catalog(self) -> Catalog:
        with self.replay.database.connect() as connection:
            whole = Catalog.read(connection)
        return whole.without_schemas(self.timeline.environment_schemas, self.timeline.tool_tables)

    def step(self, file: str) -> Step:
        """The application of the migration with this file."""
        return next(step for step in self.timeline.steps if step.migration.file == file)

    def expect(self, rules: Iterable[tuple[Rule, str | None]]) -> None:
        """These will be evaluated, in this order, each on its migration's file or on the whole chain.

        Where we start servers, those that try migrations in the states before them are evaluated on a thread as soon
        as the chain is replayed: they have a server of their own, which is made ready during the replay.
        """
        self._expected = tuple(rules) if self.servers.ours else ()

    @property
    def _beside(self) -> dict[tuple[Rule, str | None], None]:
        """What is evaluated on the thread, in its order."""
        stages = (asked for asked in self._expected if _tries(asked[0]))
        return dict.fromkeys(asked for asked in stages if self.irrelevant(*asked) is None)

    def _begin_ahead(self) -> None:
        beside = self._beside
        if beside:
            _ = self.stages, self.squawk  # made here, before two threads ask for them
            self._ahead.begin(beside, [asked for asked in self._expected if asked not in beside])

    def evaluate(self, rule: Rule, file: str | None = None) -> RuleResult:
        """Run one rule, once: what it said is kept.

        :param file: the migration, for a rule that runs once a migration
        """
        return self._ahead.answer((rule, file))

    def _result_of(self, name: str, file: str | None) -> RuleResult | None:
        rule = self.registry[name]
        off = configured(self.settings.severity, *rule.aliases, rule.name) == "off"
        return None if off else self.evaluate(rule, file)

    def _evaluate(self, rule: Rule, file: str | None) -> RuleResult:
        started = time.perf_counter()
        irrelevant = self.irrelevant(rule, file)
        if irrelevant is not None:
            return RuleResult(rule.name, rule.check, file, Verdict.SKIPPED, irrelevant, (), 0.0)
        if rule.scope in (Scope.SCHEMA, Scope.DATA) and not self.timeline.migrated:
            timeline = self.timeline
            runs = (*timeline.base, *(seed.run for seed in timeline.seeds), *(step.run for step in timeline.steps))
            failed = next(run.script.file for run in runs if run.failure is not None)
            verdict, reason = Verdict.SKIPPED, f"the chain could not be applied: {failed} failed"
            return RuleResult(rule.name, rule.check, file, verdict, reason, (), 0.0)
        if rule.scope is Scope.STAGE and self.step(file or "").run.outcome is Outcome.NOT_REACHED:
            return RuleResult(rule.name, rule.check, file, Verdict.SKIPPED, "the migration was not reached", (), 0.0)
        with contextlib.ExitStack() as resources:
            arguments = {name: self._argument(rule, kind, file, resources) for name, kind in rule.parameters.items()}
            verdict, reason, findings, ignored = judge(rule, arguments, self.settings, self.ignores)
        findings = tuple(self._placed(rule, self._corroborated(finding)) for finding in findings)
        duration = (time.perf_counter() - started) * 1000
        return RuleResult(rule.name, rule.check, file, verdict, reason, findings, duration, ignored)

    def irrelevant(self, rule: Rule, file: str | None) -> str | None:
        """Why a rule need not run, as far as the history of the chain says; None: it has to.

        :param file: the migration, for a rule that runs once a migration
        """
        if self.history is None:
            return _NO_HISTORY if History in rule.parameters.values() else None
        return self.history.why_old(file) if rule.expensive and file is not None else None

    @functools.cached_property
    def ignores(self) -> tuple[Ignore, ...]:
        """The comments of the chain that silence findings."""
        return ignores(self.chain)

    @functools.cached_property
    def squawk(self) -> Squawk:
        """What squawk says of the chain."""
        return Squawk(self.chain, self.server.version // 10000, executable())

    def _placed(self, rule: Rule, finding: Finding) -> Finding:
        """The finding about the schema with the statement that made what it is about.

        Behind the judgement: comments may silence what has no place of its own wherever its object is made or changed.
        """
        kinds = rule.parameters.values()
        if Catalog not in kinds or Expectations in kinds or rule.scope not in (Scope.SCHEMA, Scope.DATA):
            return finding
        return with_place(finding, self.chain.scripts, relations=rule.scope is Scope.SCHEMA)

    def _corroborated(self, finding: Finding) -> Finding:
        """The finding with what squawk says of the same statement, unless squawk is off."""
        # squawk wants to know the server's version; a finding without another name needs no server for this.
        asked = finding.aliases and finding.check != "squawk"
        if asked and configured(self.settings.severity, "squawk") != "off":
            with contextlib.suppress(SquawkTrouble):  # the rule squawk tells it
                return self.squawk.corroborated(finding)
        return finding

    def _argument(self, rule: Rule, kind: type, file: str | None, resources: contextlib.ExitStack) -> object:
        if kind is Chain:
            return self.chain
        if kind is Settings:
            return self.settings
        if kind is Expectations:
            return self.settings.expect
        if kind is Registry:
            return self.registry
        if kind is Squawk:
            return self.squawk
        if kind is History:
            return self.history
        if kind is Rehearsals:
            return Rehearsals(self.rehearse, self.servers.ours)
        if kind is Results:
            return Results(self._result_of)
        if kind is Shared:
            return self._shared
        if kind is Stages:
            return self.stages if _tries(rule) else self._stages_of_data
        if kind is Timeline:
            return self.timeline
        if kind is Catalog:
            return self.catalog
        if kind is Step:
            assert file is not None
            return self.step(file)
        if kind is Stage:
            assert file is not None
            step = self.step(file)
            return self.stages.before(step, bound=reads_rows(step.migration))
        return resources.enter_context(self.clone())

    @contextlib.contextmanager
    def clone(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection to a copy of the migrated and seeded database.

        A copy in which a rule has written is dropped; one that was only read is kept for the next rule.
        """
        if self._lender is None:
            self._lender = Lender(self._copy, self.settings.statement_timeout)
            self._resources.callback(self._lender.close)
        with self._lender.lend() as connection:
            yield connection

    def _copy(self) -> Database:
        copy = self.replay.database.clone("rule", owner=self.environment.migration_role)
        self._resources.callback(drop, copy)
        return copy


def _tries(rule: Rule) -> bool:
    """Whether it tries migrations in the states before them, and nothing on the migrated database."""
    kinds = rule.parameters.values()
    return psycopg.Connection not in kinds and (Stage in kinds or Stages in kinds)
