"""README.md says what is true."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import pytest

from migrate_validate.chain.assumptions import FORMS, Kind, read
from migrate_validate.chain.formats import FORMATS
from migrate_validate.postgres import Server
from migrate_validate.preflight import preflight
from migrate_validate.report.reference import formats_reference, rules_reference
from migrate_validate.rules import Registry
from tests.support.dsns import dsn_of
from tests.support.projects import run, statuses
from tests.support.repositories import repository

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_list_of_rules_is_the_one_of_their_docstrings() -> None:
    start = README.index("\n", README.index("<!-- rules:")) + 1
    assert README[start : README.index("<!-- end of rules -->")] == rules_reference(Registry.load())


def test_table_of_conventions_is_theirs() -> None:
    start = README.index("\n", README.index("<!-- formats:")) + 1
    assert README[start : README.index("<!-- end of formats -->")] == formats_reference(FORMATS)


def printed(pytester: pytest.Pytester, chain: str, *arguments: str) -> str:
    """What the tool prints of a chain that README.md shows findings of, measured numbers made alike."""
    shutil.copytree(Path(__file__).parent / "readme" / chain, pytester.path / chain, dirs_exist_ok=True)
    return without_numbers(run(pytester, f"--migrations={chain}", "-p", "no:xdist", *arguments).stdout.str())


def with_history(pytester: pytest.Pytester, chain: str) -> str:
    """The chain, in a repository whose branch ``main`` does not have its second migration."""
    files = sorted((Path(__file__).parent / "readme" / chain).iterdir())
    repository(pytester.path, {f"{chain}/{file.name}": file.read_text() for file in (*files[:1], *files[2:])})
    return chain


def without_numbers(text: str) -> str:
    return re.sub(r"\b\d+(\.\d+)? ms\b|(?<= ms: )[\d.]+|\d+ of \d+(?= generated)", "N", text)


def shown(section: str | None = None) -> list[str]:
    """The indented blocks of a section of README.md; None: of what comes before the first one."""
    start = README.index(f"\n## {section}\n") if section else 0
    text = README[start : README.index("\n## ", start + 1)]
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", text, re.MULTILINE)
    return [block for each in blocks if (block := textwrap.dedent(each).strip("\n"))]


def test_findings_are_shown_as_they_are_printed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = "".join(printed(pytester, chain, "-v", "--tb=no") for chain in ("shop", "hosted"))
    text += printed(
        pytester, with_history(pytester, "late"), "-v", "--tb=no", "--migrations-since=main", "-k", "history"
    )
    (block,) = shown("What it finds")
    findings = re.split(r"\n(?=\w)", block)
    assert [each for each in findings if each not in text] == []
    checks = {registered.name: registered.check for registered in Registry.load()}
    assert {checks[each.split()[1]] for each in findings} == set(checks.values())


def test_conflicts_and_locks_are_shown_as_they_are_printed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    selected = "silent-no-op or index-built-under-lock or blocked-while"
    text = printed(pytester, "shop", "--migrations-strict", "--migrations-rows=100000", "-k", selected)
    blocks = [without_numbers(each) for each in (*shown("Conflicts"), *shown("Locks"))]
    assert len(blocks) == 3
    assert [each for each in blocks if each not in text] == []


@pytest.mark.parametrize(
    ("chain", "rule", "blocks"),
    [("orders", "rows-lost", shown()), ("people", "fails-on-data", shown("Migrations against data"))],
)
def test_counterexamples_are_shown_as_they_are_printed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, chain: str, rule: str, blocks: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    # Time enough on a busy machine, too.
    pytester.makeconftest("import hypothesis as h; h.settings.register_profile('slow', max_examples=400)")
    text = printed(pytester, chain, "-k", rule, "--hypothesis-profile=slow").replace(" --hypothesis-profile=slow", "")
    (block,) = (each for each in blocks if f"error[{rule}]" in each)
    assert without_numbers(block.removeprefix(f"$ migrate-validate tests/readme/{chain}\n\n")) in text


def test_the_examples_run(pytester: pytest.Pytester) -> None:
    tests, library, rules, hook = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    shutil.copytree(Path(__file__).parent.parent / "sample_migrations/organizational_model", pytester.path / "supabase")
    pytester.makepyfile(my_rules=rules, test_fixtures=tests, test_library=library)
    pytester.makeconftest(f"import my_rules\n\n{hook}")
    pytester.makepyprojecttoml('[tool.migrate_validate]\nmigrations = ["supabase"]\n')
    words = statuses(run(pytester, "-v", "-k", "test_ or table-without-comment"))
    assert words == {
        "test_fixtures.py::test_every_profile_has_an_organization": "PASSED",
        "test_fixtures.py::test_backfill_keeps_old_rows": "PASSED",
        "test_fixtures.py::test_invitations_are_private": "PASSED",
        "test_library.py::test_no_orphans": "PASSED",
        "supabase::my_rules::table-without-comment": "WARNED",
    }


ASSUMED = README.partition("\n## What a migration takes for granted\n")[2].partition("\n## ")[0]


def test_the_example_of_preflight(server: Server, tmp_path: Path) -> None:
    shown = ASSUMED.partition("    migrations against shop")[2].partition("\n\nIt asks")[0]
    title, _, expected = textwrap.dedent(f"    migrations against shop{shown}").partition("\n")
    folder = tmp_path / "migrations"
    folder.mkdir()
    comment = "-- migrate-validate: assume unique lower(email) on users\n"
    for name in ("001_users.sql", "002_more.sql", "003_unique.sql"):
        (folder / name).write_text(comment if name.startswith("003") else "select 1;\n")
    with server.create_database("shop") as database:
        with database.connect() as connection:
            connection.execute(
                "create table users (id int primary key, email text, invited_by int references users);"
                "insert into users values (17, 'Ada@example.org'), (4711, 'ada@example.org'), (18, 'bob@example.org');"
                "create table schema_migrations (version text); insert into schema_migrations values ('001'), ('002')"
            )
        done = preflight(dsn_of(server, database), tmp_path, "migrations")
    told, _, text = done.text.partition("\n")
    assert told.partition(": ")[2] == title.partition(": ")[2]
    assert text == expected


def test_what_it_states_of_assumptions_can_be_read() -> None:
    forms = re.findall(r"^\| `(.*?)` \|", ASSUMED, re.MULTILINE)[1:]
    assert len(forms) == len(FORMS)
    assert [read(form.replace(" ...", " true")).kind for form in forms] == list(Kind)
    assert {read(text).kind for text in re.findall(r"migrate-validate: assume (.*)", ASSUMED)} == {Kind.UNIQUE}
