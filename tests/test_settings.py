"""The configuration: what it accepts, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.config import (
    Amount,
    DeclaredTenancy,
    Expectations,
    ExpectedIndex,
    ExpectedPolicy,
    SeedEntry,
    Settings,
)
from migrate_validate.errors import ConfigError
from migrate_validate.settings import load_project, load_settings


def load(folder: Path, beside: str = "", project: str = "") -> Settings:
    """The settings of a chain below a project."""
    chain = folder / "chain"
    chain.mkdir(exist_ok=True)
    (chain / "migrate_validate.toml").write_text(beside)
    (folder / "pyproject.toml").write_text(project)
    return load_settings(chain, folder)


def test_nothing_is_needed(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "nowhere", tmp_path) == Settings()
    assert load_project(tmp_path) == Settings()


def test_what_stands_beside_the_migrations_wins_key_by_key(tmp_path: Path) -> None:
    project = '[tool.migrate_validate]\nmigrations = ["chain"]\npostgres = 15\nlock-timeout = "500ms"\n'
    settings = load(tmp_path, "postgres = 17\nstrict = true", project)
    assert (settings.migrations, settings.postgres, settings.lock_timeout, settings.strict) == (
        ("chain",),
        17,
        0.5,
        True,
    )
    assert load_project(tmp_path).postgres == 15
    assert load_settings(tmp_path / "chain" / "001_one.sql", tmp_path).postgres == 17


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    beside = """statement_timeuot = 3
strict = "yes"
[severity]
applies = "fatal"
[expect.count]
tables = 3
[expect.counts]
tabels = 3
views = "many"
[[expect.backfills]]
column = "t.c"
at_least = 0.9
[[expect.counters]]
column = "t.n"
[[expect.unique]]
table = 3
columns = ["a", 4]
"""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, beside, "[tool.migrate_validate]\npostgres = '17'\nseeds = [{pth = 'x'}, 3]\n")
    project, chain = f"{tmp_path}/pyproject.toml [tool.migrate_validate]", f"{tmp_path}/chain/migrate_validate.toml"
    assert str(caught.value).splitlines() == [
        "the configuration cannot be used:",
        f"  {project}: postgres: '17' is not a major version such as 17",
        f"  {project}: seeds[0].pth: unknown key; did you mean 'path'?",
        f"  {project}: seeds[0]: the key 'path' is missing",
        f"  {project}: seeds[1]: 3 is not a table",
        f"  {project}: seeds[1]: the key 'path' is missing",
        f"  {chain}: statement_timeuot: unknown key; did you mean 'statement_timeout'?",
        f"  {chain}: strict: 'yes' is not true or false",
        f"  {chain}: severity.applies: 'fatal' is not one of error, warning, info, off",
        f"  {chain}: expect.count: unknown key; did you mean 'counts'?",
        f"  {chain}: expect.counts.tabels: unknown key; did you mean 'tables'?",
        f"""  {chain}: expect.counts.views: 'many' is not a count: 27, or "27+" for at least 27""",
        f"""  {chain}: expect.backfills[0].at_least: 0.9 is not a share such as "95%\"""",
        f"  {chain}: expect.counters[0]: the key 'counts' is missing",
        f"  {chain}: expect.counters[0]: the key 'by' is missing",
        f"  {chain}: expect.unique[0].table: 3 is not a string",
        f"  {chain}: expect.unique[0].columns[1]: 4 is not a string",
        "what to do: correct these; README.md lists all keys",
    ]


@pytest.mark.parametrize(
    ("written", "seconds"), [("30", 30), ("1.5", 1.5), ('"30s"', 30), ('"500ms"', 0.5), ('"2 min"', 120), ('"7"', 7)]
)
def test_times(tmp_path: Path, written: str, seconds: float) -> None:
    assert load(tmp_path, f"statement_timeout = {written}").statement_timeout == seconds


@pytest.mark.parametrize("written", ["0", "-1", "inf", "nan", '"0s"', '"3 hours"', "true", "1e9", "1e-6"])
def test_what_is_no_time(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigError, match='is not a time such as "30s", "500ms" or "2min"'):
        load(tmp_path, f"statement_timeout = {written}")


def test_rows(tmp_path: Path) -> None:
    assert load(tmp_path, "rows = 5000").rows == 5000
    assert load(tmp_path, "").rows is None


@pytest.mark.parametrize("written", ["0", "-1", "1.5", "true", '"many"'])
def test_what_is_no_number_of_rows(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigError, match="is not a number of rows such as 100000"):
        load(tmp_path, f"rows = {written}")


