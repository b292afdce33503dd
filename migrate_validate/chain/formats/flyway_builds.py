"""What the files of builds tell Flyway: the plain values of Maven's ``pom.xml``; those of Gradle are programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

MAVEN = "pom.xml"
GRADLE = ("build.gradle", "build.gradle.kts")
_PLUGIN = "flyway-maven-plugin"
_PROPERTIES = "properties"
_START = "flyway."
_REFERENCE = re.compile(r"\$\{([^${}]+)\}")
_BLOCK = re.compile(r"^\s*flyway\s*\{", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
_SETTINGS = (
    "locations",
    "schemas",
    "defaultSchema",
    "table",
    "placeholders",
    "placeholderReplacement",
    "placeholderPrefix",
    "placeholderSuffix",
    "placeholderSeparator",
    "sqlMigrationPrefix",
    "undoSqlMigrationPrefix",
    "baselineMigrationPrefix",
    "repeatableSqlMigrationPrefix",
    "sqlMigrationSeparator",
    "sqlMigrationSuffixes",
    "mixed",
    "executeInTransaction",
    "configFiles",
)
"""What changes how migrations are found, or what is sent."""


def by_maven(path: Path) -> bool:
    """Whether a ``pom.xml`` lies there that uses Flyway's plugin."""
    return path.is_file() and _PLUGIN in _text(path)


def of_maven(path: Path, notes: list[str]) -> dict[str, Any]:
    """The settings of Flyway's plugin in a ``pom.xml``, by name: a text, or a list of texts.

    :param notes: gets what is there and cannot be read
    """
    text = _text(path)
    if _PLUGIN not in text:
        return {}
    try:
        # Entities, which may grow without end, are declared in a document type: no pom.xml has one.
        project = None if "<!DOCTYPE" in text else ElementTree.fromstring(text)
    except ElementTree.ParseError:
        project = None
    if project is None:
        notes.append(f"{path} is no plain XML, and was not read: {_instead('what it tells Flyway')}")
        return {}
    own = {_name(each): (each.text or "").strip() for each in _below(project, _PROPERTIES)}
    own |= {"basedir": str(path.parent), "project.basedir": str(path.parent)}
    found = {name.removeprefix(_START): value for name, value in own.items() if name.startswith(_START)}
    for plugin in _plugins(project):
        for setting in _below(plugin, "configuration"):
            found |= _values(setting)
    known = {name: _resolved(value, own) for name, value in found.items()}
    unknown = sorted(name for name, value in known.items() if value is None and name.partition(".")[0] in _SETTINGS)
    if unknown:
        told = f"{path} takes {_listed(unknown)} of Flyway from elsewhere, which is not known here"
        notes.append(f"{told}: {_instead(_listed(unknown))}")
    return {name: value for name, value in known.items() if value is not None}


def of_gradle(path: Path) -> str:
    """What to tell of a file of Gradle that configures Flyway; empty where there is nothing."""
    text = _COMMENT.sub("", _text(path)) if path.is_file() else ""
    begun = _BLOCK.search(text)
    if begun is None:
        return ""
    block = _block(text[begun.end() :])
    named = [name for name in _SETTINGS if re.search(rf"(?<![\w.]){name}\b", block)]
    if not named:
        return ""
    return f"{path} sets {_listed(named)} of Flyway in code, which is not run: {_instead(_listed(named))}"


def _instead(what: str) -> str:
    return (
        f"write {what} into flyway.conf beside it, too; placeholders can also be given in migrate_validate.toml, and "
        "the directory of the migrations be named itself"
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _block(text: str) -> str:
    """The text up to the brace that ends a block."""
    depth = 1
    for place, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if not depth:
            return text[:place]
    return text


def _plugins(project: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Flyway's, where all builds have it: not those of profiles."""
    for build in _children(project, "build"):
        for holder in (*_children(build, "pluginManagement"), build):
            for plugin in _below(holder, "plugins"):
                if any((each.text or "").strip() == _PLUGIN for each in _children(plugin, "artifactId")):
                    yield plugin


def _values(setting: ElementTree.Element) -> dict[str, Any]:
    name = _name(setting)
    if name == "placeholders":
        return {f"{name}.{_name(each)}": (each.text or "").strip() for each in setting}
    return {name: [(each.text or "").strip() for each in setting] if len(setting) else (setting.text or "").strip()}


def _resolved(value: Any, own: Mapping[str, str]) -> Any:
    """A value with the properties of the file in it; None where one of them is not in the file."""
    if isinstance(value, list):
        parts = [_resolved(each, own) for each in value]
        return None if None in parts else parts
    for _ in range(len(own)):
        replaced = _REFERENCE.sub(lambda match: own.get(match[1], match[0]), value)
        if replaced == value:
            break
        value = replaced
    return None if _REFERENCE.search(value) else value


def _below(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    for each in _children(element, name):
        yield from each


def _children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (each for each in element if _name(each) == name)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""
