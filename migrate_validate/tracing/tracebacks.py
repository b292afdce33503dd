"""Tracebacks as whoever wrote the migrations reads them: without the frames of libraries."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

_PACKAGES = ("site-packages", "dist-packages")
_OWN = Path(__file__).resolve().parents[1]


def shortened(error: BaseException) -> str:
    """An exception with the frames of the project, and those of its causes that have any."""
    return "\n".join(_shown(error))


def _shown(error: BaseException) -> Iterator[str]:
    for each in reversed([*_chain(error)]):
        told = traceback.TracebackException.from_exception(each)
        frames = traceback.StackSummary.from_list([frame for frame in told.stack if of_project(frame.filename)])
        if frames:
            yield "Traceback (most recent call last), without the frames of libraries:"
            yield from (text.rstrip("\n") for text in frames.format())
        if frames or each is error:
            yield from (text.rstrip("\n") for text in told.format_exception_only())


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, and what it came from, the latest first."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def of_project(file: str) -> bool:
    """Whether code of this file belongs to neither Python, an installed package nor the tracing itself."""
    path = Path(file)
    if file.startswith("<") or any(part in _PACKAGES for part in path.parts):
        return False
    libraries = (Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("platstdlib")), _OWN)
    return not any(path.is_relative_to(each) or path.resolve().is_relative_to(each.resolve()) for each in libraries)
