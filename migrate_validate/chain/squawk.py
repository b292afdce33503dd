"""squawk, another linter of migrations, where it is installed: what it says of the text of a chain.

It is run as a process of its own, once a chain (twice where some files are one transaction and others are not), on
copies of the migrations: the text is the one that is applied, whatever its encoding marks and wherever it lies.
"""

from __future__ import annotations

import glob
import json
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from migrate_validate.chain.ignores import SQUAWK, statement_at
from migrate_validate.chain.model import Chain, Script, TransactionMode
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.chain.transactions import transaction_mode
from migrate_validate.findings import Finding, Location

MAJOR = 2
"""The major version of squawk whose report is understood."""
TIME_LIMIT = 120.0
"""Seconds that one run of squawk may take."""
CONFIGURATION = ".squawk.toml"
CANNOT_READ = "syntax-error"
"""What squawk calls it when its grammar does not accept a file, of which it then says nothing else."""

_SET = re.compile(r"^\s*\\set\s+(\w+)", re.MULTILINE)
"""What gives one of psql's variables its value."""


class SquawkTrouble(Exception):
    """squawk could not be asked: it crashed, hung, or is of another version."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that squawk says of a migration."""

    rule: str
    """Its own name, ``ban-drop-column``."""
    message: str
    help: str
    """What it advises; may be empty."""
    location: Location


def executable() -> Path | None:
    """The program squawk: beside this Python, else on the PATH; None: it is not installed."""
    beside = Path(sysconfig.get_path("scripts")) / "squawk"
    found = beside if beside.is_file() else shutil.which("squawk")
    return Path(found) if found else None


class Squawk:
    """What squawk says of the migrations of one chain; it is run when somebody asks first."""

    def __init__(self, chain: Chain, major: int, program: Path | None) -> None:
        """Ask this program.

        :param major: of the PostgreSQL that the migrations are for
        :param program: None: squawk is not installed
        """
        self._chain = chain
        self._major = major
        self._program = program

    @property
    def installed(self) -> bool:
        """Whether there is a program to ask."""
        return self._program is not None

    def guesses(self, file: str) -> tuple[Guess, ...]:
        """What it says of a migration, in the order of the lines; nothing where it is not installed.

        :raises SquawkTrouble: when it could not be asked
        """
        if isinstance(self._answer, SquawkTrouble):
            raise self._answer.with_traceback(None)
        return self._answer.get(file, ())

    def corroborated(self, finding: Finding) -> Finding:
        """The finding with what squawk says of the same statement, where the two look for the same.

        :raises SquawkTrouble: when it could not be asked
        """
        place = finding.location
        theirs = [alias.removeprefix(SQUAWK) for alias in finding.aliases if alias.startswith(SQUAWK)]
        if place is None or not theirs:
            return finding
        for guess in self.guesses(place.file):
            script = next(each.up for each in self._chain.migrations if each.file == guess.location.file)
            if guess.rule in theirs and statement_at(script, guess.location) == statement_at(script, place):
                return replace(finding, evidence={**finding.evidence, "squawk": f"{guess.rule}: {guess.message}"})
        return finding

    @cached_property
    def _answer(self) -> dict[str, tuple[Guess, ...]] | SquawkTrouble:
        if self._program is None:
            return {}
        try:
            return self._ask(self._program)
        except SquawkTrouble as trouble:
            return trouble

    def _ask(self, program: Path) -> dict[str, tuple[Guess, ...]]:
        _check_version(program)
        scripts = {each.file: each.up for each in self._chain.migrations if not each.up.problem}
        wrapped = {file for file, script in scripts.items() if _in_transaction(script)}
        found: dict[str, list[Guess]] = defaultdict(list)
        lines: dict[str, list[str]] = {}
        with tempfile.TemporaryDirectory(prefix="mv-squawk-") as name:
            directory = Path(name)
            for file, script in scripts.items():
                target = directory / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(_without_variables(script.text), encoding="utf-8", newline="")
            for group, option in (
                (sorted(wrapped), "--assume-in-transaction"),
                (sorted(scripts.keys() - wrapped), "--no-assume-in-transaction"),
            ):
                for entry in self._run(program, directory, group, option):
                    file = Path(entry["file"]).as_posix()
                    if file not in lines:
                        lines[file] = scripts[file].text.split("\n")
                    found[file].append(_guess(file, lines[file], entry))
        return {file: tuple(guesses) for file, guesses in found.items()}

    def _run(self, program: Path, directory: Path, files: Sequence[str], option: str) -> list[dict[str, Any]]:
        if not files:
            return []
        options = ["--reporter=json", "--no-error-on-unmatched-pattern", f"--pg-version={self._major}", option]
        # Without a configuration of its own it would look for one above the temporary directory.
        options.append(f"--config={_configuration(self._chain.root) or '/dev/null'}")
        output = _output(program, [*options, "--", *map(glob.escape, files)], directory)
        try:
            entries: list[dict[str, Any]] = json.loads(output)
        except ValueError:
            raise SquawkTrouble(f"{program} did not answer in JSON: {output.strip()[:200]!r}") from None
        return entries


def _check_version(program: Path) -> None:
    said = _output(program, ["--version"], Path.cwd()).strip()
    version = re.fullmatch(r"squawk (\d+)\.\S+", said)
    if version is None or int(version[1]) != MAJOR:
        raise SquawkTrouble(f"{program} is {said or 'of no known version'}, and {MAJOR}.x is needed")


def _output(program: Path, arguments: Sequence[str], directory: Path) -> str:
    """What it writes; its exit status is 1 for findings too.

    :raises SquawkTrouble: when it does not come so far
    """
    try:
        run = subprocess.run(
            [program, *arguments], cwd=directory, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise SquawkTrouble(f"{program} took longer than {TIME_LIMIT:.0f} s") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SquawkTrouble(f"{program} cannot be run: {error}") from None
    if run.returncode not in (0, 1) or not run.stdout.strip():
        said = next(iter(run.stderr.strip().splitlines()), "nothing")
        raise SquawkTrouble(f"{program} failed with status {run.returncode} and said: {said}")
    return run.stdout


def _configuration(root: Path) -> Path | None:
    """The project's own configuration of squawk: the nearest at or above the chain."""
    places = (directory / CONFIGURATION for directory in (root, *root.parents))
    return next((place for place in places if place.is_file()), None)


def _in_transaction(script: Script) -> bool:
    try:
        return transaction_mode(statements(script), script.sends)[0] is TransactionMode.FILE
    except ScriptError:
        return True


def _without_variables(text: str) -> str:
    """A script with names in place of psql's variables, which squawk does not know, and all else where it was."""
    names = "|".join(map(re.escape, _SET.findall(text)))
    return re.sub(rf"(?<![:\w]):(?=(['\"]?)(?:{names})\1(?!\w))", " ", text) if names else text


def _guess(file: str, lines: Sequence[str], entry: dict[str, Any]) -> Guess:
    """An entry of the report, whose lines and columns count from 0, the latter in bytes of UTF-8."""
    line = int(entry["line"])
    before = lines[line].encode()[: int(entry["column"])] if line < len(lines) else b""
    location = Location(file, line + 1, len(before.decode(errors="ignore")) + 1)
    return Guess(entry["rule_name"], entry["message"], entry["help"] or "", location)
