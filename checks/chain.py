"""The chain itself: whether its files can be used, apply, and pass their own verification."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.files import natural
from migrate_validate.chain.ignores import Ignore, ignores
from migrate_validate.chain.model import Chain, Migration, Script, SetAside
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity
from migrate_validate.replay.rehearsal import Rehearsals
from migrate_validate.replay.timeline import Failure, Outcome, ScriptRun, Step, Timeline
from migrate_validate.results import Results
from migrate_validate.rules import Registry, Rule, rule

from ._shared import Connection, count_of, refusal
from ._together import tried_in_one
from ._verification import verify


@rule(severity=Severity.ERROR)
def applies(step: Step) -> Iterator[Result]:
    """A migration that PostgreSQL refuses.

    A migration that was not reached, because one before it failed, is not judged.

    Why: the deployment stops here, with everything before it applied.
    Fix: repair the statement; the message says what can be done where an object is missing.
    """
    if step.run.failure is not None:
        foreign = {each.file for each in step.chain.base if each.traced is not None and each.traced.foreign}
        applied = [file for file in step.applied_before if file not in foreign]
        yield _failed(step.run, step.run.failure, step.advice, applied)
    elif step.run.outcome is Outcome.NOT_REACHED:
        yield NotApplicable(f"not reached: {_culprit(step)} failed")


def _culprit(step: Step) -> str:
    """The file before this migration that failed: the first one that was not applied."""
    applied = {*step.applied_before, step.migration.file}
    return next((file for file in _files_until(step.chain, step.migration) if file not in applied), "a file before it")


def _files_until(chain: Chain, last: Migration) -> Iterator[str]:
    """The files of a chain in the order in which they are applied, up to this migration."""
    yield from (script.file for script in chain.base)
    for migration in chain.migrations:
        yield from (seed.script.file for seed in chain.seeds_before(migration.version))
        yield migration.file
        if migration.file == last.file:
            return


@rule(severity=Severity.ERROR)
def refused_together(chain: Chain, catalog: Catalog, rehearsals: Rehearsals) -> Iterator[Result]:
    """A migration that PostgreSQL refuses in one transaction with those before it, though not by itself.

    Drizzle and node-pg-migrate apply everything that is pending in one transaction, and in one session. What they would
    send to a new database is sent once more so; it is told as well where it leaves another schema then. A label of an
    enum that is used is tried with the migration that adds it, too: a warning, for only databases in use refuse that.

    Why: new databases, those of tests and previews among them, get none of the migrations; nor does a database in use
    where both are pending.
    Fix: leave what needs a COMMIT before it to a later deployment, or write it so that it needs none.
    """
    if not chain.together or len(chain.migrations) < 2:
        yield NotApplicable("no tool applies several of its migrations in one transaction")
        return
    yield from tried_in_one(chain, catalog, rehearsals)


@rule(severity=Severity.ERROR)
def base_applies(timeline: Timeline) -> Iterator[Result]:
    """A base file that PostgreSQL refuses.

    Why: the migrations build on what it makes, so none of them is reached.
    Fix: repair the statement, or give the base file that the migrations were written against.
    """
    if not timeline.base:
        yield NotApplicable("the chain has no base file")
    applied: list[str] = []
    for run in timeline.base:
        if run.failure is not None:
            yield _failed(run, run.failure, (), applied)
        elif run.outcome is Outcome.APPLIED:
            applied.append(run.script.file)


@rule(severity=Severity.ERROR)
def seed_applies(timeline: Timeline) -> Iterator[Result]:
    """A seed file that PostgreSQL refuses.

    Why: developers and previews start from this data, and get none or a part of it.
    Fix: repair the statement; insert the rows that others refer to first.
    """
    if not timeline.seeds:
        yield NotApplicable("the chain has no seed file")
    elif all(seed.run.outcome is Outcome.NOT_REACHED for seed in timeline.seeds):
        yield NotApplicable("not reached: a file before the seeds failed")
    applied = [run.script.file for run in (*timeline.base, *(step.run for step in timeline.steps)) if not run.failure]
    for seed in timeline.seeds:
        if seed.run.failure is not None:
            yield _failed(seed.run, seed.run.failure, seed.advice, applied)


def _failed(run: ScriptRun, failure: Failure, advice: Sequence[str], applied: Sequence[str]) -> Finding:
    finding = refusal(failure, f"{run.script.file} cannot be applied")
    # What is not known of a script that could not be sent to the server: it was not read, or fails in Python.
    before = f"{len(run.statements)} of {count_of(run.total_statements, 'statement')} had succeeded"
    sent = {"transaction": run.mode.value, "before": before} if run.total_statements else {}
    progress = {**sent, "applied": list(applied)}
    return replace(finding, evidence={**finding.evidence, **progress}, fix="\n".join(advice))


@rule(severity=Severity.ERROR)
def verifies(connection: Connection, chain: Chain) -> Iterator[Result]:
    """A verification script with a query that fails.

    A query fails by an error, by a cell that says FAIL, FAILED or ERROR, by false in a column named ok, passed, success
    or exists (or ending so), by pgTAP's ``not ok``, and by a notice that begins with FAIL or ERROR. A cell that holds
    ERROR and nothing else counts only in a column named status, result, check or outcome (or ending so): elsewhere it
    is data. An info lists the queries of each script that passed.

    Why: the authors of the chain wrote down what must hold afterwards, and it does not.
    Fix: run the statement on the migrated database; correct the migration, or the verification.
    """
    if not chain.verifications:
        yield NotApplicable("the chain has no verification script")
    for script in chain.verifications:
        yield from verify(connection, script)


@rule(severity=Severity.ERROR)
def verifies_itself(step: Step) -> Iterator[Result]:
    """A migration whose own verification script fails right after it.

    Sqitch runs it where it deploys with ``--verify``, and takes the change back where it fails. Only an error is a
    failure, as for psql.

    Why: the authors of the migration wrote down what must hold after it, and it does not: the deployment stops here.
    Fix: run the script by hand on a database with the migration; correct the one or the other.
    """
    if step.migration.verify is None:
        yield NotApplicable("it has no verification script of its own")
    elif step.verified is None:
        yield NotApplicable("the migration is not applied")
    elif step.verified.failure is not None:
        yield refusal(step.verified.failure, f"{step.migration.verify.file} fails after {step.migration.file}")


@rule(severity=Severity.WARNING)
def passed_over(chain: Chain) -> Iterator[Result]:
    """A migration that its tool never applies to a database which has those before it.

    Drizzle goes by the time of an entry in its journal: one that is not later than that of the last applied migration
    counts as applied. A new database gets it all the same.

    Why: databases in use never get what it makes, and nothing says so; later migrations fail there, or queries.
    Fix: give it a later time than all before it, in the journal, as long as no database in use has what is behind it.
    """
    for each in chain.migrations:
        if each.passed_over:
            yield Finding(f"{each.file} is passed over: {each.passed_over}", location=Location(each.file))


@rule(severity=Severity.WARNING)
def duplicate_version(chain: Chain) -> Iterator[Result]:
    """Several migrations with one version.

    Versions are compared as numbers: ``1`` and ``001`` are one version; ``001`` and ``001b`` are two.

    Why: tools that record versions apply only one of them, and their order hangs on the file system.
    Fix: give each file a version of its own, in the order in which they must run.
    """
    if not chain.migrations:
        yield NotApplicable("the chain has no migration")
    same: dict[str, list[Migration]] = defaultdict(list)
    for migration in chain.migrations:
        same[migration.version.lstrip("0") or "0"].append(migration)
    for group in same.values():
        if len(group) > 1:
            versions = list(dict.fromkeys(each.version for each in group))
            files = [each.file for each in group]
            yield Finding(
                f"{len(files)} files have the version {' = '.join(versions)}; "
                f"they are applied in this order: {', '.join(files)}",
                location=Location(files[1]),
                evidence={"version": versions[0], "files": files},
            )


@rule(severity=Severity.INFO)
def file_without_statements(chain: Chain) -> Iterator[Result]:
    """A migration or seed file with no statement in it.

    Why: it passes and does nothing, and what it was meant to hold may be lost or commented out.
    Fix: write its statements, or remove the file.
    """
    scripts = (*(each.up for each in chain.migrations), *(seed.script for seed in chain.seeds))
    if not scripts:
        yield NotApplicable("the chain has no migration and no seed file")
    for script in scripts:
        if _is_empty(script):
            yield Finding(f"{script.file} has no statement", location=Location(script.file))


def _is_empty(script: Script) -> bool:
    try:
        return not statements(script)
    except ScriptError:
        return False  # applies and unusable-file report it


@rule(severity=Severity.INFO)
def set_aside_file(chain: Chain) -> Iterator[Result]:
    """A file beside the migrations that is not applied.

    Why: a file that everybody believes to be a migration may never run.
    Fix: nothing, if it is none; otherwise give it a name as the migrations have.
    """
    for each in chain.set_aside:
        if not each.step:
            yield Finding(f"{each.file} is set aside: {each.reason}", location=Location(each.file))


@rule(severity=Severity.WARNING)
def step_not_run(chain: Chain) -> Iterator[Result]:
    """A step of the chain that cannot be run here: a migration in another language, a callback.

    Everything after it is judged as if it had done nothing.

    Why: what it makes or changes is missing in all states after it, and what it breaks is not found.
    Fix: write it as SQL where that can be; otherwise judge what the next rules say with it in mind.
    """
    for each in chain.set_aside:
        if not each.step:
            continue
        later = _after(chain, each)
        who = f"{later[0]} and all after it do" if later[1:] else f"{later[0]} does" if later else "the schema does"
        said = f"{each.file}:" if "not run" in each.reason else f"{each.file} is not run:"
        yield Finding(
            f"{said} {each.reason}; {who} without what it makes",
            location=Location(each.file),
            evidence={"after": later},
        )


def _after(chain: Chain, step: SetAside) -> list[str]:
    """The files of the migrations that come after a step."""
    if step.before is not None:
        at = next((n for n, each in enumerate(chain.migrations) if each.version == step.before), len(chain.migrations))
        return [migration.file for migration in chain.migrations[at:]]
    return [each.file for each in chain.migrations if natural(step.file) < natural(each.file)]


@rule(severity=Severity.ERROR)
def unusable_file(chain: Chain) -> Iterator[Result]:
    """A file of the chain that cannot be read.

    Why: what it holds is neither applied nor checked.
    Fix: save it as UTF-8 and make it readable.
    """
    downs = [each.down for each in chain.migrations if each.down]
    verifications = [each.verify for each in chain.migrations if each.verify]
    for script in (*chain.scripts, *downs, *verifications, *chain.verifications):
        if script.problem:
            yield Finding(f"{script.file} cannot be used: {script.problem}", location=Location(script.file))


@rule(severity=Severity.ERROR)
def ignore_without_reason(chain: Chain) -> Iterator[Result]:
    """An ignore comment that gives no reason, or names no rule: it silences nothing.

    Why: whoever reads it later cannot tell whether it still holds.
    Fix: write "-- migrate-validate: ignore RULE: why it does no harm here".
    """
    for ignore in _own(chain):
        if not ignore.reason:
            what = f"of {ignore.name} gives no reason" if ignore.name else "names no rule"
            yield Finding(
                f"the ignore comment {what}, and silences nothing",
                location=ignore.location,
                fix=f"-- migrate-validate: ignore {ignore.name or 'RULE'}: why it does no harm here",
            )


@rule(severity=Severity.ERROR)
def ignore_of_unknown_rule(chain: Chain, registry: Registry) -> Iterator[Result]:
    """An ignore comment with the name of a rule that there is not.

    Why: it silences nothing, and looks as if it did.
    Fix: write the name of a rule, or what another tool calls it (tool:rule).
    """
    for ignore in _own(chain):
        if ignore.name and registry.find(ignore.name) is None:
            near = registry.near(ignore.name)
            hint = f": did you mean {near!r}?" if near else ""
            yield Finding(f"there is no rule {ignore.name!r}{hint}", location=ignore.location)


@rule(severity=Severity.WARNING)
def unused_ignore(chain: Chain, registry: Registry, results: Results) -> Iterator[Result]:
    """An ignore comment whose rule finds nothing there.

    Told only where the rule had its say: one that is off, does not apply or could not be evaluated is no reason to
    remove the comment. The rules that comments name are run for this where the run itself leaves them out.

    Why: the next thing that the rule would find there is silenced unseen.
    Fix: remove the comment; one that no statement follows belongs in front of the statement that it is about.
    """
    own = _own(chain)
    if not own:
        yield NotApplicable("no comment ignores a rule")
    for ignore in own:
        named = registry.find(ignore.name)
        if named is None or not ignore.reason or named.name == "unused-ignore":
            continue
        said = [results.of(named.name, file) for file in _subjects(named, chain, ignore)]
        heard = all(each is not None and not each.reason for each in said)
        used = {_place(ignored.ignore) for each in said if each for ignored in each.ignored}
        if heard and _place(ignore) not in used:
            yield Finding(
                f"{ignore.name} finds nothing here: the comment that ignores it is not needed",
                location=ignore.location,
                statement=ignore.statement.sql if ignore.statement else None,
                evidence={"reason": ignore.reason},
            )


def _own(chain: Chain) -> list[Ignore]:
    """The ignore comments of this tool, each once: squawk says itself what is wrong with its own."""
    own = [each for each in ignores(chain) if not each.of_squawk]
    # One of Python may belong to several statements; the first of them stands for all.
    return list({_place(each): each for each in reversed(own)}.values())[::-1]


def _place(ignore: Ignore) -> tuple[str, Location]:
    return ignore.name, ignore.location


def _subjects(rule: Rule, chain: Chain, ignore: Ignore) -> list[str | None]:
    """What a rule looks at that may be about an ignore's file: migrations, or the whole chain."""
    if not rule.scope.of_migration:
        return [None]
    near = [each for each in chain.migrations if ignore.location.file in (each.file, each.down and each.down.file)]
    return [each.file for each in near or chain.migrations]
