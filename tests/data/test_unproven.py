"""Rows that were there before a constraint was added NOT VALID, against PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest

from migrate_validate.data import Dataset, learn
from migrate_validate.data.unproven import unproven, without
from migrate_validate.postgres import Server
from tests.data.datasets import Connection, database, loaded

SETUP = """
    create table parents (id integer primary key);
    create table children (id integer primary key, parent integer, size integer not null);
    alter table children
        add constraint children_parent foreign key (parent) references parents deferrable initially deferred not valid,
        add constraint children_size check (size > 0) not valid,
        add constraint "children's id" check (id > 0);
    create table parted (id integer, size integer) partition by range (id);
    create table parted_all partition of parted default;
    alter table parted add constraint parted_size check (size > 0) not valid;
"""
CONSTRAINTS = "select conname, convalidated, condeferred, pg_get_constraintdef(oid) from pg_constraint order by 1, 4"


def test_rows_may_break_constraints_that_are_not_validated(server: Server) -> None:
    with database(server, SETUP) as (connection, catalog):
        past = unproven(catalog)
        assert {name: {each.name for each in own} for name, own in past.items()} == {
            "public.children": {"children_parent", "children_size"},
            "public.parted": {"parted_size"},
        }
        before = connection.execute(CONSTRAINTS).fetchall()
        _, refused, datasets = loaded(connection, catalog, learn(connection, catalog, past=past), max_rows=4)
        assert {each.constraint for each in refused if each.constraint} <= {"children_parent", "children_size"}
        children = [(data, row) for data in datasets for row in data.rows["public.children"]]
        assert any(orphan(data, row["parent"]) for data, row in children)
        assert not all(orphan(data, row["parent"]) for data, row in children)
        assert {int(str(row["size"])) > 0 for _, row in children} == {True, False}
        assert all(int(str(row["id"])) > 0 for _, row in children)
        assert not any(orphan(data, row["parent"]) for data, row in children if not data.past)
        broken = max((data for data in datasets if data.past), key=lambda data: len(data.rows["public.children"]))
        script_runs(connection, broken)
        assert connection.execute(CONSTRAINTS).fetchall() == before


def script_runs(connection: Connection, data: Dataset) -> None:
    """The statements of a dataset can be run one by one; without its constraints taken away they cannot."""
    with connection.transaction(force_rollback=True):
        for statement in data.statements():
            connection.execute(statement.encode())
        kept = connection.execute(CONSTRAINTS).fetchall()
    with connection.transaction(force_rollback=True), pytest.raises(psycopg.IntegrityError):
        connection.execute(";".join((*data.row_statements(), "set constraints all immediate")).encode(), prepare=False)
    assert kept == connection.execute(CONSTRAINTS).fetchall()


def orphan(data: Dataset, parent: object) -> bool:
    return parent is not None and parent not in {row["id"] for row in data.rows["public.parents"]}


def test_a_column_that_is_not_null_only_for_new_rows_may_be_null(server: Server) -> None:
    if server.version < 180000:
        pytest.skip("PostgreSQL 18 has NOT NULL NOT VALID")
    setup = "create table t (id integer primary key, v text); alter table t add constraint t_v not null v not valid"
    with database(server, setup) as (connection, catalog):
        past = unproven(catalog)
        _, refused, datasets = loaded(connection, catalog, learn(connection, catalog, past=past))
    column = without(catalog, past).tables_by_name["public.t"].column("v")
    assert column is not None
    assert not column.not_null
    assert {each.sqlstate for each in refused} <= {"23502"}
    assert any(row["v"] is None for data in datasets for row in data.rows["public.t"])


def test_what_is_not_enforced_or_comes_from_above_is_left_alone(server: Server) -> None:
    setup = """
        create table above (size integer);
        create table below (id integer) inherits (above);
        alter table above add constraint above_size check (size > 0) not valid;
    """
    if server.version >= 180000:
        setup += "alter table above add constraint above_lax check (size > 5) not enforced"
    with database(server, setup) as (_, catalog):
        assert {name: [each.name for each in own] for name, own in unproven(catalog).items()} == {
            "public.above": ["above_size"]
        }


def test_values_may_break_constraints_of_domains_that_are_not_validated(server: Server) -> None:
    setup = """
        create domain mail as text; create table people (id integer primary key, mail mail not null, more mail[]);
        alter domain mail add constraint has_at check (value like '%@%') not valid;
        create table others (id integer primary key);
    """
    with database(server, setup) as (connection, catalog):
        past = unproven(catalog)
        assert {name: [each.name for each in own] for name, own in past.items()} == {"public.mail": ["has_at"]}
        before = connection.execute(CONSTRAINTS).fetchall()
        _, _, datasets = loaded(connection, catalog, learn(connection, catalog, past=past), max_rows=4)
        mails = {"@" in str(row["mail"]) for data in datasets for row in data.rows["public.people"] if data.past}
        assert False in mails
        assert all("@" in str(row["mail"]) for data in datasets for row in data.rows["public.people"] if not data.past)
        broken = max((data for data in datasets if data.past), key=lambda data: len(data.rows["public.people"]))
        assert broken.opening() == ["ALTER DOMAIN public.mail DROP CONSTRAINT has_at"]
        assert connection.execute(CONSTRAINTS).fetchall() == before
