"""Datasets: drawing, loading and taking back again, against the plain INSERTs and COPYs that the same rows need."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from measuring import show

from migrate_validate.catalog.model import Catalog
from migrate_validate.data import Dataset, accepted, dataset, learn, load
from migrate_validate.postgres import Server, ServerOptions, open_server

GOAL = 40
"""Examples a second."""
SCHEMA = """
CREATE TYPE level AS ENUM ('low', 'middle', 'high');
CREATE TABLE organizations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), slug text NOT NULL UNIQUE
    CHECK (length(slug) BETWEEN 1 AND 40), plan text NOT NULL CHECK (plan IN ('free', 'pro')), created_at timestamptz);
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, name text,
    active boolean NOT NULL DEFAULT true, born date);
CREATE UNIQUE INDEX ON users (lower(email));
CREATE TABLE members (organization_id uuid REFERENCES organizations, user_id bigint REFERENCES users,
    role text NOT NULL DEFAULT 'member', PRIMARY KEY (organization_id, user_id));
CREATE TABLE projects (id serial PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations, name text,
    starts date, ends date, CHECK (ends >= starts));
CREATE TABLE tasks (id serial PRIMARY KEY, project_id integer NOT NULL REFERENCES projects,
    parent_id integer REFERENCES tasks, assignee bigint REFERENCES users, title varchar(80) NOT NULL,
    level level NOT NULL DEFAULT 'low', estimate numeric(6, 2) CHECK (estimate > 0));
CREATE TABLE comments (id serial PRIMARY KEY, task_id integer NOT NULL REFERENCES tasks, author bigint NOT NULL
    REFERENCES users, body text NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE labels (id serial PRIMARY KEY, name text NOT NULL UNIQUE, colour text CHECK (colour ~ '^#[0-9a-f]{6}$'));
CREATE TABLE task_labels (task_id integer REFERENCES tasks, label_id integer REFERENCES labels,
    PRIMARY KEY (task_id, label_id));
CREATE TABLE settings (user_id bigint PRIMARY KEY REFERENCES users, data jsonb NOT NULL, tags text[]);
CREATE TABLE events (id bigserial PRIMARY KEY, kind text NOT NULL, payload jsonb, amount integer, at timestamptz);
"""
Connection = psycopg.Connection[tuple[object, ...]]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=10, help="of a table at most: half of them on average (%(default)s)"
    )
    parser.add_argument("--examples", type=int, default=300, help="datasets (default: %(default)s)")
    parser.add_argument("--server", type=int, help="major version of PostgreSQL")
    options = parser.parse_args()
    with open_server(ServerOptions(major=options.server)) as server:
        measure(server, options.rows, options.examples)


def measure(server: Server, rows: int, examples: int) -> None:
    """Print the medians."""
    with server.create_database("datasets") as database, database.connect() as connection:
        connection.execute(SCHEMA)
        catalog = Catalog.read(connection)
        learning = [timed(lambda: learn(connection, catalog)) for _ in range(6)]
        learned = learn(connection, catalog)
        parts: dict[str, list[float]] = {}
        sizes: list[int] = []
        refused: list[int] = []
        ended = [time.perf_counter(), time.process_time()]

        def example(data: Dataset) -> None:
            begun = time.perf_counter()
            note("draw", begun - ended[0])
            with connection.transaction(force_rollback=True):
                refusals = load(connection, data, raise_refusals=False)
            loaded = time.perf_counter()
            note("load and take back", loaded - begun)
            note("example: draw, load, take back", loaded - ended[0])
            note("of which processor time on our side", time.process_time() - ended[1])
            taken = accepted(data, refusals)
            with connection.transaction(force_rollback=True):
                load(connection, taken)
                stored = {name: copied(connection, name) for name in data.rows}
            sizes.append(sum(map(len, taken.rows.values())))
            refused.append(len(refusals))
            note("INSERT, one message a row", timed(lambda: insert(connection, taken)))
            note("COPY, a table after the other", timed(lambda: copy(connection, stored)))
            ended[:] = time.perf_counter(), time.process_time()

        def note(name: str, seconds: float) -> None:
            parts.setdefault(name, []).append(seconds)

        run(dataset(catalog, max_rows=rows, learned=learned), example, examples)
    measured = {name: statistics.median(each) for name, each in parts.items()}
    whole = measured["example: draw, load, take back"]
    tables = len(catalog.tables)
    title = f"{tables} tables, {statistics.mean(sizes) / tables:.1f} rows each on average ({server.description})"
    show(title, measured, against="COPY, a table after the other", runs=examples, goal=f"{GOAL} examples a second")
    mean = statistics.mean(parts["example: draw, load, take back"])
    print(f"  {1 / whole:.0f} examples a second; {1 / mean:.0f} by the mean")
    print(f"  {sum(refused)} of {sum(sizes) + sum(refused)} rows refused, in {sum(map(bool, refused))} datasets")
    print(f"  learn(): {learning[0] * 1000:.0f} ms the first time, {statistics.median(learning) * 1000:.0f} ms later")


def run(strategy: SearchStrategy[Dataset], work: Callable[[Dataset], None], examples: int) -> None:
    """Call the work with so many datasets."""
    chosen = settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    chosen(given(strategy)(work))()


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def insert(connection: Connection, data: Dataset) -> None:
    """The rows by plain INSERTs, taken back."""
    with connection.transaction(force_rollback=True):
        for statement in data.statements():
            connection.execute(statement.encode())


def copied(connection: Connection, name: str) -> list[bytes]:
    """What a table holds, as COPY writes it."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {name} TO STDOUT".encode()) as copy:
        return [bytes(block) for block in copy]


def copy(connection: Connection, tables: Mapping[str, list[bytes]]) -> None:
    """The rows by COPY, taken back."""
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        for name, blocks in tables.items():
            if blocks:
                with cursor.copy(f"COPY {name} FROM STDIN".encode()) as copying:
                    for block in blocks:
                        copying.write(block)


if __name__ == "__main__":
    main()
