"""README.md says what is true."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from migrate_validate.report.reference import rules_reference
from migrate_validate.rules import Registry
from tests.support.projects import run, statuses

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_list_of_rules_is_the_one_of_their_docstrings() -> None:
    start = README.index("\n", README.index("<!-- rules:")) + 1
    assert README[start : README.index("<!-- end of rules -->")] == rules_reference(Registry.load())


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
        "test_library.py::test_no_orphans": "PASSED",
        "supabase::my_rules::table-without-comment": "WARNED",
    }
