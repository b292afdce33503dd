"""What graphile-migrate makes of a file before the server sees it: settings, placeholders, included files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.files import read_script
from migrate_validate.chain.formats.gmrc import DATABASE, substitute
from migrate_validate.chain.formats.queries import Query, as_sent, statements_of
from migrate_validate.chain.model import Script, Sends, Statement
from migrate_validate.errors import ChainError
from migrate_validate.findings import Location

INCLUDE = re.compile(r"^--![ \t]*include[ \t]+(?P<file>.*\.sql)[ \t]*$", re.MULTILINE)
_STAND_IN = "_database_name"
assert len(_STAND_IN) == len(DATABASE)


@dataclass(frozen=True, slots=True)
class Sending:
    """What holds for all scripts of a project."""

    fixtures: Path
    """Where included files lie."""
    values: Mapping[str, str]
    """Of placeholders, by name with the colon."""
    settings: Mapping[str, str]
    """Of PostgreSQL, for the session."""

    def sent(self, script: Script, sends: Sends) -> Script:
        """The script as it is sent.

        :raises ChainError: when it includes what cannot be included
        """
        ready = replace(script, text=substitute(script.text, self.values), sends=sends)
        plain = not INCLUDE.search(ready.text) and DATABASE not in ready.text and not self.settings
        if script.problem is not None or plain:
            return as_sent(ready)
        return replace(ready, statements=(*self._set(script.file), *self._statements(ready, ())))

    def _set(self, file: str) -> list[Statement]:
        return [
            Statement(f"SELECT set_config({_literal(name)}, {_literal(value)}, false)", Location(file, 1, 1), "select")
            for name, value in self.settings.items()
        ]

    def _statements(self, script: Script, above: tuple[Path, ...]) -> list[Statement]:
        """The statements of a script and, at their places, of the files that it includes."""
        found: list[Statement] = []
        lines = script.text.replace(DATABASE, _STAND_IN).split("\n")
        first = 1
        for number, line in enumerate(lines, 1):
            include = INCLUDE.fullmatch(line)
            if include is not None:
                found += statements_of(
                    [Query.of_lines(lines[first - 1 : number - 1], first)], script.file, script.sends
                )
                first = number + 1
                included = self._included(script, include["file"], number, above)
                inner = replace(included, text=substitute(included.text, self.values), sends=script.sends)
                found += self._statements(inner, (*above, included.path))
        found += statements_of([Query.of_lines(lines[first - 1 :], first)], script.file, script.sends)
        return [_with_database(each) for each in found]

    def _included(self, script: Script, name: str, line: int, above: tuple[Path, ...]) -> Script:
        path = (self.fixtures / name).resolve()
        if not path.is_relative_to(self.fixtures.resolve()):
            problem = f"which does not lie in {self.fixtures.name}/"
        elif not path.is_file():
            problem = "which does not exist"
        elif path in above:
            problem = "which is being included already: a circle"
        else:
            return read_script(path, script.path.parents[len(Path(script.file).parts) - 1])
        what = f"{script.file}:{line} includes {name}, {problem}"
        remedy = f"correct the name: it is looked for in {self.fixtures.name}/"
        raise ChainError(what, looked=[str(self.fixtures)], remedy=remedy)


def _with_database(statement: Statement) -> Statement:
    """The statement with the name of the database that it runs in, which is known only there."""
    if _STAND_IN not in statement.sql:
        return statement
    text = f"replace({_literal(statement.sql)}, {_literal(_STAND_IN)}, quote_ident(current_database()))"
    return replace(statement, sql=f"DO $migrate$ BEGIN EXECUTE {text}; END $migrate$", kind="do")


def _literal(text: str) -> str:
    quoted = "'" + text.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted
