"""Plans as sqitch reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.formats.sqitch_plan import Plan, read_plan
from migrate_validate.errors import ChainError

BY = "2025-01-02T03:04:05Z A Person <a@example.com>"
HEAD = "%syntax-version=1.0.0\n%project=shop\n%uri=https://example.com/\n\n"


def plan(folder: Path, *lines: str) -> Plan:
    path = folder / "sqitch.plan"
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return read_plan(path)


def problems(folder: Path, *lines: str) -> str:
    with pytest.raises(ChainError) as caught:
        plan(folder, *lines)
    return caught.value.what.removeprefix("sqitch refuses sqitch.plan:").strip()


def test_changes_tags_and_notes(tmp_path: Path) -> None:
    found = plan(
        tmp_path,
        f"schema {BY} # the schema",
        "# a remark",
        f"users [schema shop:schema] {BY} # needs it",
        f"@v1.0 {BY} # released",
        "",
        f"+ mail [users@v1.0 other:base !ldap] {BY}",
        f"users[users@v1.0] {BY}",
        f"  @v2.0 {BY}",
    )
    assert found.project == "shop"
    assert [each.version for each in found.changes] == ["schema", "users@v1.0", "mail", "users"]
    assert [each.line for each in found.changes] == [5, 7, 10, 11]
    assert [each.requires for each in found.changes] == [[], ["schema", "schema"], ["users@v1.0"], ["users@v1.0"]]
    assert found.changes[2].elsewhere == ["other:base"]
    assert found.changes[2].conflicts == ["ldap"]
    assert [each.tags for each in found.changes] == [[], ["@v1.0"], [], ["@v2.0"]]


def test_what_is_required_has_to_stand_before(tmp_path: Path) -> None:
    assert problems(tmp_path, f"a [b] {BY}", f"b {BY}") == "line 5: a requires b, which comes only on line 6"
    assert problems(tmp_path, f"a [b] {BY}", f"b [a] {BY}") == "line 5: a requires b, which requires a: a circle"
    assert problems(tmp_path, f"a [a] {BY}") == "line 5: a requires itself"
    assert problems(tmp_path, f"a [ghost] {BY}") == "line 5: a requires ghost, which the plan does not have"
    assert problems(tmp_path, f"a {BY}", f"b [a@v1] {BY}") == "line 6: b requires a@v1, which the plan does not have"


def test_conflicts(tmp_path: Path) -> None:
    assert problems(tmp_path, f"a {BY}", f"b [!a] {BY}") == (
        "line 6: b conflicts with a, which is deployed before it: sqitch deploy stops there"
    )
    assert [each.name for each in plan(tmp_path, f"b [!a] {BY}", f"a {BY}").changes] == ["b", "a"]


def test_lines_that_say_nothing(tmp_path: Path) -> None:
    said = problems(
        tmp_path,
        f"@v0 {BY}",
        "a",
        "b 2025-01-02T03:04:05Z",
        "c A Person <a@example.com>",
        "=x y z",
        f"d {BY}",
        f"d {BY}",
        f"@v1 {BY}",
        f"e {BY}",
        f"@v1 {BY}",
        f"@v2 [d] {BY}",
        f"f [@] {BY}",
    )
    assert [line.strip() for line in said.splitlines()] == [
        "line 5: the tag @v0 has no change before it",
        "line 6 (a) has no time",
        "line 7 (b) has no planner and mail address",
        "line 8 (c) has no time",
        "line 9 is no change and no tag: =x y z",
        "line 11: d is there twice, and no tag stands between the two to tell them apart",
        "line 14: there is another tag @v1",
        "line 15: the tag @v2 cannot require anything",
        "line 16: '@' is no dependency",
    ]


def test_a_plan_without_a_project(tmp_path: Path) -> None:
    path = tmp_path / "sqitch.plan"
    path.write_text(f"%syntax-version=1.0.0\n\na {BY}\n")
    with pytest.raises(ChainError) as caught:
        read_plan(path)
    assert str(caught.value).replace(str(tmp_path), "ROOT") == (
        "sqitch refuses sqitch.plan: there is no line %project=NAME at its top\n"
        "looked at:\n"
        "  ROOT/sqitch.plan\n"
        "what to do: correct the plan, as `sqitch plan` shows it"
    )


def test_a_plan_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "sqitch.plan"
    path.write_bytes(b"%project=\xff\n")
    with pytest.raises(ChainError, match=r"sqitch\.plan is not UTF-8"):
        read_plan(path)
