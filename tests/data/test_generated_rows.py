"""Generated rows against PostgreSQL, which decides whether they could exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.data import Dataset, Refused, dataset, load, rows
from migrate_validate.data.coverage import telling_values
from migrate_validate.data.loading import Connection, try_row
from migrate_validate.data.order import fill_order
from migrate_validate.data.pools import pool
from migrate_validate.data.types import FIXED
from migrate_validate.data.values import Types
from migrate_validate.errors import Unsupported
from migrate_validate.postgres import Server

bounded = settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with server.create_database("rows") as database, database.connect() as opened:
        opened.execute(Path(__file__).with_name("schema.sql").read_bytes())
        if server.version >= 150000:  # a scale beyond the precision: numbers below 0.01
            opened.execute("ALTER TABLE everything ADD small numeric(3, 5)")
        yield opened


@pytest.fixture(scope="module")
def catalog(connection: Connection) -> Catalog:
    return Catalog.read(connection)


def test_every_value_of_every_type_is_accepted(connection: Connection, catalog: Catalog) -> None:
    table = catalog.tables_by_name["public.everything"]
    refused: list[tuple[str, str]] = []

    @bounded
    @given(rows(catalog, table))
    def insert(row: dict[str, object]) -> None:
        for column, value in row.items():
            outcome = try_row(connection, table, {column: value})  # type: ignore[dict-item]
            if isinstance(outcome, Refused):
                refused.append((outcome.statement, outcome.message))

    with connection.transaction(force_rollback=True):
        insert()
    assert refused == []


def test_fixed_values_are_values_of_their_types(connection: Connection) -> None:
    """And differ, so that several rows of a unique column can be."""
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE EXTENSION hstore; CREATE EXTENSION ltree", prepare=False)
        for name, (usual, outermost) in FIXED.items():
            if name != "xml":  # not every server has been built with it
                query = f"SELECT t::{name}::text FROM unnest(%s::text[]) AS t".encode()
                texts = [str(value) for value in (*usual, *outermost)]
                assert len(set(connection.execute(query, [texts]))) == len(texts), name
    assert min(len(FIXED[name][0]) for name in ("macaddr", "macaddr8", "pg_lsn", "inet", "jsonpath")) >= 8


def test_most_rows_of_a_dataset_are_accepted(connection: Connection, catalog: Catalog) -> None:
    sizes: dict[str, int] = {}
    refused: list[Refused] = []

    @bounded
    @given(dataset(catalog))
    def fill(data: Dataset) -> None:
        for name, each in data.rows.items():
            sizes[name] = sizes.get(name, 0) + len(each)
        with connection.transaction(force_rollback=True):
            outcome = load(connection, data, raise_refusals=False)
        # Children of a refused row are refused with it.
        refused.extend(each for each in outcome if each.sqlstate != "23503")

    fill()
    assert all(sizes.values()), sizes
    assert len(refused) < sum(sizes.values()) / 10, [(each.statement, each.message) for each in refused]
    assert not any(outcome.sqlstate == "23502" for outcome in refused)


def test_load_raises_unless_asked_otherwise(connection: Connection, catalog: Catalog) -> None:
    table = catalog.tables_by_name["public.organizations"]
    bad = {"slug": "x", "plan": "free"}
    data = Dataset({table.qualified_name: (bad,)}, {table.qualified_name: table})
    with pytest.raises(psycopg.errors.CheckViolation):
        load(connection, data)
    (refusal,) = load(connection, data, raise_refusals=False)
    assert (refusal.sqlstate, refusal.constraint, refusal.row) == ("23514", "organizations_slug_check", bad)


def test_parents_come_first_and_circles_break_where_they_may(catalog: Catalog) -> None:
    order = fill_order(catalog)
    names = [table.name for table in order.tables]
    assert names.index("organizations") < names.index("departments") < names.index("people")
    assert "events_2024" not in names
    assert order.broken["public.departments"] == {"departments_head_fkey"}


def test_an_unknown_type_is_named_with_its_column() -> None:
    table = Table("public", "maps", "table", "me", (Column("area", "public.geometry", not_null=True),))
    with pytest.raises(Unsupported, match=r"for public\.maps: its column area has the type public\.geometry"):
        rows(Catalog(180000, tables=(table,)), table)


def test_telling_values_are_those_that_code_likes_to_ask_for(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("""
            create type tone as enum ('low', 'high');
            create table told (id integer primary key, loud boolean not null, tone tone, size integer not null,
                state text not null check (state in ('open', 'done')), parent integer references told,
                twice integer generated always as (size * 2) stored)
        """)
        catalog = Catalog.read(connection)
    assert telling_values(catalog, catalog.tables_by_name["public.told"]) == (
        *(("loud", True), ("loud", False), ("tone", None), ("tone", "low"), ("tone", "high")),
        *(("state", "open"), ("state", "done")),
    )


def test_values_become_the_same_when_they_are_cut_or_rounded() -> None:
    types = Types.of(Catalog(180000))
    texts = [str(text) for text in pool(types, "text")]
    short = [str(text) for text in pool(types, "character varying(6)")]
    assert [end for end in range(1, 40) if len({text[:end] for text in texts if len(text) >= 40}) == 1] == [
        *range(1, 40)
    ]
    assert len([text for text in texts if len(text) >= 40]) == 2
    assert {"aaaaaa", "aaaaab"} <= set(short)
    assert all(len(text) <= 6 for text in short)
    for name in ("numeric", "numeric(10,2)", "real", "double precision"):
        numbers = [str(number) for number in pool(types, name)]
        assert {"1.2", "1.4", "1.5"} <= set(numbers), name
    assert {100, 101} <= set(pool(types, "integer"))
