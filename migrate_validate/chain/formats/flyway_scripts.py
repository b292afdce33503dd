"""The texts of Flyway's files as Flyway sends them: with the values of placeholders, in transactions or not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats import placeholders
from migrate_validate.chain.formats.flyway_settings import Flyway, script_settings, truth
from migrate_validate.chain.formats.model import Reading
from migrate_validate.chain.formats.placeholders import Unknown, replace_placeholders
from migrate_validate.chain.model import Script, Sends
from migrate_validate.chain.statements import ScriptError, statements

TABLE = "flyway_schema_history"
"""The table of applied versions, where the configuration has no other name."""
_MAY_REFUSE = re.compile(r"concurrently|vacuum|database|tablespace|subscription|system|reindex|discard", re.IGNORECASE)
"""Words without which Flyway runs all statements of a file in one transaction."""
_REFUSES = re.compile(
    r"(?:(?:create|drop)\s+(?:database|tablespace|subscription|(?:unique\s+)?index\s+concurrently)|alter\s+system|vacuum"
    r"|reindex\s+(?:verbose\s+)?(?:schema|database|system)|discard\s+all)\b",
    re.IGNORECASE,
)
"""The statements of which Flyway knows that they cannot run in one: not all that there are."""


_WHERE = (
    "give it as flyway.placeholders.name in flyway.conf, flyway.toml or pom.xml, or in Spring's application.properties"
    " or .yml (files of Gradle are not read)"
)


@dataclass
class Scripts:
    """Reads files, and remembers the placeholders in them that have no value."""

    reading: Reading
    flyway: Flyway
    unknown: list[tuple[str, Unknown]] = field(default_factory=list)

    def read(self, path: Path) -> Script | None:
        """The file as Flyway sends it; None where its configuration says that it is not to run."""
        script = read_script(path, self.reading.root)
        own = script_settings(
            path.with_name(path.name + ".conf"),
            {
                "executeInTransaction": lambda entry: truth(entry, "executeInTransaction"),
                "placeholderReplacement": lambda entry: truth(entry, "placeholderReplacement"),
                "shouldExecute": lambda entry: entry,
            },
        )
        values = self._values(path)
        if "shouldExecute" in own:
            entry = own["shouldExecute"]
            condition, unknown = self._replaced(str(entry.value), values)
            self.unknown += [
                (relative(entry.path, self.reading.root), replace(each, line=entry.line)) for each in unknown
            ]
            if not unknown and not _holds(condition):
                return None
        if own.get("placeholderReplacement", self._replaces):
            text, unknown = self._replaced(script.text, values)
            self.unknown += [(script.file, each) for each in unknown]
            script = replace(script, text=text)
        return self._sent(script, own.get("executeInTransaction"))

    def _sent(self, script: Script, wanted: bool | None) -> Script:
        """The script with the transactions that Flyway gives it.

        :param wanted: whether it is to be one, where its own configuration says so
        """
        together = self.flyway.flag("executeInTransaction", default=True) if wanted is None else wanted
        if not together:
            return replace(script, sends=Sends.STATEMENTS)
        if script.problem is not None or wanted or not _MAY_REFUSE.search(script.text):
            return replace(script, sends=Sends.TRANSACTION)
        try:
            parts = statements(script)
        except ScriptError:
            return script
        alone = [part for part in parts if _REFUSES.match(part.sql)]
        if not alone:
            return replace(script, sends=Sends.TRANSACTION)
        if len(alone) < len(parts) and not self.flyway.flag("mixed", default=False):
            other = next(part for part in parts if part not in alone)
            lines = f"line {alone[0].location.line}", f"line {other.location.line}"
            problem = (
                f"Flyway refuses it: {lines[0]} cannot run in a transaction, {lines[1]} can, flyway.mixed is not set:"
                " put them into files of their own"
            )
            return replace(script, text="", problem=problem)
        return replace(script, sends=Sends.STATEMENTS)

    @property
    def _replaces(self) -> bool:
        wanted = self.reading.settings.placeholders is not False
        return wanted and self.flyway.flag("placeholderReplacement", default=True)

    def _replaced(self, text: str, values: dict[str, str]) -> tuple[str, tuple[Unknown, ...]]:
        return replace_placeholders(
            text,
            values,
            prefix=self.flyway.text("placeholderPrefix", "${"),
            suffix=self.flyway.text("placeholderSuffix", "}"),
        )

    def _values(self, path: Path) -> dict[str, str]:
        given = self.reading.settings.placeholders or {}
        separator = self.flyway.text("placeholderSeparator", ":")
        schemas = self.flyway.texts("schemas")
        usual = {
            "environment": "default",
            "defaultschema": self.flyway.text("defaultSchema", schemas[0] if schemas else "public"),
            "filename": path.name,
            "table": self.flyway.text("table", TABLE),
            "timestamp": "2000-01-01 00:00:00",
            "user": "CURRENT_USER",
            "workingdirectory": str(path.parent),
        }
        return (
            {f"flyway{separator}{name}": text for name, text in usual.items()}
            | self.flyway.placeholders
            | {name.lower(): text for name, text in given.items()}
        )

    def refuse_unknown(self) -> None:
        """Say which placeholders have no value.

        :raises ChainError: when there are any
        """
        placeholders.refuse_unknown(self.unknown, [_WHERE])


def _holds(condition: str) -> bool:
    """Whether a condition of ``shouldExecute`` does: ``true``, ``a==b``, ``a!=b``."""
    for sign, wanted in (("==", True), ("!=", False)):
        if sign in condition:
            left, _, right = condition.partition(sign)
            return (left.strip() == right.strip()) is wanted
    return condition.strip().lower() != "false"
