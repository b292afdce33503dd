"""Repositories with a chain whose history is judged."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Verdict
from migrate_validate.git.history import read_history
from migrate_validate.git.places import Places
from migrate_validate.postgres import ServerOptions
from migrate_validate.results import RuleResult
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings
from tests.support.repositories import git, repository

RULES = Registry.load()
SHOP: dict[str, str | None] = {
    "db/001_customer.sql": "create table customer (id int primary key, email text);\n",
    "db/001_customer_rollback.sql": "drop table customer;\n",
    "db/003_purchase.sql": (
        "create table purchase (id int primary key, customer_id int not null references customer);\n"
        "create index on purchase (customer_id);\n"
    ),
}


@dataclass
class Project:
    """A repository with a chain in ``db``."""

    top: Path
    base: str
    """The first commit."""

    @property
    def named(self) -> str:
        return f"main (merge base {self.base[:12]})"

    def judged(self, rule: str, options: ServerOptions | None = None, *, chain: str = "db") -> RuleResult:
        settings = replace(load_settings(self.top / chain, self.top), since="main")
        with Places() as places:
            place = places.find(chain, self.top)
            read = read_chain(place.source, settings, rootdir=place.rootdir)
            history = read_history(read, place, settings, "main", places)
            with contextlib.closing(Evaluation(read, settings, options or ServerOptions(), history)) as evaluation:
                return evaluation.evaluate(RULES[rule])

    def found(self, rule: str, options: ServerOptions | None = None, *, chain: str = "db") -> list[Finding]:
        result = self.judged(rule, options, chain=chain)
        assert result.verdict is not Verdict.UNPROVEN, result.reason
        return list(result.findings)

    def told(self, rule: str, options: ServerOptions | None = None) -> list[tuple[str, str, str]]:
        return [(str(each.severity), str(each.location), each.message) for each in self.found(rule, options)]


def project(tmp_path: Path, files: Mapping[str, str | None] = SHOP) -> Project:
    top = repository(tmp_path / "project", files)
    return Project(top, git(top, "rev-parse", "HEAD"))
