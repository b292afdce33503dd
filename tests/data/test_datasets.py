"""Datasets of awkward schemas against PostgreSQL, which decides whether they could exist."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, find, settings

from migrate_validate.data import DEFAULT, Dataset, Refused, accepted, dataset, learn, load
from migrate_validate.data.hints import Hints
from migrate_validate.postgres import Server
from tests.data.datasets import EXAMPLES, database, drawn, loaded, values


def sql(name: str) -> str:
    return Path(__file__).with_name(name).read_text()


def test_every_kind_of_constraint_is_respected(server: Server) -> None:
    setup = sql("constraints.sql")
    if server.version < 150000:
        setup = setup.replace("unique nulls not distinct", "unique")
    with database(server, setup) as (connection, catalog):
        learned = learn(connection, catalog)
        taken, refused, datasets = loaded(connection, catalog, learned, max_rows=5)
    assert learned.unfilled == {}
    assert all(taken[name] > EXAMPLES / 3 for name in learned.pools), taken
    # What no two rows share by an operator of its own is left to PostgreSQL.
    assert {each.constraint for each in refused} <= {"spans_room_daterange_excl", None}
    assert len(refused) < sum(taken.values()) / 50
    either = values(datasets, "public.either", "u", "p")
    assert all((user is None) != (profile is None) for user, profile in either)
    assert {user is None for user, _ in either} == {True, False}
    items = values(datasets, "public.items", "tenant", "code")
    assert all((tenant is None) == (code is None) for tenant, code in items), "MATCH FULL"
    assert any(b is not None for (b,) in values(datasets, "public.a", "b")), "the key of a circle that may be NULL"
    assert {region for (region,) in values(datasets, "public.parts", "region")} == {"eu", "EU", "us"}


def test_tables_that_cannot_be_filled_say_what_refuses(server: Server) -> None:
    with database(server, sql("unfillable.sql")) as (connection, catalog):
        unfilled = learn(connection, catalog).unfilled
        few = learn(connection, catalog, ["public.child_null", "public.guarded"]).unfilled
    told = {name.removeprefix("public."): why for name, why in unfilled.items()}
    assert told.keys() == {
        *("refusing", "dropping", "child", "impossible", "never", "eggs", "hens", "cubes", "unpartitioned"),
        *("ruled", "pair_a", "pair_b"),
    }
    assert told["refusing"].startswith("public.refusing takes none of ")
    assert told["refusing"].endswith("(PL/pgSQL function no() line 1 at RAISE)")
    assert ": never " in told["refusing"]
    assert told["dropping"].endswith(" generated rows: a trigger or a rule dropped the row without a word")
    assert told["child"] == f"public.refusing, which it refers to, has no rows ({told['refusing']})"
    assert told["impossible"].startswith("the constraint impossible_id_check allows none of ")
    assert told["impossible"].endswith(" values of id")
    assert told["never"] == "the constraint never_check allows no row"
    assert told["eggs"] == (
        "public.eggs and public.hens need a row of each other first: the foreign key eggs_hen_fkey can neither be NULL "
        "nor is it DEFERRABLE"
    )
    assert told["hens"] == f"public.eggs, which it refers to, has no rows ({told['eggs']})"
    assert told["cubes"] == (
        "no rows can be generated for public.cubes: its column c has the type public.cube, whose values are not known"
    )
    assert told["ruled"].endswith(" generated rows: a trigger or a rule dropped the row without a word")
    assert told["pair_a"] == "no row of public.pair_a could be made whose keys fit together"
    assert told["unpartitioned"] == "public.unpartitioned is partitioned and has no partition"
    assert few.keys() == {"public.refusing"}


def test_what_a_trigger_asks_for_is_among_the_values(server: Server) -> None:
    with database(server, sql("unfillable.sql")) as (connection, catalog):
        tables = ["public.guarded"]
        taken, _, _ = loaded(connection, catalog, learn(connection, catalog, tables), tables=tables)
    assert taken["public.guarded"] > 0


TYPES = (
    *("smallint", "integer", "bigint", "numeric", "numeric(6,2)", "numeric(10)", "real", "double precision", "money"),
    *("text", "varchar(3)", "char(4)", "citext", "name", '"char"', "uuid", "boolean", "bytea", "json", "jsonb"),
    *("date", "time", "timetz", "timestamp", "timestamptz(3)", "interval", "interval day to second", "inet", "cidr"),
    *("macaddr", "macaddr8", "bit(3)", "varbit(5)", "tsvector", "tsquery", "hstore", "int4range", "numrange"),
    *("daterange", "tstzrange", "datemultirange", "point", "box", "circle", "path", "polygon", "line", "lseg"),
    *("integer[]", "text[]", "mood", "mood[]", "email", "place", "place[]", "spread", "pg_lsn", "oid", "jsonpath"),
    *("varchar(3)[]", "numeric(4,1)[]", "bit(2)[]", "emails", "counted", "xml"),
)


def test_values_of_every_type_are_taken(server: Server) -> None:
    columns = ", ".join(f"c{number} {name}" for number, name in enumerate(TYPES))
    setup = f"""
        create extension citext; create extension hstore;
        create type mood as enum ('sad', 'ok', 'happy'); create type place as (street text, number integer);
        create type spread as range (subtype = numeric);
        create domain email as text check (value ~ '^[a-z]+@[a-z]+[.][a-z]{{2,3}}$');
        create domain emails as email[]; create domain counted as integer check (value between 3 and 7) not null;
        create table everything (id serial primary key, {columns});
    """
    with database(server, setup) as (connection, catalog):
        learned = learn(connection, catalog)
        with_xml = connection.execute("select count(*) from pg_settings where name = 'xmloption'").fetchone()
        taken, refused, datasets = loaded(connection, catalog, learned)
        try:
            connection.execute("select '<a/>'::text::xml")
        except psycopg.errors.FeatureNotSupported:
            with_xml = None
    assert [each.message for each in refused] == []
    assert taken["public.everything"] > 50
    for number, name in enumerate(TYPES):
        met = values(datasets, "public.everything", f"c{number}")
        if name == "xml" and with_xml is None:
            assert met.keys() == {(None,)}
            continue
        assert len(met) > 2, name
        assert (met[(None,)] > 0) == (name != "counted"), name
    (moods,) = (values(datasets, "public.everything", f"c{TYPES.index('mood')}"),)
    assert moods.keys() == {("sad",), ("ok",), ("happy",), (None,)}


def test_values_repeat_and_are_null_wherever_they_may(server: Server) -> None:
    setup = """
        create table parent (id int primary key);
        create table t (id int primary key, word text, flag boolean, up int references parent,
            at timestamptz default now())
    """
    with database(server, setup) as (connection, catalog):
        _, _, datasets = loaded(connection, catalog, learn(connection, catalog))
    rows = [data.rows["public.t"] for data in datasets if len(data.rows["public.t"]) > 1]
    assert len(rows) > EXAMPLES / 4
    words = [[str(row["word"]) for row in each] for each in rows]
    repeated = [each for each in words if len(set(each)) < len(each)]
    alike = [each for each in words if len({word.lower().strip() for word in each}) < len(set(each))]
    assert len(repeated) > len(rows) / 4
    assert alike
    cells = [row for each in rows for row in each]
    for column in ("word", "flag", "up"):
        assert 0.1 < sum(row[column] is None for row in cells) / len(cells) < 0.7, column
    assert 0 < sum(row["at"] is DEFAULT for row in cells) < len(cells) / 2
    assert any(not data.rows["public.parent"] for data in datasets), "no parents"
    assert any(len(data.rows["public.parent"]) > 1 for data in datasets), "several parents"


def test_the_simplest_dataset_is_empty_and_shrinking_leads_to_simple_rows(server: Server) -> None:
    setup = "create table t (id int primary key, word text not null, size int)"
    with database(server, setup) as (connection, catalog):
        learned = learn(connection, catalog)
    first: list[Dataset] = []
    drawn(catalog, learned, first.append, examples=1)
    assert first[0].rows == {"public.t": ()}
    assert repr(first[0]) == "Dataset()"
    quiet = settings(max_examples=500, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    found = find(
        dataset(catalog, learned=learned),
        lambda data: len({row["word"] for row in data.rows["public.t"]}) < len(data.rows["public.t"]),
        settings=quiet,
    )
    assert found.statements() == (
        "INSERT INTO public.t (id, word, size) VALUES (1, 'a', NULL)",
        "INSERT INTO public.t (id, word, size) VALUES (2, 'a', NULL)",
    )


def test_literals_of_scripts_are_among_the_values(server: Server) -> None:
    setup = """
        create table kinds (name text primary key);
        create table t (id int primary key, status text, amount integer, kind text references kinds)
    """
    hints: Mapping[str, Mapping[str, Hints]] = {
        "public.t": {"status": Hints(("on hold",)), "amount": Hints(("4711",))},
        "t": {"kind": Hints(("special",))},
    }
    with database(server, setup) as (connection, catalog):
        learned = learn(connection, catalog, hints=hints)
        taken, _, datasets = loaded(connection, catalog, learned, examples=2 * EXAMPLES)
    status = values(datasets, "public.t", "status")
    assert 0.15 < status[("on hold",)] / taken["public.t"] < 0.5
    amounts = values(datasets, "public.t", "amount")
    assert {4710, 4711, 4712} <= {amount for (amount,) in amounts}
    assert values(datasets, "public.kinds", "name")[("special",)] > 0


def test_sequences_go_on_behind_the_rows(server: Server) -> None:
    setup = """
        create table a (id serial primary key); create table b (id int generated always as identity primary key);
        create table "C d" ("Id" bigserial primary key); create table r (a int references a, b int references b,
        c bigint references "C d")
    """
    with database(server, setup) as (connection, catalog):
        tables = {name: catalog.tables_by_name[name] for name in ("public.a", "public.b", "public.C d")}
        rows = {"public.a": ({"id": 1}, {"id": 7}), "public.b": ({"id": 3},), "public.C d": ({"Id": 5},)}
        assert load(connection, Dataset(rows, tables)) == ()
        for name, highest in (("a", 7), ("b", 3), ('"C d"', 5)):
            found = connection.execute(f"insert into {name} default values returning 1 * 1".encode()).fetchone()
            assert found == (1,)
            (last,) = connection.execute(f"table {name} order by 1 desc limit 1".encode()).fetchone() or (0,)
            assert last == highest + 1
        # A second time, numbers that are lower do not set it back.
        load(connection, Dataset({"public.a": ({"id": 2},)}, tables))
        connection.execute("insert into a default values")


def test_constraints_are_as_deferred_as_before(server: Server) -> None:
    setup = """
        create table p (id int primary key);
        create table c (id int primary key, p int not null references p deferrable initially deferred)
    """
    with database(server, setup) as (connection, catalog):
        tables = catalog.tables_by_name
        with connection.transaction(force_rollback=True):
            load(connection, Dataset({"public.c": ({"id": 1, "p": 1},), "public.p": ({"id": 1},)}, tables))
            connection.execute("insert into c values (2, 2)")
            connection.execute("delete from c where id = 2")


def test_deferred_keys_and_triggers_are_checked_before_the_rows_count_as_taken(server: Server) -> None:
    setup = """
        create table d (id int primary key, place int unique deferrable initially deferred);
        create function whole() returns trigger language plpgsql as
            'begin if (select count(*) from pairs) = 1 then raise exception ''one is not enough''; end if;
            return null; end';
        create table pairs (id int primary key);
        create constraint trigger whole after insert on pairs deferrable initially deferred
            for each row execute function whole()
    """
    with database(server, setup) as (connection, catalog):
        tables = catalog.tables_by_name
        twice = Dataset({"public.d": ({"id": 1, "place": 5}, {"id": 2, "place": 5})}, tables)
        assert [each.row["id"] for each in load(connection, twice, raise_refusals=False)] == [2]
        alone = Dataset({"public.pairs": ({"id": 1},)}, tables)
        (refused,) = load(connection, alone, raise_refusals=False)
        assert refused.message == "one is not enough"
        with pytest.raises(psycopg.errors.RaiseException, match="one is not enough"):
            load(connection, alone)
        assert load(connection, Dataset({"public.pairs": ({"id": 1}, {"id": 2})}, tables)) == ()
        assert connection.execute("select count(*) from d, pairs").fetchone() == (2,)


def test_children_of_a_refused_row_are_refused_with_it_and_the_rest_stays(server: Server) -> None:
    setup = """
        create table p (id int primary key check (id < 5)); create table c (id int primary key, p int references p);
        create table g (id int primary key, c int references c)
    """
    with database(server, setup) as (connection, catalog):
        data = Dataset(
            {
                "public.p": ({"id": 1}, {"id": 9}),
                "public.c": ({"id": 1, "p": 9}, {"id": 2, "p": 1}, {"id": 3, "p": None}),
                "public.g": ({"id": 1, "c": 1}, {"id": 2, "c": 2}),
            },
            catalog.tables_by_name,
        )
        refused = load(connection, data, raise_refusals=False)
        kept = accepted(data, refused)
    assert [(each.table, each.row["id"], each.sqlstate) for each in refused] == [
        *(("public.p", 9, "23514"), ("public.c", 1, "23503"), ("public.g", 1, "23503")),
    ]
    assert refused[1].message == "a row that it refers to was refused"
    assert {name: [row["id"] for row in rows] for name, rows in kept.rows.items()} == {
        **{"public.p": [1], "public.c": [2, 3], "public.g": [2]},
    }


def test_rows_that_are_there_are_referred_to_and_not_repeated(server: Server) -> None:
    setup = """
        create table p (id int primary key, name text unique); insert into p values (41, 'a'), (42, 'A');
        create table c (id int primary key, p int not null references p)
    """
    with database(server, setup) as (connection, catalog):
        learned = learn(connection, catalog)
        refused: list[Refused] = []
        seen: set[object] = set()

        def put(data: Dataset) -> None:
            with connection.transaction(force_rollback=True):
                refused.extend(load(connection, data, raise_refusals=False))
            seen.update(row["p"] for row in data.rows["public.c"])

        drawn(catalog, learned, put)
    assert refused == []
    assert {41, 42} < seen


def test_wide_tables_and_many_tables(server: Server) -> None:
    kinds = ("int", "text not null", "numeric(8,2)", "timestamptz", "boolean not null", "jsonb", "uuid", "date")
    columns = ", ".join(f"c{number} {kinds[number % len(kinds)]}" for number in range(200))
    tables = "".join(
        f"create table t{number} (id serial primary key, name text check (length(name) < 9),"
        f" up int references {'t' + str(number // 2) if number else 't0'});"
        for number in range(300)
    )
    with database(server, f"create table wide (id int primary key, {columns}); {tables}") as (connection, catalog):
        wide = learn(connection, catalog, ["public.wide"])
        assert (len(wide.pools["public.wide"]), wide.unfilled) == (201, {})
        assert len(learn(connection, catalog, ["public.t299"]).pools) == 10, "only what it refers to is learned"
        taken, refused, _ = loaded(connection, catalog, wide, tables=["public.wide"], examples=10)
        assert (taken["public.wide"] > 5, refused) == (True, [])
        everything = learn(connection, catalog)
        taken, refused, datasets = loaded(connection, catalog, everything, examples=10)
    assert (len(everything.pools), refused) == (301, [])
    assert sum(1 for name in everything.pools if taken[name]) == 301
    assert all(len(data.rows) == 301 for data in datasets)
