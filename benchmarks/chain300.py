"""Replay of a generated chain of migrations against psql applying the same files to the same server."""

from __future__ import annotations

import argparse
import cProfile
import itertools
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar
from unittest import mock

from measuring import in_transactions, medians, psql, psql_program, seconds, show

from migrate_validate import Settings
from migrate_validate.chain.model import Script
from migrate_validate.chain.reader import read_chain
from migrate_validate.chain.statements import statements as cut
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Verdict
from migrate_validate.postgres import Database, Server, ServerOptions, find_binaries, open_server
from migrate_validate.postgres.environments import choose
from migrate_validate.replay import replay as replaying
from migrate_validate.replay.plan import plan
from migrate_validate.replay.replay import replay_chain
from migrate_validate.replay.runner import Application, Runner
from migrate_validate.replay.timeline import Step
from migrate_validate.rules import Registry, Rule

CHECKS = ("rollback", "reapply", "conflicts")
WALK = "the state before it"
WINDOW = 30
"""Steps whose medians are taken."""


def write_chain(directory: Path, length: int) -> list[Path]:
    """Write migrations in turns of five: tables, indexes, functions and triggers, policies, data and new columns."""
    makers = (_tables, _indexes, _functions, _policies, _data)
    files = []
    for number in range(length):
        file = directory / f"{number + 1:04}_{makers[number % 5].__name__.strip('_')}.sql"
        file.write_text(makers[number % 5](number // 5))
        down = file.with_name(f"{file.stem}_rollback.sql")
        down.write_text(_DOWN[makers[number % 5]].format(turn=number // 5))
        files.append(file)
    return files


def _tables(turn: int) -> str:
    return f"""-- Accounts and their orders, part {turn}.
CREATE TYPE order_state_{turn} AS ENUM ('open', 'paid', 'sent', 'closed');
CREATE TABLE account_{turn} (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE CHECK (email LIKE '%@%'),
    name text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{{}}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz
);
CREATE TABLE purchase_{turn} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account_{turn} (id) ON DELETE CASCADE,
    state order_state_{turn} NOT NULL DEFAULT 'open',
    amount numeric(12, 2) NOT NULL CHECK (amount >= 0),
    placed_on date NOT NULL DEFAULT current_date
);
COMMENT ON TABLE purchase_{turn} IS 'What an account bought; one row an order';
COMMENT ON COLUMN purchase_{turn}.amount IS 'In the currency of the account';
"""


def _indexes(turn: int) -> str:
    return f"""CREATE INDEX purchase_{turn}_account ON purchase_{turn} (account_id);
CREATE INDEX purchase_{turn}_open ON purchase_{turn} (placed_on) WHERE state = 'open';
CREATE INDEX account_{turn}_settings ON account_{turn} USING gin (settings);
CREATE INDEX account_{turn}_lower_email ON account_{turn} (lower(email));
"""


def _functions(turn: int) -> str:
    return f"""CREATE FUNCTION touch_account_{turn}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A semicolon; in a comment, and one in a string.
    NEW.updated_at := now();
    IF NEW.name = ';' THEN
        RAISE EXCEPTION 'a name is needed';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER touch BEFORE UPDATE ON account_{turn} FOR EACH ROW EXECUTE FUNCTION touch_account_{turn}();
CREATE FUNCTION spent_{turn}(account uuid) RETURNS numeric LANGUAGE sql STABLE
    RETURN (SELECT coalesce(sum(amount), 0) FROM purchase_{turn} WHERE account_id = account);
CREATE VIEW open_purchase_{turn} AS
    SELECT p.id, p.amount, a.name FROM purchase_{turn} p JOIN account_{turn} a ON a.id = p.account_id
    WHERE p.state = 'open';
"""


def _policies(turn: int) -> str:
    return f"""ALTER TABLE account_{turn} ENABLE ROW LEVEL SECURITY;
ALTER TABLE purchase_{turn} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_account ON account_{turn} FOR SELECT USING (email = current_user);
CREATE POLICY change_account ON account_{turn} FOR UPDATE USING (email = current_user) WITH CHECK (true);
CREATE POLICY own_purchase ON purchase_{turn} FOR ALL USING (
    EXISTS (SELECT 1 FROM account_{turn} a WHERE a.id = account_id AND a.email = current_user)
);
"""


def _data(turn: int) -> str:
    return f"""ALTER TABLE account_{turn} ADD COLUMN slug text;
INSERT INTO account_{turn} (email, name)
    SELECT format('user%s@example.org', n), format('User %s', n) FROM generate_series(1, 20) n;
UPDATE account_{turn} SET slug = lower(replace(name, ' ', '-')) WHERE slug IS NULL;
ALTER TABLE account_{turn} ALTER COLUMN slug SET NOT NULL;
INSERT INTO purchase_{turn} (account_id, amount) SELECT id, 10 FROM account_{turn};
DO $$
BEGIN
    IF (SELECT count(*) FROM purchase_{turn}) <> 20 THEN
        RAISE EXCEPTION 'purchases are missing';
    END IF;
END $$;
"""


_DOWN: dict[Callable[[int], str], str] = {
    _tables: "DROP TABLE purchase_{turn};\nDROP TABLE account_{turn};\nDROP TYPE order_state_{turn};\n",
    _indexes: """DROP INDEX account_{turn}_lower_email;
DROP INDEX account_{turn}_settings;
DROP INDEX purchase_{turn}_open;
DROP INDEX purchase_{turn}_account;
""",
    _functions: """DROP VIEW open_purchase_{turn};
DROP FUNCTION spent_{turn}(uuid);
DROP TRIGGER touch ON account_{turn};
DROP FUNCTION touch_account_{turn}();
""",
    _policies: """DROP POLICY own_purchase ON purchase_{turn};
DROP POLICY change_account ON account_{turn};
DROP POLICY own_account ON account_{turn};
ALTER TABLE purchase_{turn} DISABLE ROW LEVEL SECURITY;
ALTER TABLE account_{turn} DISABLE ROW LEVEL SECURITY;
""",
    _data: """DELETE FROM purchase_{turn};
DELETE FROM account_{turn};
ALTER TABLE account_{turn} DROP COLUMN slug;
""",
}


def replay(directory: Path, server: Server) -> float:
    """Seconds from the directory to the migrated database, reading and parsing included."""
    cut.cache_clear()
    plan.cache_clear()

    def work() -> None:
        settings = Settings()
        chain = read_chain(directory, settings, rootdir=directory)
        done = replay_chain(chain, settings, server, choose(chain, None))
        databases.append(done.database)
        if not done.timeline.complete:
            raise SystemExit("the generated chain could not be applied")

    databases: list[Database] = []
    spent = seconds(work)
    databases[0].drop()
    return spent


class _Timed(Runner):
    """A runner that notes when each script begins."""

    begun: ClassVar[list[float]] = []

    def send(self, script: Script, meanwhile: Callable[[], object] = lambda: None) -> Application:
        self.begun.append(time.perf_counter())
        return super().send(script, meanwhile)


def steps(directory: Path, server: Server) -> list[float]:
    """Seconds of each step of one replay, from the beginning of its script to that of the next."""
    _Timed.begun.clear()
    with mock.patch.object(replaying, "Runner", _Timed):
        replay(directory, server)
    return [after - before for before, after in itertools.pairwise(_Timed.begun)]


def a_step(spent: Sequence[float], end: int) -> float:
    """Seconds of a step before this one: the median of each kind in a window, their mean."""
    window = range(max(end - WINDOW, 0), end)
    kinds = [[spent[number] for number in window if number % 5 == kind] for kind in range(5)]
    return statistics.mean(statistics.median(kind) for kind in kinds)


def show_steps(directory: Path, server: Server, runs: int, length: int) -> None:
    """Measure and print what a step costs early and late in the chain."""
    early, late = [], []
    for _ in range(runs):
        spent = steps(directory, server)
        early.append(a_step(spent, 45))
        late.append(a_step(spent, len(spent)))
    show(
        f"A step of the replay ({server.description})",
        {"around migration 30": statistics.median(early), f"up to migration {length}": statistics.median(late)},
        against="around migration 30",
        runs=runs,
        goal="at most 1.3 x",
    )


def added(directory: Path) -> dict[str, list[float]]:
    """Seconds that the rules of each check take for each migration, and the walk to the state before it."""
    settings = Settings()
    evaluation = Evaluation(read_chain(directory, settings, rootdir=directory), settings, ServerOptions())
    registry = Registry.load()
    rules = [rule for rule in registry if rule.check in CHECKS and rule.scope.of_migration]
    taken: dict[str, list[float]] = {WALK: [], **{rule.check: [] for rule in rules}}
    try:
        for step in evaluation.timeline.steps:
            taken[WALK].append(seconds(partial(_enter, evaluation, step)))
            # rollback asks for what it says: its search for rows is not theirs.
            evaluation.evaluate(registry["fails-on-data"], step.migration.file)
            for check in [name for name in taken if name != WALK]:
                own = [rule for rule in rules if rule.check == check]
                taken[check].append(seconds(partial(_judge, evaluation, own, step)))
    finally:
        evaluation.close()
    return taken


def _enter(evaluation: Evaluation, step: Step) -> None:
    with evaluation.stages.before(step).trial():
        pass


def _judge(evaluation: Evaluation, rules: Sequence[Rule], step: Step) -> None:
    for rule in rules:
        result = evaluation.evaluate(rule, step.migration.file)
        if result.verdict is Verdict.FAILED:
            raise SystemExit(
                f"{step.migration.file}: {rule.name} is {result.verdict}: {result.reason}{result.findings}"
            )


def show_added(directory: Path, length: int) -> None:
    """Measure and print what the rules of each check add to a migration, early and late in the chain."""
    print(
        f"Time that rules add to a migration\n  mean of {length} migrations, then around migration 30, and at the end"
    )
    for name, spent in added(directory).items():
        early, late = a_step(spent, 45), a_step(spent, len(spent))
        print(
            f"  {name:<32}  {statistics.mean(spent) * 1000:9.1f} ms  {early * 1000:7.1f} ms  {late * 1000:7.1f} ms"
            f"  {late / early:7.2f} x"
        )
    print()


def one_psql(program: str, files: list[Path], server: Server) -> float:
    """Seconds for a new database and one psql that applies every file in a transaction."""

    def work() -> None:
        databases.append(server.create_database("psql"))
        psql(program, databases[0], in_transactions(files))

    databases: list[Database] = []
    spent = seconds(work)
    databases[0].drop()
    return spent


def psql_each(program: str, files: list[Path], server: Server) -> float:
    """Seconds for a new database and one ``psql -1`` a file."""

    def work() -> None:
        databases.append(server.create_database("psql"))
        for file in files:
            psql(program, databases[0], ["-1", "-f", file])

    databases: list[Database] = []
    spent = seconds(work)
    databases[0].drop()
    return spent


def main() -> None:
    """Measure, or profile one replay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=300, help="migrations in the chain (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="measurements of each (default: %(default)s)")
    parser.add_argument("--profile", action="store_true", help="show where the time of one replay goes instead")
    parser.add_argument("--steps", action="store_true", help="measure early and late steps instead")
    parser.add_argument("--rules", action="store_true", help="measure what the rules of migrations add instead")
    options = parser.parse_args()
    program = psql_program(find_binaries())
    with tempfile.TemporaryDirectory() as place, open_server() as server:
        directory = Path(place)
        files = write_chain(directory, options.length)
        if options.profile:
            replay(directory, server)
            profile = cProfile.Profile()
            profile.runcall(replay, directory, server)
            pstats.Stats(profile).sort_stats("tottime").print_stats(30)
            return
        if options.steps:
            show_steps(directory, server, options.runs, options.length)
        if options.rules:
            show_added(directory, options.length)
        if options.steps or options.rules:
            return
        ours = f"replay_chain, {options.length} migrations"
        measured = medians(
            {
                "one psql, a transaction a file": lambda: one_psql(program, files, server),
                "one psql -1 a file": lambda: psql_each(program, files, server),
                ours: lambda: replay(directory, server),
            },
            options.runs,
        )
        show(
            f"Replay of a chain ({server.description})",
            measured,
            against="one psql, a transaction a file",
            runs=options.runs,
            goal="at most 1.5 x one psql",
        )


if __name__ == "__main__":
    main()
