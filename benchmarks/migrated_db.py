"""A database for one test, as the fixture migrated_db makes it, against CREATE DATABASE and DROP DATABASE alone."""

from __future__ import annotations

import argparse

from measuring import ROOT, medians, seconds, show

from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.settings import load_settings


def fixture(evaluation: Evaluation) -> float:
    """Seconds for what the fixture does around a test: clone, connect, roll back, disconnect, drop."""

    def work() -> None:
        copy = evaluation.replay.database.clone("test")
        with copy.connect(evaluation.environment.migration_role) as connection:
            connection.autocommit = False
            connection.execute("select 1")
            connection.rollback()
        copy.drop()

    return seconds(work)


def create_and_drop(server: Server, template: str, strategy: str, *, drop: bool = True) -> float:
    """Seconds of the bare statements, over a connection that is open already.

    :param drop: whether DROP DATABASE counts
    """
    with server.connect("postgres") as connection:
        creating = seconds(
            lambda: connection.execute(f'create database mv_benchmark template "{template}" {strategy}'.encode())
        )
        dropping = seconds(lambda: connection.execute("drop database mv_benchmark"))
    return creating + (dropping if drop else 0)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chain", default="sample_migrations/organizational_model", help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=51, help="measurements of each (default: %(default)s)")
    options = parser.parse_args()
    settings = load_settings(ROOT / options.chain, ROOT)
    chain = read_chain(ROOT / options.chain, settings, rootdir=ROOT)
    evaluation = Evaluation(chain, settings, ServerOptions())
    try:
        server, template = evaluation.server, evaluation.replay.database.name
        strategy = "strategy file_copy" if server.version >= 150000 else ""
        limit = "CREATE DATABASE + DROP DATABASE"
        measured = medians(
            {
                "CREATE DATABASE": lambda: create_and_drop(server, template, strategy, drop=False),
                "CREATE DATABASE, default strategy": lambda: create_and_drop(server, template, "", drop=False),
                limit: lambda: create_and_drop(server, template, strategy),
                "clone, connect, drop": lambda: fixture(evaluation),
            },
            options.runs,
        )
        title = f"migrated_db on {options.chain} ({server.description})"
    finally:
        evaluation.close()
    show(title, measured, against=limit, runs=options.runs, goal="at most 30 ms")


if __name__ == "__main__":
    main()
