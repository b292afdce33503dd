"""Reading the catalog in full against reading what has changed, on a schema of many tables."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
from chain300 import write_chain
from measuring import medians, seconds, show

from migrate_validate import Catalog
from migrate_validate.catalog.versions import moment, versions
from migrate_validate.catalog.watching import CatalogReader
from migrate_validate.postgres import open_server
from migrate_validate.postgres.environments import SUPABASE, prepare

CHANGES = {
    "a row of data": "INSERT INTO purchase_3 (account_id, amount) SELECT id, 1 FROM account_3 LIMIT 1",
    "a column": "ALTER TABLE account_3 ADD extra_{n} integer",
    "a new table": "CREATE TABLE new_{n} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE)",
    "a grant": "GRANT SELECT ON account_{n} TO pg_monitor",
    "a role": "CREATE ROLE benchmark_{n}",
    "a renamed column": "ALTER TABLE account_3 RENAME extra_{n} TO other_{n}",
}


def after(connection: psycopg.Connection[tuple[object, ...]], change: str) -> Callable[[], float]:
    """Seconds for reading after a change; the change itself does not count."""
    reader = CatalogReader()
    number = 0

    def work() -> float:
        nonlocal number
        number += 1
        reader.read(connection)
        connection.execute(change.format(n=number).encode())
        return seconds(lambda: reader.read(connection))

    return work


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=300, help="tables in the schema (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=11, help="measurements of each (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, open_server() as server:
        supabase = server.create_database("supabase")
        prepare(SUPABASE, supabase)
        database = server.create_database("many")
        with database.connect() as connection, supabase.connect() as beside:
            for file in write_chain(Path(place), options.tables // 2 * 5):
                connection.execute(file.read_bytes())
            reader = CatalogReader()
            whole = "all of it"
            works: dict[str, Callable[[], float]] = {
                "all of a plain Supabase environment": lambda: seconds(lambda: Catalog.read(beside)),
                whole: lambda: seconds(lambda: Catalog.read(connection)),
                "versions alone": lambda: seconds(lambda: versions(connection)),
                "moment alone": lambda: seconds(lambda: moment(connection)),
                "again, nothing written": lambda: (reader.read(connection), seconds(lambda: reader.read(connection)))[
                    1
                ],
                **{f"after {what}": after(connection, change) for what, change in CHANGES.items()},
            }
            reader.read(connection)
            measured = medians(works, options.runs)
        show(
            f"Reading a catalog of {options.tables} tables ({server.description})",
            measured,
            against=whole,
            runs=options.runs,
            goal="nothing changed: at most 5 ms",
        )


if __name__ == "__main__":
    main()
