"""Node ids, and what selects them: none of it needs a server."""

from __future__ import annotations

import sys

import pytest

from tests.support.projects import BAD, GOOD, run, run_here, statuses, write_chain

NO_SERVER = "--postgresql-exec=/nowhere/pg_ctl"


def ids(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


def test_node_ids_are_made_from_the_files_alone(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db/shop", GOOD)
    result = run_here(pytester, "--migrations=db/shop", NO_SERVER, "--collect-only", "-q")
    assert result.ret == 0
    found = ids(result)
    assert found[0] == "db/shop/001_shop.sql::applies"
    assert "db/shop/002_orders.sql::applies" in found
    assert "db/shop::indexes::unindexed-foreign-key" in found
    assert "db/shop::chain::seed-applies" in found
    assert result.outlines[-1].startswith(f"{len(found)} tests collected")


def test_a_file_is_a_chain_too(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    result = run_here(pytester, "--migrations=db/001_shop.sql", NO_SERVER, "--collect-only", "-q")
    assert ids(result)[0] == "db/001_shop.sql::applies"
    assert "db/001_shop.sql::tables::missing-table" in ids(result)


def test_a_module_of_python_is_named_once(pytester: pytest.Pytester) -> None:
    """Its node ids serve to select from it."""
    text = "def one(connection):\n    pass\n\nMIGRATIONS = [('001_one', one), ('002_two', one)]\n"
    write_chain(pytester, "app", {"migrations.py": text})
    arguments = ("--migrations=app/migrations.py", NO_SERVER, "--collect-only", "-q")
    found = ids(run_here(pytester, *arguments))
    assert found[0] == "app/migrations.py[001_one]::applies"
    assert "app/migrations.py::chain::seed-applies" in found
    chosen = "app/migrations.py[002_two]::applies"
    assert ids(run_here(pytester, *arguments, chosen)) == [chosen]
    assert ids(run_here(pytester, *arguments, "app/migrations.py")) == found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-k", "002_orders and applies"], ["db/002_orders.sql::applies"]),
        (["-k", "db", "--deselect=db::", "--deselect=db/001_shop.sql", "--deselect=db/002_orders.sql::rows"], None),
        (["db/001_shop.sql::applies"], ["db/001_shop.sql::applies"]),
        (["db::indexes::missing-index", "db/002_orders.sql::applies"], None),
        (["db/002_orders.sql"], None),
    ],
)
def test_items_are_selected_as_any_tests(
    pytester: pytest.Pytester, arguments: list[str], expected: list[str] | None
) -> None:
    write_chain(pytester, "db", GOOD)
    result = run_here(pytester, "--migrations=db", NO_SERVER, "--collect-only", "-q", *arguments)
    assert result.ret == 0
    if expected is not None:
        assert ids(result) == expected
    else:
        assert "db/002_orders.sql::applies" in ids(result)
        assert "db/001_shop.sql::applies" not in ids(result)
        assert "db::indexes::duplicate-index" not in ids(result)


def test_with_other_paths_both_run_and_without_only_the_chains(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    write_chain(pytester, "other", GOOD)
    pytester.makepyfile(test_mine="def test_it():\n    pass\n")
    options = ("--migrations=db", "--migrations=other", NO_SERVER, "--collect-only", "-q")
    alone = ids(run_here(pytester, *options))
    assert {line.split("::")[0].split("/")[0] for line in alone} == {"db", "other"}
    both = ids(run_here(pytester, *options, "test_mine.py"))
    assert set(both) == {"test_mine.py::test_it", *alone}


def test_chains_of_the_configuration_run_beside_the_tests(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    pytester.makepyprojecttoml("[tool.migrate_validate]\nmigrations = ['db']\n")
    pytester.makepyfile(test_mine="def test_it():\n    pass\n")
    found = ids(run_here(pytester, NO_SERVER, "--collect-only", "-q"))
    assert "test_mine.py::test_it" in found
    assert "db/001_shop.sql::applies" in found


def test_a_chain_that_holds_the_tests_leaves_their_paths_to_pytest(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "all", GOOD | {"test_mine.py": "def test_it():\n    pass\n"})
    found = ids(run_here(pytester, "--migrations=all", NO_SERVER, "--collect-only", "-q", "all/test_mine.py"))
    assert "all/test_mine.py::test_it" in found
    assert "all/001_shop.sql::applies" in found


def test_last_failed_runs_only_what_failed(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", BAD)
    assert run(pytester, "--migrations=db").ret == 1
    again = run(pytester, "--migrations=db", "--lf", "-v")
    assert again.ret == 1
    assert statuses(again) == {"db/002_broken.sql::applies": "FAILED"}
    again.stdout.fnmatch_lines(["*collected * items / * deselected / 1 selected*"])


def test_a_run_without_chains_imports_only_what_registers_options(pytester: pytest.Pytester) -> None:
    program = "import sys, pytest; pytest.main(['--collect-only', '-q']); print('imported', *sys.modules)"
    result = pytester.run(sys.executable, "-c", program)
    (line,) = (line for line in result.outlines if line.startswith("imported "))
    ours = {name.removeprefix("migrate_validate.") for name in line.split() if name.startswith("migrate_validate.")}
    assert ours == {
        "config",
        "errors",
        "settings",
        "values",
        *(f"plugin{part}" for part in ("", ".fixtures", ".hooks", ".options")),
    }


def test_tests_beside_chains_are_imported_as_pytest_does_it(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    pytester.makepyfile(
        test_mine="""
        import gc
        import migrate_validate.evaluation

        def test_the_loaders():
            assert gc.isenabled()
            assert type(migrate_validate.evaluation.__loader__).__name__ == "SourceFileLoader"
            assert type(__loader__).__name__ == "AssertionRewritingHook"

        def test_what_differs():
            assert [1, 2] == [1, 3]
        """
    )
    result = run(pytester, "--migrations=db", "-v", "test_mine.py")
    assert statuses(result)["test_mine.py::test_the_loaders"] == "PASSED"
    result.stdout.fnmatch_lines(["E*At index 1 diff: 2 != 3"])
