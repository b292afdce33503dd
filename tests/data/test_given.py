"""Rows that users give by the configuration, and datasets in their own tests."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from migrate_validate import data
from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.config import TableData
from migrate_validate.data import Dataset, Given, learn, load
from migrate_validate.data.given import given_rows
from migrate_validate.errors import ConfigError
from migrate_validate.postgres import Server
from migrate_validate.settings import load_settings
from tests.data.datasets import database, drawn, loaded, values

CATALOG = Catalog(180000, tables=(Table("public", "prices", "table", "me", ()),))


def prices(catalog: Catalog, table: Table) -> SearchStrategy[Mapping[str, int]]:
    """As a user may write it."""
    assert (catalog, table.name) == (CATALOG, "prices")
    return st.just({"id": 1})


def wrong(_catalog: Catalog, _table: Table) -> int:
    return 7


def test_the_configuration_names_strategies_and_fixtures(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f"""
        [tool.migrate_validate.data]
        prices = {{ strategy = "{__name__}:prices" }}
        "shop.rates" = {{ fixture = "rates.sql" }}
        """
    )
    fixture = tmp_path / "rates.sql"
    fixture.write_text("insert into shop.rates values (1)")
    entries = load_settings(tmp_path, tmp_path).data
    where = f"{tmp_path / 'pyproject.toml'} [tool.migrate_validate]: data"
    assert entries == (
        TableData("public.prices", f"{__name__}:prices", None, f'{where}."prices"'),
        TableData("shop.rates", None, str(fixture), f'{where}."shop.rates"'),
    )
    found = given_rows(entries, CATALOG)
    assert found.keys() == {"public.prices"}, "the other table is not there yet"
    assert found["public.prices"].strategy is not None
    rates = Catalog(180000, tables=(Table("shop", "rates", "table", "me", ()),))
    assert given_rows(entries, rates)["shop.rates"].fixture == "insert into shop.rates values (1)"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('prices = {}', 'data."prices": wants either a strategy or a fixture'),
        ('prices = { strategy = "a:b", fixture = "c" }', 'data."prices": wants either a strategy or a fixture'),
        ('prices = { strategie = "a:b" }', "data.\"prices\".strategie: unknown key; did you mean 'strategy'?"),
        ('prices = { strategy = "prices" }',
         "data.\"prices\".strategy: 'prices' is not the place of a function such as \"tests.data:prices\""),
        ('prices = { fixture = "no.sql" }', 'data."prices".fixture: there is no file '),
        ("prices = 3", 'data."prices": 3 is not a table'),
    ],
)  # fmt: skip
def test_wrong_keys_are_refused(tmp_path: Path, entry: str, told: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.migrate_validate.data]\n{entry}\n")
    with pytest.raises(ConfigError, match=re.escape(told)):
        load_settings(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("no.such.module:x", "the strategy no.such.module:x of public.prices cannot be imported: No module named 'no'"),
        (f"{__name__}:none", f"the strategy {__name__}:none of public.prices cannot be imported: module "),
        (
            f"{__name__}:wrong",
            f"the strategy {__name__}:wrong of public.prices gives 7, which is no strategy of Hypoth",
        ),
    ],
)
def test_wrong_functions_are_refused(place: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)) as raised:
        given_rows([TableData("public.prices", place, None, "pyproject.toml: data")], CATALOG)
    assert "pyproject.toml: data" in str(raised.value)


def test_the_example_of_the_docstring_runs(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (data.__doc__ or "").partition("::\n")[2].splitlines()
    example = textwrap.dedent("\n".join(line for line in lines if line.startswith(" ") or not line))
    with server.create_database("example") as database:
        with database.connect() as connection:
            connection.execute(
                "create table customers (id int primary key, email text not null);"
                "create table orders (id int primary key, customer int not null references customers, total numeric)"
            )
        where = f"host={server.host} port={server.port} user={server.user} dbname={database.name}"
        monkeypatch.setenv("DATABASE_URL", where)
        names: dict[str, object] = {}
        exec(compile(example, "example", "exec"), names)
        test = names["test_every_order_has_a_customer"]
        assert callable(test)
        test()
        opened = names["connection"]
        assert isinstance(opened, psycopg.Connection)
        opened.close()


UNFILLABLE = "create extension cube; create table boxes (id int primary key, box cube not null, name text unique);"
REFERRING = "create table marks (id int primary key, box int not null references boxes);"


def test_users_give_a_strategy_for_a_table(server: Server) -> None:
    given_rows = st.builds(lambda number: {"id": number, "box": f"({number})"}, st.integers(1, 3))
    with database(server, UNFILLABLE + REFERRING) as (connection, catalog):
        assert "public.cube" in learn(connection, catalog).unfilled["public.boxes"]
        learned = learn(connection, catalog, given={"public.boxes": Given(given_rows)})
        assert learned.unfilled == {}
        taken, refused, datasets = loaded(connection, catalog, learned)
    assert (taken["public.boxes"] > 20, taken["public.marks"] > 20, refused) == (True, True, [])
    assert values(datasets, "public.boxes", "id", "box").keys() == {(1, "(1)"), (2, "(2)"), (3, "(3)")}


def test_users_give_a_fixture_for_a_table(server: Server) -> None:
    fixture = "insert into boxes values (8, '(1,2)', 'a'), (9, '(3)', 'b')"
    with database(server, UNFILLABLE + REFERRING) as (connection, catalog):
        learned = learn(connection, catalog, given={"public.boxes": Given(fixture=fixture)})
        assert learned.unfilled == {}
        marks: Counter[object] = Counter()

        def put(data: Dataset) -> None:
            with connection.transaction(force_rollback=True):
                load(connection, data)
                assert connection.execute("select count(*) from boxes").fetchone() == (2,)
            assert data.statements()[0] == fixture
            marks.update(row["box"] for row in data.rows["public.marks"])

        drawn(catalog, learned, put)
    assert marks.keys() == {8, 9}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Given(st.just(17), source="here"),  # type: ignore[arg-type]
         "the strategy of public.boxes (here) gives 17, which is no mapping of columns to values"),
        (Given(st.just({"id": 1, "size": 2})),
         "the strategy of public.boxes names size, which it does not have; its columns are id, box, name"),
        (Given(st.just({"id": 1.5})),  # type: ignore[dict-item]
         "the strategy of public.boxes gives id: 1.5; values are int, bool, str, None or DEFAULT"),
        (Given(st.just({"id": 1})), "public.boxes takes none of 8 generated rows: null value in column \"box\" of "
         "relation \"boxes\" violates not-null constraint"),
        (Given(fixture="insert into box values (1)", source="here"),
         "the fixture of public.boxes (here) cannot be loaded: relation \"box\" does not exist"),
        (Given(fixture="select 1"), "the fixture of public.boxes leaves it empty"),
    ],
)  # fmt: skip
def test_what_users_give_is_refused_with_the_reason(server: Server, wrong: Given, told: str) -> None:
    with database(server, UNFILLABLE) as (connection, catalog):
        assert learn(connection, catalog, given={"public.boxes": wrong}).unfilled == {"public.boxes": told}
