"""Foreign keys that are NULL in part, and rows that point at themselves, against PostgreSQL."""

from __future__ import annotations

from migrate_validate.data import Dataset, Row, learn
from migrate_validate.postgres import Server
from tests.data.datasets import database, loaded, values

PARTS = """
    create table places (region integer, code text, primary key (region, code));
    create table tenants (id integer primary key);
    create table simple (id integer primary key, region integer, code text,
        foreign key (region, code) references places);
    create table wholly (id integer primary key, region integer, code text,
        foreign key (region, code) references places match full);
    create table half (id integer primary key, region integer not null, code text,
        foreign key (region, code) references places);
    create table checked (id integer primary key, region integer, code text,
        check (region is null or code is not null), foreign key (region, code) references places);
    create table folders (tenant integer not null references tenants, id integer, parent integer,
        primary key (tenant, id), foreign key (tenant, parent) references folders);
"""
SELVES = """
    create table free (id integer primary key, parent integer references free);
    create table waiting (id integer primary key,
        parent integer references waiting deferrable initially deferred);
    create table alone (id integer primary key, parent integer unique references alone);
    create table proud (id integer primary key, parent integer references proud, check (parent <> id));
    create table bound (id integer primary key, parent integer not null references bound);
    create table counted (id integer generated always as identity primary key, code text not null unique,
        parent text references counted (code));
    create table tenants (id integer primary key);
    create table folders (tenant integer not null references tenants, id integer, parent integer,
        primary key (tenant, id), foreign key (tenant, parent) references folders);
"""


def test_a_foreign_key_is_null_in_every_way_that_it_may(server: Server) -> None:
    with database(server, PARTS) as (connection, catalog):
        taken, refused, datasets = loaded(connection, catalog, learn(connection, catalog), max_rows=5)
    assert not refused
    assert all(taken.values())
    nulls = {
        name: {tuple(value is None for value in cells) for cells in values(datasets, f"public.{name}", *columns)}
        for name, columns in (
            *((name, ("region", "code")) for name in ("simple", "wholly", "half", "checked")),
            ("folders", ("tenant", "parent")),
        )
    }
    assert nulls == {
        "simple": {(False, False), (False, True), (True, False), (True, True)},
        "wholly": {(False, False), (True, True)},
        "half": {(False, False), (False, True)},
        "checked": {(False, False), (True, False), (True, True)},
        "folders": {(False, False), (False, True)},
    }


def test_rows_point_at_themselves_and_at_each_other(server: Server) -> None:
    with database(server, SELVES) as (connection, catalog):
        taken, refused, datasets = loaded(connection, catalog, learn(connection, catalog), max_rows=5, examples=150)
    assert len(refused) < taken.total() / 100
    keys = {
        "free": ("id", "parent"),
        "waiting": ("id", "parent"),
        "alone": ("id", "parent"),
        "proud": ("id", "parent"),
        "bound": ("id", "parent"),
        "counted": ("code", "parent"),
        "folders": ("id", "parent"),
    }
    found = {name: (selves(datasets, name, *key), circles(datasets, name, *key)) for name, key in keys.items()}
    rows = {name: taken[f"public.{name}"] for name in keys}
    assert {name for name, (own, _) in found.items() if not own} == {"proud"}, found
    # An UPDATE finds only rows whose primary key is known, and what is NOT NULL cannot wait for one.
    assert {name for name, (_, both) in found.items() if not both} == {"bound", "counted"}, found
    assert all(own + both < rows[name] / 3 for name, (own, both) in found.items() if name != "bound"), (found, rows)


def selves(datasets: list[Dataset], name: str, key: str, parent: str) -> int:
    """How many rows point at themselves."""
    return sum(row[parent] == row[key] for data in datasets for row in data.rows[f"public.{name}"])


def circles(datasets: list[Dataset], name: str, key: str, parent: str) -> int:
    """How many pairs of rows point at each other."""
    each = [data.rows[f"public.{name}"] for data in datasets]
    return sum(len([1 for one in rows for other in rows if _both(one, other, key, parent)]) for rows in each) // 2


def _both(one: Row, other: Row, key: str, parent: str) -> bool:
    same = one.get("tenant") == other.get("tenant")
    return same and one is not other and one[parent] == other[key] and other[parent] == one[key]
