"""A base that SQLAlchemy makes: ``base = ["app.models:Base"]`` stands for ``Base.metadata.create_all(engine)``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.model import Script
from migrate_validate.chain.python import read_python
from migrate_validate.chain.traced import Program, Traced
from migrate_validate.errors import ConfigError

_NAMED = re.compile(r"(?P<module>[^\W\d]\w*(?:\.\w+)*):[^\W\d]\w*(?:\.\w+)*")


def is_metadata(name: str) -> bool:
    """Whether an entry of ``base`` names metadata in a module, not a file."""
    return _NAMED.fullmatch(name) is not None


def read_metadata(name: str, root: Path, places: Sequence[Path]) -> Script:
    """The script that stands for what ``create_all`` sends.

    :param name: ``module:name``, where the name is metadata or a class that has it
    :param root: the chain's directory, absolute
    :param places: the directories in which the module may lie, absolute, the first one first
    :raises ConfigError: it lies in none of them
    """
    module = name.partition(":")[0]
    looked = []
    for place in dict.fromkeys(places):
        for file in _files(place, module):
            looked.append(str(file))
            if file.is_file():
                script = read_python(file, root, Traced(Program("python", place, (("metadata", name),)), name))
                return replace(script, file=f"{script.file}[{name.partition(':')[2]}]")
    raise ConfigError(
        f"base: there is no module {module}", looked=looked, remedy="name a module from the directory of the project on"
    )


def _files(place: Path, module: str) -> Iterator[Path]:
    path = place.joinpath(*module.split("."))
    yield path.with_suffix(".py")
    yield path / "__init__.py"
