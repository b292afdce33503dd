"""How often the defects of tests/planted are found, by the number of generated databases, and what the search takes."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import statistics
import time
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
from measuring import ROOT
from tabulate import tabulate

from migrate_validate import Settings
from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Severity
from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.replay.stages import Stage

PLANTED = ROOT / "tests" / "planted"
budget: Any = import_module("migrate_validate.checks._existing_data.budget")
exploring: Any = import_module("migrate_validate.checks._existing_data.exploring")


class Search(NamedTuple):
    """One search for one defect."""

    defect: str
    seed: int
    examples: int


class Outcome(NamedTuple):
    """What came of it."""

    found: bool
    tried: int
    """Databases that were tried."""
    seconds: float


class Results:
    """The outcomes so far; kept in a file where one is named, so that a run can be continued."""

    def __init__(self, file: Path | None) -> None:
        """Read what the file has already."""
        self._file = file
        self.known: dict[Search, Outcome] = {}
        if file is not None and file.exists():
            for line in file.read_text().splitlines():
                search, outcome = json.loads(line)
                self.known[Search(*search)] = Outcome(*outcome)

    def add(self, search: Search, outcome: Outcome) -> None:
        """Keep one outcome."""
        self.known[search] = outcome
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(json.dumps([search, outcome]) + "\n")


@contextlib.contextmanager
def stage_of(server: Server, folder: Path, file: str) -> Iterator[Stage]:
    """The state before the migration that has the defect."""
    settings = Settings()
    options = ServerOptions(host=server.host, port=server.port, user=server.user)
    evaluation = Evaluation(read_chain(folder, settings, rootdir=folder), settings, options)
    with contextlib.closing(evaluation):
        yield evaluation.stages.before(evaluation.step(file))


def unhurried() -> None:
    """Give every search the time that it takes, and let it neither shrink nor remember what it finds."""
    budget.SECONDS, exploring.SHRINKING = math.inf, 0


def search(stage: Stage, rules: Collection[str], seed: int, examples: int) -> Outcome:
    """Search once."""
    scale = 100 / budget.EXAMPLES
    hypothesis.settings.register_profile("planted", database=None, max_examples=round(examples * scale))
    hypothesis.settings.load_profile("planted")
    hypothesis.core.global_force_seed = seed
    started = time.perf_counter()
    found = exploring._search(stage, Settings(), ())
    taken = time.perf_counter() - started
    harms = [each.harm for each in found.counterexamples]
    hit = any(harm.rule in rules and harm.severity is not Severity.INFO for harm in harms)
    return Outcome(hit, found.tried, taken)


def run(results: Results, names: Sequence[str], seeds: Sequence[int], examples: Sequence[int]) -> None:
    """Do every search that has no result yet."""
    with open_server(ServerOptions()) as server:
        for name in names:
            wanted = [Search(name, seed, count) for seed in seeds for count in examples]
            missing = [each for each in wanted if each not in results.known]
            if not missing:
                continue
            expected = tomllib.loads((PLANTED / name / "expected.toml").read_text())
            rules = {expected["rule"], *expected.get("or", ())}
            with stage_of(server, PLANTED / name / "bad", expected["file"]) as stage:
                for each in missing:
                    results.add(each, search(stage, rules, each.seed, each.examples))


def show(known: Mapping[Search, Outcome], names: Sequence[str], seeds: Sequence[int], examples: Sequence[int]) -> None:
    """Print how many of the searches found each defect, and what they took."""

    def outcomes(count: int, *defects: str) -> list[Outcome]:
        return [known[Search(name, seed, count)] for name in defects for seed in seeds]

    def line(title: str, *defects: str) -> list[str]:
        each = [outcomes(count, *defects) for count in examples]
        shares = [f"{sum(one.found for one in some) / len(some):.0%}" for some in each]
        times = [f"{statistics.median(one.seconds for one in some):.2f}" for some in each]
        speed = sum(one.tried for some in each for one in some) / sum(one.seconds for some in each for one in some)
        return [title, *shares, *times, f"{speed:.0f}"]

    headers = ["defect", *(f"{count}" for count in examples), *(f"{count}: s" for count in examples), "databases/s"]
    print(f"Found with so many generated databases, of {len(seeds)} seeds, and the median of the seconds")
    print(tabulate([line(name, name) for name in names] + [line("all", *names)], headers, disable_numparse=True))
    for count in examples:
        always = sum(all(one.found for one in outcomes(count, name)) for name in names)
        never = [name for name in names if not any(one.found for one in outcomes(count, name))]
        said = f"; with none of them: {', '.join(never)}" if never else ""
        print(f"{count:4} databases: {always} of {len(names)} are found with every seed{said}")


def main() -> None:
    """Measure."""
    every = sorted(path.name for path in PLANTED.iterdir() if path.is_dir())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="searches of each kind (default: %(default)s)")
    parser.add_argument("--examples", type=int, nargs="+", default=[25, 50, 100], help="default: 25 50 100")
    parser.add_argument("--only", nargs="+", default=every, choices=every, metavar="DEFECT", help="default: all")
    parser.add_argument(
        "--limited", action="store_true", help="search as users do: with the limits of time, and until rows are small"
    )
    parser.add_argument("--results", type=Path, help="a file: what it has is not measured again")
    options = parser.parse_args()
    results = Results(options.results)
    if not options.limited:
        unhurried()
    seeds = range(1, options.seeds + 1)
    run(results, options.only, seeds, options.examples)
    show(results.known, options.only, seeds, options.examples)


if __name__ == "__main__":
    main()
