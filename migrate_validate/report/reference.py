"""The list of rules, made from their docstrings; README.md holds a copy that a test keeps true.

``python -m migrate_validate.report.reference`` prints it.
"""

from __future__ import annotations

from itertools import groupby

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


if __name__ == "__main__":
    print(rules_reference(Registry.load()), end="")
