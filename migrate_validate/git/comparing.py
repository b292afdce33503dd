"""Whether two versions of a migration do the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from migrate_validate import syntax
from migrate_validate.chain.model import Chain, Script
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.git.changes import DOWN, Change
from migrate_validate.git.python import change_of_python, is_part

_OF_FOLDERS = frozenset({"up.sql", "migration.sql"})
"""What the script is called where each migration is a folder."""


def change(before: Script | None, after: Script | None, other_way: frozenset[str] = DOWN) -> Change:
    """How much a script was changed.

    :param before: None: there was none
    :param after: None: there is none
    :param other_way: of Python, what the functions are called that go the other way, in which a change does not count
    """
    if before is None or after is None:
        return Change.NONE if before is after else Change.STATEMENTS
    sent = [(each.sends, each.variables, each.problem, each.traced is None) for each in (before, after)]
    if sent[0] != sent[1]:
        return Change.STATEMENTS
    if before.traced is not None:
        return change_of_python(before, after, other_way)
    if before.text == after.text and before.statements is None and after.statements is None and not _includes(after):
        return Change.NONE
    try:
        same = meanings(before) == meanings(after)
    except ScriptError:
        same = before.text == after.text
    if same:
        return Change.NONE if before.text == after.text or is_part(after) else Change.WRITING
    return Change.STATEMENTS


def _includes(script: Script) -> bool:
    return "\\" in script.text


def meanings(script: Script) -> list[object]:
    """What each statement of a script has in common with all that do the same.

    :raises ScriptError: the script cannot be cut into statements
    """
    return [_meaning(each.sql, each.copy_data) for each in statements(script)]


def _meaning(sql: str, copy_data: str | None) -> object:
    """The tree without its places."""
    try:
        parsed = syntax.parse(sql)
    except syntax.GrammarError:
        return _words(sql), copy_data
    for each in parsed:
        for node in syntax.walk(each.node):
            for field, _ in node.ListFields():
                if field.name.endswith("location") or field.name == "stmt_len":
                    node.ClearField(field.name)
    return tuple(each.node.SerializeToString(deterministic=True) for each in parsed), copy_data


def _words(sql: str) -> tuple[str, ...]:
    """The words of a text that the grammar does not know, without comments."""
    try:
        tokens = syntax.scan(sql)
    except syntax.GrammarError:
        return tuple(sql.split())
    return tuple(sql[each.start : each.end] for each in tokens if not each.comment)


def companions(chain: Chain) -> dict[str, dict[str, Path]]:
    """The other files of each migration, by its file and by their paths relative to its folder.

    Those are all files of its folder where migrations are folders, and else those that are named after its file
    (``V1__a.sql.conf``).
    """
    named: dict[Path, dict[str, list[Path]]] = {}
    found = {}
    for each in chain.migrations:
        folder, scripts = each.up.path.parent, {script.path for script in (each.up, each.down) if script}
        if each.up.path.name in _OF_FOLDERS:
            files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path not in scripts]
        else:
            if folder not in named:
                named[folder] = _named_after(folder)
            files = named[folder].get(each.up.path.name, [])
        found[each.file] = {path.relative_to(folder).as_posix(): path for path in files}
    return found


def _named_after(folder: Path) -> dict[str, list[Path]]:
    """The files of a folder by all names that theirs begin with, up to a dot."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        for number, letter in enumerate(path.name):
            if letter == "." and path.is_file():
                found.setdefault(path.name[:number], []).append(path)
    return found


def changed_companions(before: dict[str, Path], after: dict[str, Path]) -> tuple[str, ...]:
    """The names of those that came, went or have other bytes."""
    return tuple(
        name
        for name in sorted(before.keys() | after.keys())
        if name not in before or name not in after or not _same_bytes((before[name], after[name]))
    )


def _same_bytes(paths: Iterable[Path]) -> bool:
    return len({path.read_bytes() for path in paths}) == 1
