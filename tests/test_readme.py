"""README.md says what is true."""

from pathlib import Path

from migrate_validate.report.reference import rules_reference
from migrate_validate.rules import Registry

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_list_of_rules_is_the_one_of_their_docstrings() -> None:
    start = README.index("\n", README.index("<!-- rules:")) + 1
    assert README[start : README.index("<!-- end of rules -->")] == rules_reference(Registry.load())
