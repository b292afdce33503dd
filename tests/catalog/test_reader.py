"""What the catalog says about each kind of object, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from migrate_validate.catalog.model import Catalog, Column, Function, Grant, Index, Table
from migrate_validate.catalog.reader import KINDS
from migrate_validate.postgres import Database, Server
from tests.catalog.conftest import Connection

After = Callable[[str], Catalog]


def _table(catalog: Catalog, name: str) -> Table:
    table = catalog.table(f"app.{name}")
    assert table is not None
    return table


def _column(catalog: Catalog, table: str, name: str) -> Column:
    column = _table(catalog, table).column(name)
    assert column is not None
    return column


def _function(catalog: Catalog, name: str) -> Function:
    return next(function for function in catalog.functions if function.qualified_name == name)


def _index(catalog: Catalog, table: str, name: str) -> Index:
    return next(index for index in _table(catalog, table).indexes if index.name == name)


def test_names_of_every_kind(picture: Catalog) -> None:
    names = {
        kind: [f"{getattr(thing, 'schema', '')}.{thing.name}" for thing in getattr(picture, kind)]
        for kind in ("tables", "views", "sequences", "functions", "enums", "domains", "composites", "ranges")
    }
    assert names == {
        "tables": [
            f"app.{name}"
            for name in (
                *("animal", "dog", "event", "event_2025", "event_note", "leaf"),
                *("member", "organization", "remote", "scratch", "typed"),
            )
        ],
        "views": ["app.big", "app.constant", "app.counted"],
        "sequences": ["app.member_id_seq", "app.member_number_seq", "app.ticket"],
        "functions": [
            f"app.{name}" for name in ("address", "clean", "on_ddl", "order_of", "same", "total", "touch", "twice")
        ],
        "enums": ["app.mood"],
        "domains": ["app.email"],
        "composites": ["app.address", "app.kind", "app.spare"],
        "ranges": ["app.span"],
    }
    assert [schema.name for schema in picture.schemas] == ["app", "public"]
    assert [extension.name for extension in picture.extensions] == ["plpgsql"]


def test_tables(picture: Catalog) -> None:
    kinds = {table.name: table.kind for table in picture.tables}
    assert (kinds["dog"], kinds["event"], kinds["remote"]) == ("table", "partitioned table", "foreign table")
    assert _table(picture, "dog").inherits == ("app.animal",)
    assert _column(picture, "dog", "legs").inherited
    partition = _table(picture, "event_2025")
    assert partition.partition_of == "app.event"
    assert partition.inherits == ()
    assert partition.partition_bound == "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"
    assert _table(picture, "event").partition_key == "RANGE (at)"
    assert (_table(picture, "remote").server, _table(picture, "remote").options) == ("elsewhere", ("path=/x",))
    assert _table(picture, "scratch").persistence == "unlogged"
    assert len(_table(picture, "scratch").rules) == 1


def test_columns(picture: Catalog) -> None:
    assert _column(picture, "organization", "name") == Column(
        "name", "text", not_null=True, comment="what people call it"
    )
    assert _column(picture, "organization", "mood").default == "'ok'::app.mood"
    assert _column(picture, "organization", "mood").type == "app.mood"
    assert _column(picture, "organization", "doubled").generated == "stored"
    assert _column(picture, "organization", "slug").collation == '"C"'
    assert _column(picture, "organization", "document").storage == "external"
    assert _column(picture, "member", "id").identity == "always"
    assert _column(picture, "member", "number").default == "nextval('app.member_number_seq'::regclass)"


def test_virtual_columns(connection: Connection, after: After) -> None:
    if connection.info.server_version < 180000:
        pytest.skip("PostgreSQL 18 brought virtual columns")
    changed = after("ALTER TABLE app.dog ADD double integer GENERATED ALWAYS AS (legs * 2) VIRTUAL")
    assert _column(changed, "dog", "double") == Column("double", "integer", default="(legs * 2)", generated="virtual")


def test_constraints(picture: Catalog) -> None:
    kinds = {constraint.name: constraint.kind for table in picture.tables for constraint in table.constraints}
    assert kinds == {
        "event_pkey": "primary key",
        "event_2025_pkey": "primary key",
        "event_note_id_at_fkey": "foreign key",
        "member_pkey": "primary key",
        "member_organization": "foreign key",
        "no_overlap": "exclusion",
        "organization_pkey": "primary key",
        "organization_slug_key": "unique",
        "positive": "check",
    }
    (note,) = _table(picture, "event_note").foreign_keys
    assert (note.columns, note.references, note.referenced_columns) == (("id", "at"), "app.event", ("id", "at"))
    assert (note.match, note.on_delete, note.on_update) == ("full", "no action", "no action")
    assert _table(picture, "event").primary_key is not None
    (domain,) = picture.domains
    assert [constraint.name for constraint in domain.constraints] == ["has_at"]
    assert (domain.not_null, domain.collation, domain.default) == (True, '"C"', "'a@b'::text")


def test_not_valid_and_deferred_constraints(after: After) -> None:
    changed = after(
        "ALTER TABLE app.dog ADD mother bigint CONSTRAINT mother REFERENCES app.member DEFERRABLE INITIALLY DEFERRED,"
        " ADD CONSTRAINT unsure CHECK (legs > 0) NOT VALID"
    )
    mother, unsure = _table(changed, "dog").constraints
    assert (mother.deferrable, mother.deferred, mother.validated) == (True, True, True)
    assert (unsure.validated, unsure.enforced) == (False, True)


def test_not_null_constraints_of_18(connection: Connection, after: After) -> None:
    if connection.info.server_version < 180000:
        pytest.skip("PostgreSQL 18 brought not-null constraints and NOT ENFORCED")
    changed = after(
        "ALTER TABLE app.dog ADD CONSTRAINT has_legs NOT NULL legs NOT VALID, ADD CHECK (legs < 9) NOT ENFORCED"
    )
    unenforced, has_legs = sorted(_table(changed, "dog").constraints, key=lambda constraint: constraint.kind)
    assert not unenforced.enforced
    assert (has_legs.kind, has_legs.validated, has_legs.columns) == ("not null", False, ("legs",))


def test_indexes(picture: Catalog) -> None:
    index = _index(picture, "member", "member_email")
    assert index.keys == ("(lower(email))", "(id + 1)")
    assert index.key_options == ("DESC", "")
    assert index.include == ("during",)
    assert index.predicate == "(email IS NOT NULL)"
    assert (index.method, index.unique, index.valid, index.table) == ("btree", False, True, "app.member")
    slug = _index(picture, "organization", "organization_slug_key")
    assert (slug.constraint, slug.unique, slug.key_options) == ("organization_slug_key", True, ("",))
    assert _index(picture, "event_2025", "event_2025_pkey").parent == "app.event_pkey"
    assert [index.name for index in picture.views[2].indexes] == ["counted_key"]


def test_index_options(after: After) -> None:
    changed = after('CREATE INDEX odd ON app.member (email COLLATE "POSIX" text_pattern_ops NULLS FIRST, id)')
    assert _index(changed, "member", "odd").key_options == ('COLLATE "POSIX" text_pattern_ops NULLS FIRST', "")


def test_nulls_not_distinct(connection: Connection, after: After) -> None:
    if connection.info.server_version < 150000:
        pytest.skip("PostgreSQL 15 brought NULLS NOT DISTINCT")
    changed = after("CREATE UNIQUE INDEX one ON app.member (email) NULLS NOT DISTINCT")
    assert _index(changed, "member", "one").nulls_not_distinct


def test_policies_and_row_security(picture: Catalog) -> None:
    organization = _table(picture, "organization")
    anyone, own = organization.policies
    assert (anyone.command, anyone.permissive, anyone.roles) == ("INSERT", False, ("public",))
    assert (anyone.using, anyone.check) == (None, "(size < 100)")
    assert (own.command, own.permissive, own.roles, own.comment) == ("SELECT", True, ("reader", "writer"), "one's own")
    assert (organization.row_security, organization.force_row_security) == (True, False)


def test_triggers(picture: Catalog) -> None:
    (touch,) = _table(picture, "organization").triggers
    assert (touch.function, touch.enabled) == ("app.touch", "origin")
    (watch,) = picture.event_triggers
    assert (watch.event, watch.enabled, watch.tags) == ("ddl_command_end", "disabled", ("CREATE VIEW", "DROP TABLE"))


def test_functions(picture: Catalog) -> None:
    twice = _function(picture, "app.twice(integer, integer)")
    assert twice.signature == "n integer, times integer DEFAULT 2"
    assert (twice.body, twice.returns) == ("RETURN (n * times)", "integer")
    assert (twice.security_definer, twice.volatility, twice.strict) == (True, "immutable", True)
    assert twice.settings == ("search_path=app, pg_temp",)
    assert [(grant.grantee, grant.privilege) for grant in twice.grants] == [("reader", "EXECUTE")]
    touch = _function(picture, "app.touch()")
    assert (touch.kind, touch.language, touch.default_grants, touch.grants) == ("function", "plpgsql", True, ())
    assert "NEW.touched := now();" in touch.body
    assert _function(picture, "app.clean(integer)").kind == "procedure"
    total = _function(picture, "app.total(integer)")
    assert total.kind == "aggregate"
    assert total.body.startswith("sfunc = int4pl, stype = integer")


def test_function_whose_grants_were_taken_back_is_as_new(picture: Catalog, after: After) -> None:
    text = "EXECUTE ON FUNCTION app.touch()"
    changed = after(f"GRANT {text} TO reader; REVOKE {text} FROM reader")
    assert changed == picture


def test_views(picture: Catalog) -> None:
    big, _, counted = picture.views
    assert (big.kind, big.options) == ("view", ("security_barrier=true",))
    assert [column.name for column in big.columns] == ["id", "name"]
    assert (counted.kind, counted.populated) == ("materialized view", True)


def test_sequences(picture: Catalog) -> None:
    identity, serial, ticket = picture.sequences
    assert (identity.owned_by, identity.identity) == ("app.member.id", True)
    assert (serial.owned_by, serial.identity) == ("app.member.number", False)
    assert (ticket.type, ticket.increment, ticket.cache, ticket.owned_by) == ("integer", 2, 5, None)


def test_values_of_sequences_are_not_schema(picture: Catalog, after: After) -> None:
    assert after("SELECT setval('app.ticket', 99)") == picture


def test_types(picture: Catalog) -> None:
    assert picture.enums[0].labels == ("sad", "ok", "glad")
    assert [attribute.type for attribute in picture.composites[0].attributes] == ["text", "character varying(10)"]
    assert (picture.ranges[0].subtype, picture.ranges[0].difference) == ("double precision", "float8mi")


def test_grants(picture: Catalog) -> None:
    owner = picture.schemas[0].owner
    assert _table(picture, "organization").grants == (
        Grant("reader", "INSERT", grantable=False, grantor=owner),
        Grant("reader", "SELECT", grantable=False, grantor=owner),
        Grant("writer", "UPDATE", grantable=False, grantor=owner, column="name"),
    )
    assert picture.schemas[0].grants == (Grant("reader", "USAGE", grantable=False, grantor=owner),)
    everywhere, tables = picture.default_privileges
    assert (everywhere.schema, everywhere.objects, everywhere.grants) == (None, "functions", ())
    assert (tables.schema, tables.objects) == ("app", "tables")
    assert tables.grants == (Grant("reader", "SELECT", grantable=False, grantor=owner),)


def test_publications(picture: Catalog) -> None:
    (feed,) = picture.publications
    assert (feed.all_tables, feed.publishes, feed.tables) == (False, ("insert", "update"), ("app.organization",))


def test_publications_of_schemas(connection: Connection, after: After) -> None:
    if connection.info.server_version < 150000:
        pytest.skip("PostgreSQL 15 brought publications of whole schemas")
    *_, whole = after("CREATE PUBLICATION whole FOR TABLES IN SCHEMA app").publications
    assert whole.schemas == ("app",)


def test_members_of_extensions_and_temporary_tables_are_left_out(picture: Catalog, after: After) -> None:
    assert after("CREATE TEMPORARY TABLE passing (id serial PRIMARY KEY)") == picture
    changed = after("ALTER EXTENSION plpgsql ADD PROCEDURE app.clean; ALTER EXTENSION plpgsql ADD TABLE app.dog")
    assert changed.table("app.dog") is None
    assert "clean" not in {function.name for function in changed.functions}


def test_leave_out_schemas(picture: Catalog) -> None:
    rest = picture.without_schemas(frozenset({"app"}))
    assert [schema.name for schema in rest.schemas] == ["public"]
    assert (rest.tables, rest.functions, rest.enums) == ((), (), ())
    assert [entry.schema for entry in rest.default_privileges] == [None]
    assert picture.without_schemas(frozenset({"other"})) == picture
    assert rest.whole is picture
    assert rest.without_schemas(frozenset({"other"})).whole is picture
    assert picture.whole is picture


def test_search_path_is_restored(everything: Database) -> None:
    with closing(everything.connect()) as connection:
        connection.execute("SET search_path = app, public")
        Catalog.read(connection)
        assert connection.execute("SHOW search_path").fetchone() == ("app, public",)
        assert connection.info.transaction_status == TransactionStatus.IDLE


def test_reading_in_a_transaction_leaves_it_open(everything: Database) -> None:
    with closing(everything.connect()) as connection:
        connection.autocommit = False
        connection.execute("SET LOCAL search_path = app")
        connection.execute("CREATE TABLE app.pending ()")
        assert Catalog.read(connection).table("app.pending") is not None
        assert connection.info.transaction_status == TransactionStatus.INTRANS
        assert connection.execute("SHOW search_path").fetchone() == ("app",)
        connection.rollback()


def test_reading_without_autocommit_opens_no_transaction(everything: Database, picture: Catalog) -> None:
    with closing(everything.connect()) as connection:
        connection.autocommit = False
        assert Catalog.read(connection) == picture
        assert connection.info.transaction_status == TransactionStatus.IDLE


def test_failure_leaves_the_transaction_usable(everything: Database) -> None:
    with closing(everything.connect()) as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE blind")
        connection.execute("REVOKE SELECT ON pg_policy FROM PUBLIC")
        connection.execute("SET LOCAL ROLE blind")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            Catalog.read(connection)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_row_factory_of_the_caller_does_not_matter(everything: Database, picture: Catalog) -> None:
    with closing(everything.connect()) as connection:
        connection.row_factory = dict_row  # type: ignore[assignment]
        assert Catalog.read(connection) == picture


def _statements_sent(database: Database, trace: Path) -> int:
    """How many statements one reading sends, by libpq's own trace."""
    with closing(database.connect()) as connection, trace.open("w") as file:
        connection.pgconn.trace(file.fileno())
        Catalog.read(connection)
        connection.pgconn.untrace()
    sent = re.findall(r"\tF\t\d+\t(?:Execute|Query)\b", trace.read_text())
    return len(sent)


def test_number_of_queries_is_fixed(server: Server, everything: Database, tmp_path: Path) -> None:
    with server.create_database("empty") as empty:
        on_nothing = _statements_sent(empty, tmp_path / "empty.trace")
    assert _statements_sent(everything, tmp_path / "everything.trace") == on_nothing
    around = ("BEGIN", "set_config", "ROLLBACK")
    assert on_nothing == len(KINDS) + len(around)
