"""Writes the present state of a chain as expectations."""

from __future__ import annotations

import json
import os
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.errors import ChainError, ConfigError, MigrateValidateError, Trouble
from migrate_validate.evaluation import Evaluation
from migrate_validate.postgres.environments import check_name
from migrate_validate.postgres.server import ServerOptions
from migrate_validate.settings import FILE_NAME, read_settings

_COUNTED = ("tables", "views", "enums", "functions", "triggers", "indexes", "policies")


def snapshot(path: str, directory: Path) -> str:
    """Apply the chain and write its tables, columns, indexes and policies as expectations into migrate_validate.toml.

    What the file already holds besides is kept; a file that already has an ``[expect]`` part is not touched. Where
    ``access_matrix`` names a file, who can see and change what is written there, in place of what it held.

    :param path: the chain, relative to ``directory``
    :returns: what was written, for people
    :raises MigrateValidateError: when the chain cannot be read or applied, or expectations stand there already
    """
    where = (directory / path).absolute()
    settings, chain = _read(path, where, directory)
    target = (where if where.is_dir() else where.parent) / FILE_NAME
    _check_target(target)
    present = target.read_text(encoding="utf-8") if target.exists() else ""
    declared = bool(settings.expect) or "expect" in tomllib.loads(present)
    if declared and settings.access_matrix is None:
        raise ConfigError(
            f"an expected state is declared already: {target} was left as it is",
            looked=[str(target), f"{directory / 'pyproject.toml'} [tool.migrate_validate.expect]"],
            remedy="remove its [expect] part and call snapshot again",
        )
    evaluation = Evaluation(chain, settings, ServerOptions(major=settings.postgres))
    try:
        timeline = evaluation.timeline
        if not timeline.migrated:
            runs = (*timeline.base, *(seed.run for seed in timeline.seeds), *(step.run for step in timeline.steps))
            failure = next(run.failure for run in runs if run.failure is not None)
            raise ChainError(
                f"the chain cannot be applied: {failure.location}: {failure.message}",
                remedy=f"see the whole report: migrate-validate {path}",
            )
        told = [] if settings.access_matrix is None else [_write_matrix(evaluation, Path(settings.access_matrix))]
        text = expectations_toml(evaluation.catalog)
        tables = len(evaluation.catalog.tables)
    finally:
        evaluation.close()
    if not declared:
        target.write_text(present + ("\n" if present else "") + text, encoding="utf-8")
        told.insert(0, f"{target}: the expected state of {tables} table{'s' * (tables != 1)} was written")
    return "\n".join(told)


def _write_matrix(evaluation: Evaluation, file: Path) -> str:
    """Find out who can see and change what, and write it.

    :raises ConfigError: when there is nothing to find out, or the file cannot be written
    """
    checks: Any = import_module("migrate_validate.checks.rls_isolation")
    with evaluation.clone() as connection:
        text, why = checks.access_matrix(connection, evaluation.settings, evaluation.catalog, evaluation.timeline)
    if text is None:
        raise ConfigError(
            f"there is no access matrix to write: {why}",
            looked=[f"access_matrix = {file}"],
            remedy="take access_matrix out of the configuration, or declare the [tenancy]",
        )
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error}", remedy="make its directory and let it be written"
        ) from None
    return f"{file}: who can see and change what was written"


def _read(path: str, where: Path, directory: Path) -> tuple[Settings, Chain]:
    trouble = Trouble()
    settings = read_settings(where, directory, trouble)
    with trouble.collecting(about=path):
        check_name(settings.environment)
    try:
        chain = read_chain(path, settings, rootdir=directory)
    except MigrateValidateError as error:
        trouble.add(error, path)
        trouble.tell()
        raise
    trouble.tell()
    return settings, chain


def _check_target(target: Path) -> None:
    """Refuse a file that cannot be written, before the chain is applied."""
    if target.is_dir():
        raise ConfigError(f"{target} is a directory, not a file", remedy="move it away, and call snapshot again")
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise ConfigError(
            f"{target} cannot be written: permission denied",
            remedy="make it or its directory writable, and call snapshot again",
        )


def expectations_toml(catalog: Catalog) -> str:
    """The catalog's tables, indexes and policies as the ``[expect]`` part of a configuration."""
    # Imported by name: the folder checks/ is no part of this folder, where type checkers look for it.
    checks: Any = import_module("migrate_validate.checks.tables")
    counts = checks.object_counts(catalog)
    lines = ["[expect.counts]", *(f"{kind} = {counts[kind]}" for kind in _COUNTED)]
    for table in catalog.tables:
        lines += ["", f"[expect.tables.{_string(table.qualified_name)}.columns]"]
        for column in table.columns:
            kind = f"{column.type} not null" if column.not_null else column.type
            lines.append(f"{_string(column.name)} = {_string(kind)}")
    indexes = [index for table in catalog.tables for index in table.indexes if index.constraint is None]
    if indexes:
        lines += ["", "[expect.indexes]"]
        lines += [f'{_string(f"{index.schema}.{index.name}")} = ""' for index in indexes]
    policed = [table for table in catalog.tables if table.policies]
    if policed:
        lines += ["", "[expect.policies]"]
        for table in policed:
            names = ", ".join(_string(policy.name) for policy in table.policies)
            lines.append(f"{_string(table.qualified_name)} = [{names}]")
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    # A basic string of TOML is a string of JSON, as long as nothing beyond ASCII is escaped; TOML escapes DEL too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
