r"""Variables of the environment in a text, as goose replaces them where a file says ENVSUB ON.

``$NAME`` and ``${NAME}``; ``${NAME:-default}`` where it is unset or empty, ``${NAME-default}`` where it is unset,
``${NAME?message}`` where it has to be set, ``${NAME:offset:length}`` for a part of it. ``$$`` and ``\$`` are a dollar,
``$(`` is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Lookup = Callable[[str], str | None]

_LITERAL = re.compile(r"(?P<backslash>\\\\)|(?P<dollar>\\\$|\$\$)|(?P<shell>\$\()|(?P<plain>[^$]|\$\Z)", re.DOTALL)
_NAME = re.compile(r"[^\W\d_]\w*")
_PART = re.compile(r":\s*(?P<offset>[-+]?\d+)\s*(?::\s*(?P<length>[-+]?\d+)\s*)?\}")
_OPERATOR = re.compile(r":-|-|\?")


class SubstitutionError(Exception):
    """A variable cannot be replaced."""

    def __init__(self, message: str, variable: str = "") -> None:
        """Keep what is wrong.

        :param variable: that has to be set; empty where the text itself is wrong
        """
        super().__init__(message)
        self.message = message
        self.variable = variable


def substitute(text: str, lookup: Lookup) -> str:
    """The text with the values of its variables.

    goose puts nothing where a variable without a default is unset. Here that is an error: what a migration does without
    it says nothing of what it does where it is set.

    :param lookup: the value of a variable; None where it is unset
    :raises SubstitutionError: where a variable is needed and not set, or a dollar begins no variable
    """
    return _expression(text, 0, lookup, inside=False)[0]


def _expression(text: str, position: int, lookup: Lookup, *, inside: bool) -> tuple[str, int]:
    """What the text is worth from here to its end, or to the next closing brace where it stands inside of braces."""
    parts: list[str] = []
    while position < len(text) and not (inside and text[position] == "}"):
        literal = _LITERAL.match(text, position)
        if literal is None:
            part, position = _variable(text, position + 1, lookup)
        else:
            part, position = "$" if literal.lastgroup == "dollar" else literal.group(), literal.end()
        parts.append(part)
    return "".join(parts), position


def _variable(text: str, position: int, lookup: Lookup) -> tuple[str, int]:
    """The value of the variable whose dollar stands before this position."""
    braced = text[position] == "{"
    name = _NAME.match(text, position + braced)
    if name is None:
        raise SubstitutionError(f"no variable begins at {text[position - 1 :][:20]!r}")
    position = name.end()
    if not braced:
        return _value(name.group(), lookup), position
    if text[position : position + 1] == "}":
        return _value(name.group(), lookup), position + 1
    operator = _OPERATOR.match(text, position)
    if operator is None and (part := _PART.match(text, position)):
        return _part(_value(name.group(), lookup), int(part["offset"]), part["length"]), part.end()
    if operator is None:
        raise SubstitutionError(f"no operator that goose knows at {text[position:][:20]!r}")
    value, end = _alternative(text, operator.end(), name.group(), operator.group(), lookup)
    if text[end : end + 1] != "}":
        raise SubstitutionError(f"${{{name.group()} does not end with a brace")
    return value, end + 1


def _alternative(text: str, position: int, name: str, operator: str, lookup: Lookup) -> tuple[str, int]:
    """The value of a variable, or what stands for it behind its operator."""
    value = lookup(name)
    if value is not None and (value != "" or operator != ":-"):
        return value, _expression(text, position, _empty, inside=True)[1]
    other, end = _expression(text, position, lookup, inside=True)
    if operator == "?":
        raise SubstitutionError(f"${name}: {other or 'not set'}", name)
    return other, end


def _empty(_: str) -> str:
    """What is not used need not be set."""
    return ""


def _value(name: str, lookup: Lookup) -> str:
    value = lookup(name)
    if value is None:
        raise SubstitutionError(f"${name} is not set", name)
    return value


def _part(value: str, offset: int, length: str | None) -> str:
    """A slice of the value; what is negative counts from its end."""
    size = len(value)
    start = min(max(offset + size if offset < 0 else offset, 0), size)
    if length is None:
        return value[start:]
    end = int(length) + (start if int(length) >= 0 else size)
    return value[start : min(max(end, start), size)]