def test_expectations(tmp_path: Path) -> None:
    beside = """seeds = ["a.sql", {path = "b.sql", before = "002"}]
[expect.counts]
tables = "27+"
enums = 16
[expect.tables.users]
columns = {id = "uuid not null"}
rows = "1+"
[expect.indexes]
users_email = ""
[expect.policies]
"app.t" = ["one", "two"]
[[expect.backfills]]
column = "t.c"
at_least = "95%"
"""
    settings = load(tmp_path, beside)
    expect = settings.expect
    assert settings.seeds == (SeedEntry("a.sql"), SeedEntry("b.sql", "002"))
    assert expect.counts == {"tables": Amount(27, at_least=True), "enums": Amount(16)}
    assert (expect.tables[0].name, expect.tables[0].rows) == ("public.users", Amount(1, at_least=True))
    assert expect.indexes == (ExpectedIndex("public.users_email"),)
    assert expect.policies == (ExpectedPolicy("app.t", "one"), ExpectedPolicy("app.t", "two"))
    assert expect.backfills[0].at_least == 0.95


def test_what_is_no_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "strict = = 1")
    assert str(caught.value).startswith(f"{tmp_path}/chain/migrate_validate.toml is no valid TOML: ")
    assert str(caught.value).endswith("what to do: correct the file")
    with pytest.raises(ConfigError, match=r"migrate_validate: 3 is not a table"):
        load(tmp_path, "", "[tool]\nmigrate_validate = 3")


def test_a_path_that_cannot_be_looked_at_is_left_to_the_reader(tmp_path: Path) -> None:
    assert load_settings(tmp_path / ("x" * 300), tmp_path) == Settings()


def test_a_chain_does_not_name_the_chains_of_the_project(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, 'migrations = ["chain"]')
    assert str(caught.value).splitlines() == [
        "the configuration cannot be used:",
        f"  {tmp_path}/chain/migrate_validate.toml: migrations: belongs into {tmp_path}/pyproject.toml, "
        "for it is no key of one chain",
        "what to do: correct these; README.md lists all keys",
    ]
    (tmp_path / "migrate_validate.toml").write_text('migrations = ["chain"]')
    assert load_project(tmp_path).migrations == ("chain",)


def test_empty_strings_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, 'format = ""\nbase = [""]\nseeds = ["", {path = "", before = ""}]')
    where = f"  {tmp_path}/chain/migrate_validate.toml"
    assert str(caught.value).splitlines()[1:-1] == [
        *(f"{where}: format: an empty string", f"{where}: base[0]: an empty string"),
        *(f"{where}: seeds[0]: an empty string", f"{where}: seeds[1].path: an empty string"),
        f"{where}: seeds[1].before: an empty string",
    ]


def test_the_example_of_the_readme_is_accepted(tmp_path: Path) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    example = readme.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "migrate_validate.toml").write_text(example)
    (tmp_path / "rates.sql").touch()
    settings = load_project(tmp_path)
    assert len(settings.data) == 2
    assert all(getattr(settings, name) != getattr(Settings(), name) for name in ("migrations", "severity", "api_roles"))
    assert all(getattr(settings.expect, name) for name in Expectations.__dataclass_fields__)


def test_tenancy(tmp_path: Path) -> None:
    text = """[tenancy]
root = "orgs"
memberships = ["members", "app.staff"]
people = "auth.users"
claim = "app_metadata.org_id"
setting = "app.tenant"
person_setting = "app.user"
public_read = ["plans"]
cross_tenant = ["lookup"]
staff = []
"""
    assert load(tmp_path, text).tenancy == DeclaredTenancy(
        root="public.orgs",
        people="auth.users",
        memberships=("public.members", "app.staff"),
        claim="app_metadata.org_id",
        setting="app.tenant",
        person_setting="app.user",
        public_read=("public.plans",),
        cross_tenant=("public.lookup",),
        staff=(),
    )
    # Each person is a tenant.
    assert load(tmp_path, '[tenancy]\nroot = ""').tenancy == DeclaredTenancy(root="")


def test_what_is_wrong_with_the_tenancy(tmp_path: Path) -> None:
    text = '[tenancy]\nroots = "orgs"\nclaim = ""\nmemberships = "members"\npublic_read = [3]\nsetting = 4\n'
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    chain = f"{tmp_path}/chain/migrate_validate.toml"
    assert sorted(str(caught.value).splitlines()[1:6]) == [
        f"  {chain}: tenancy.claim: an empty string",
        f"  {chain}: tenancy.memberships: 'members' is not a list",
        f"  {chain}: tenancy.public_read[0]: 3 is not a string",
        f"  {chain}: tenancy.roots: unknown key; did you mean 'root'?",
        f"  {chain}: tenancy.setting: 4 is not a string",
    ]
    with pytest.raises(ConfigError, match="tenancy: 'orgs' is not a table"):
        load(tmp_path, 'tenancy = "orgs"')


def test_placeholders(tmp_path: Path) -> None:
    assert load(tmp_path, '[placeholders]\nowner = "app"\n').placeholders == {"owner": "app"}
    assert load(tmp_path, "placeholders = false\n").placeholders is False
    with pytest.raises(ConfigError, match=r"placeholders\.owner: 3 is not a string"):
        load(tmp_path, "placeholders = { owner = 3 }\n")
    with pytest.raises(ConfigError, match="placeholders: True is not a table"):
        load(tmp_path, "placeholders = true\n")
