"""Files that hold both ways, up and down: each of them as a text of its own, at its place."""

from __future__ import annotations

from collections.abc import Iterable


def section(text: str, keep: Iterable[range]) -> str:
    """The text with all other lines blank, so that lines and columns stay those of the file.

    :param keep: the lines that stay, counted from 1
    """
    kept = {number for lines in keep for number in lines}
    return "\n".join(line if number in kept else "" for number, line in enumerate(text.split("\n"), 1))
