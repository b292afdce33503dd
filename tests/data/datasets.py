"""Datasets of a schema on a real server: drawn, loaded, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from hypothesis import HealthCheck, Phase, given, settings

from migrate_validate.catalog.model import Catalog
from migrate_validate.data import Dataset, Learned, Refused, accepted, dataset, load
from migrate_validate.postgres import Server

Connection = psycopg.Connection[Any]
EXAMPLES = 60


@contextmanager
def database(server: Server, sql: str) -> Iterator[tuple[Connection, Catalog]]:
    """A new database with this schema."""
    with server.create_database("datasets") as made, made.connect() as connection:
        connection.execute(sql.encode())
        yield connection, Catalog.read(connection)


def drawn(catalog: Catalog, learned: Learned, work: Callable[[Dataset], None], **options: Any) -> None:
    """Do the work with some datasets, the same in each run."""

    @settings(
        max_examples=options.pop("examples", EXAMPLES),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(dataset(catalog, learned=learned, **options))
    def each(data: Dataset) -> None:
        work(data)

    each()


def loaded(
    connection: Connection, catalog: Catalog, learned: Learned, **options: Any
) -> tuple[Counter[str], list[Refused], list[Dataset]]:
    """How many rows of each table were taken, what was refused, and the datasets as they were taken."""
    taken: Counter[str] = Counter()
    refused: list[Refused] = []
    datasets: list[Dataset] = []

    def put(data: Dataset) -> None:
        with connection.transaction(force_rollback=True):
            refusals = load(connection, data, raise_refusals=False)
            kept = accepted(data, refusals)
            for name, rows in kept.rows.items():
                schema, _, table = name.partition(".")
                query = f'select count(*) from {schema}."{table}"'
                (count,) = connection.execute(query.encode()).fetchone() or (None,)
                assert count == len(rows), name
        refused.extend(refusals)
        datasets.append(kept)
        taken.update({name: len(rows) for name, rows in kept.rows.items()})

    drawn(catalog, learned, put, **options)
    return taken, refused, datasets


def values(datasets: list[Dataset], table: str, *columns: str) -> Counter[tuple[object, ...]]:
    """How often these columns have which values."""
    return Counter(tuple(row.get(name) for name in columns) for data in datasets for row in data.rows[table])
