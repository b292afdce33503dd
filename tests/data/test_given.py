"""Rows that users give by the configuration, and datasets in their own tests."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from migrate_validate import data
from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.config import TableData
from migrate_validate.data.given import given_rows
from migrate_validate.errors import ConfigError
from migrate_validate.postgres import Server
from migrate_validate.settings import load_settings

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
