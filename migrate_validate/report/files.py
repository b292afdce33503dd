"""Report files: the ending decides the format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from migrate_validate.errors import ConfigError
from migrate_validate.report.payload import Payload


def _json(report: Payload) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


_WRITERS: Mapping[str, Callable[[Payload], str]] = {".json": _json}


def check_report_path(path: str) -> None:
    """Refuse a file whose format is not known, before anything runs.

    :raises ConfigError: naming the endings that are known
    """
    if Path(path).suffix not in _WRITERS:
        raise ConfigError(
            f"--migrations-report={path}: there is no report format for {Path(path).suffix or 'a file with no ending'}",
            remedy=f"use a file that ends in {', '.join(_WRITERS)}",
        )


def write_report(path: str, report: Payload) -> None:
    """Write the report in the format that the file's ending names; its directory is made."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_WRITERS[target.suffix](report), encoding="utf-8")
