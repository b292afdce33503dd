"""The present state, written as expectations that then hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.errors import ChainError, ConfigError
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Verdict
from migrate_validate.postgres import ServerOptions
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings
from migrate_validate.snapshot import snapshot
from tests.support.servers import available_majors

RULES = ("missing-table", "missing-column", "column-mismatch", "missing-index", "missing-policy", "object-count")
SCHEMA = r"""
create schema app;
create type app.mood as enum ('sad', 'glad');
create table app."odd ""name\" (id bigint primary key, "my col" app.mood not null, tags text[], at timestamptz(3));
create table users (id uuid primary key, email varchar(20) not null unique, n numeric(10, 2) default 0);
create index users_email on users (lower(email));
create view emails as select email from users;
create materialized view totals as select count(*) as n from users;
create unique index totals_n on totals (n);
create table parts (id int not null, primary key (id)) partition by range (id);
create table parts_1 partition of parts for values from (0) to (10);
create index parts_again on parts (id);
alter table users enable row level security;
create policy "read ""all"" of it" on users for select using (true);
create function f() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger t before insert on parts for each row execute function f();
"""


@pytest.fixture(params=available_majors(), ids=lambda major: f"pg{major}")
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A chain in a project that asks for one major version of PostgreSQL."""
    folder = tmp_path / "chain"
    folder.mkdir()
    (folder / "001_schema.sql").write_text(SCHEMA)
    (folder / "migrate_validate.toml").write_text(f"postgres = {request.param}\n[severity]\napplies = 'error'")
    return folder


def test_what_was_written_holds(chain: Path) -> None:
    target = chain / "migrate_validate.toml"
    before = target.read_text()
    assert snapshot("chain", chain.parent) == f"{target}: the expected state of 4 tables was written"
    assert target.read_text().startswith(before)
    settings = load_settings(chain, chain.parent)
    assert settings.expect.counts["indexes"].number == 7
    evaluation = Evaluation(
        read_chain("chain", settings, rootdir=chain.parent), settings, ServerOptions(major=settings.postgres)
    )
    try:
        registry = Registry.load()
        results = [evaluation.evaluate(registry[name]) for name in RULES]
        assert f"PostgreSQL {settings.postgres}." in evaluation.timeline.server
    finally:
        evaluation.close()
    assert [(r.rule, r.verdict, r.findings) for r in results] == [(name, Verdict.PASSED, ()) for name in RULES]
    with pytest.raises(ConfigError) as caught:
        snapshot("chain", chain.parent)
    assert str(caught.value).splitlines() == [
        f"an expected state is declared already: {target} was left as it is",
        "looked at:",
        f"  {target}",
        f"  {chain.parent}/pyproject.toml [tool.migrate_validate.expect]",
        "what to do: remove its [expect] part and call snapshot again",
    ]


def test_a_chain_that_fails_is_not_written_down(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_text("create table t ();\nselect 1 / 0;")
    with pytest.raises(ChainError) as caught:
        snapshot(".", tmp_path)
    assert str(caught.value).splitlines() == [
        "the chain cannot be applied: 001_a.sql:2:1: division by zero",
        "what to do: see the whole report: migrate-validate .",
    ]
    (tmp_path / "base.sql").write_text("select nix;")
    (tmp_path / "migrate_validate.toml").write_text('base = ["base.sql"]')
    with pytest.raises(ChainError, match=r"cannot be applied: base\.sql:1:8: column \"nix\" does not exist"):
        snapshot(".", tmp_path)
    assert (tmp_path / "migrate_validate.toml").read_text() == 'base = ["base.sql"]'


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_text("select 1;")
    (tmp_path / "migrate_validate.toml").write_text('strict = 1\nenvironment = "bare"\nbase = ["a.sql"]')
    with pytest.raises(ConfigError) as caught:
        snapshot(".", tmp_path)
    assert [line.partition(" (")[0] for line in str(caught.value).splitlines()] == [
        "the configuration cannot be used:",
        f"  {tmp_path}/migrate_validate.toml: strict: 1 is not true or false",
        '  .: there is no environment "bare"; '
        "set environment to one of: plain, supabase; or to the path of a .sql file",
        "  .: base: a.sql does not exist",
        "what to do: correct these; README.md lists all keys",
    ]
