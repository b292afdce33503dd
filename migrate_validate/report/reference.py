"""The lists of rules and of conventions, made from what these say of themselves; a test keeps README.md's copies true.

``python -m migrate_validate.report.reference`` prints them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from migrate_validate.chain.formats import FORMATS
from migrate_validate.chain.formats.model import Format
from migrate_validate.rules import Registry, Scope

_RUNS = {
    Scope.CHAIN: "on the files",
    Scope.RUN: "once",
    Scope.SCHEMA: "on the schema",
    Scope.DATA: "on the data",
    Scope.STEP: "each migration",
    Scope.STAGE: "each migration, in the state before it",
}


def rules_reference(registry: Registry) -> str:
    """A Markdown table for each check module: rule, severity, when it runs, what it finds, other tools' names."""
    parts = []
    for check, rules in groupby(registry, key=lambda rule: rule.check):
        lines = [f"**`{check}`**", "", "| rule | severity | runs | finds |", "|---|---|---|---|"]
        for rule in rules:
            first = rule.summary.split(". ")[0]
            also = f" ({', '.join(rule.aliases)})" if rule.aliases else ""
            lines.append(f"| `{rule.name}` | {rule.severity} | {_RUNS[rule.scope]} | {first}{also} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def formats_reference(formats: Iterable[Format]) -> str:
    """A Markdown table of conventions: what ``--migrations-format`` takes, the tool, what its files look like."""
    lines = ["| `--migrations-format` | tool | looks like |", "|---|---|---|"]
    lines += [f"| `{each.name}` | {each.title} | {each.layout} |" for each in sorted(formats, key=lambda f: f.name)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(formats_reference(FORMATS))
    print(rules_reference(Registry.load()), end="")
