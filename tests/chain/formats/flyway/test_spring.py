"""The values in the configuration of Spring."""

from __future__ import annotations

import pytest

from migrate_validate.chain.formats.spring import properties, resolved, yaml


def test_properties() -> None:
    text = "# a = 1\n! b = 2\n\na.b=c\nd : e f\ng h\nlong = one, \\\n   two\nescaped\\:key = x\\=y\n"
    assert [tuple(each) for each in properties(text)] == [
        ("a.b", "c", 4),
        ("d", "e f", 5),
        ("g", "h", 6),
        ("long", "one, two", 7),
        ("escaped\\:key", "x=y", 9),
    ]


def test_yaml() -> None:
    text = """---
a:
  b: 1   # one
  "c d": 'two # not a comment'
  e:
  - x
  - "y"
  f.g: [1, 'z', ]
url: jdbc:postgresql://host/x
h: {i: 1}
j: &anchor
k: |
  some: text
l: 3
---
a.b: 2
"""
    assert {each.name: (each.value, each.line) for each in yaml(text)} == {
        "a.b": ("1", 3),
        "a.c d": ("two # not a comment", 4),
        "a.e": (["x", "y"], 6),
        "a.f.g": (["1", "z"], 8),
        "url": ("jdbc:postgresql://host/x", 9),
        "l": ("3", 14),
    }


def test_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME_OF_TESTS", "app")
    assert resolved("${NAME_OF_TESTS}_${OTHER_OF_TESTS:x}") == "app_x"
    assert resolved("${OTHER_OF_TESTS}") is None
    assert resolved("plain") == "plain"
