"""The wheel holds every package."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_pyproject_lists_every_package() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    on_disk = {
        ".".join((name, *path.parent.relative_to(ROOT / directory).parts))
        for name, directory in setuptools["package-dir"].items()
        for path in (ROOT / directory).rglob("__init__.py")
    }
    assert set(setuptools["packages"]) == on_disk
