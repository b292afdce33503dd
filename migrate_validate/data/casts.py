"""Which texts and numbers a cast takes, as conditions that people can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_validate.data import days
from migrate_validate.syntax import Node, unwrap

TEXTS = ("text", "character varying", "character", "citext", "name", '"char"', "unknown")
NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
WHOLE = {"int2": 16, "int4": 32, "int8": 64}
_NUMERIC = r"^\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$"
_DATE = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAY = rf"^\s*(?!0000){days.existing('YYYY-MM-DD')}"
_PATTERNS = dict.fromkeys(WHOLE, (r"^[0-9]+$", r"^\s*[-+]?[0-9]+\s*$")) | {
    "numeric": (r"^[0-9]+(\.[0-9]+)?$", _NUMERIC),
    "float4": (_NUMERIC,),
    "float8": (_NUMERIC,),
    "money": (_NUMERIC,),
    "bool": (r"(?i)^\s*(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|0|1)\s*$",),
    "uuid": (r"^\{?([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}\}?$",),
    "date": (_DATE,),
    "timestamp": (_DATE,),
    "timestamptz": (_DATE,),
    "time": (r"^\s*[0-9]{2}:[0-9]{2}",),
}
"""By the internal name of a type: regular expressions of texts that it takes, the simplest first."""
KNOWS_VALID = 160000
"""The server's version since which pg_input_is_valid() says whether a type takes a text."""


def conditions(
    expression: str,
    source: str,
    target: Node,
    *,
    explicit: bool,
    labels: Sequence[str] = (),
    version: int = 0,
) -> Iterator[str]:
    """What is assumed where an expression is cast, best first, without the table: ``phone matches '^[0-9]+$'``.

    :param expression: as SQL
    :param source: its type, as format_type() prints it
    :param target: a TypeName
    :param explicit: whether the cast is written out; then texts that are too long are cut, and refused otherwise
    :param labels: those of an enum that it is cast to
    :param version: of the server, as server_version_num gives it
    """
    name = unwrap(target.names[-1]).sval
    sizes = [unwrap(each).ival.ival for each in target.typmods]
    base = source.partition("(")[0].strip()
    if base in TEXTS and target.array_bounds:
        if version >= KNOWS_VALID:
            yield f"check (pg_input_is_valid({expression}::text, '{_spelled(target)}'))"
        yield f"{expression} matches '^\\{{.*\\}}$'"
    elif base in TEXTS:
        if name in ("varchar", "bpchar"):
            if sizes and not explicit:
                yield f"length({expression}) <= {sizes[0]}"
                yield f"length(rtrim({expression})) <= {sizes[0]}"
            return
        if labels:
            listed = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
            yield f"{expression} in ({listed})"
        patterns = _PATTERNS.get(name, ())
        for pattern in (*patterns, _DAY) if _DATE in patterns and version < KNOWS_VALID else patterns:
            yield f"{expression} matches '{pattern}'"
        if version >= KNOWS_VALID and not labels and name not in ("text", "citext"):
            yield f"check (pg_input_is_valid({expression}::text, '{_spelled(target)}'))"
    elif target.array_bounds or base not in NUMBERS:
        return
    elif name in WHOLE:
        largest = 2 ** (WHOLE[name] - 1)
        whole = base in NUMBERS[:3]
        yield f"{expression if whole else f'round({expression})'} between {-largest} and {largest - 1}"
    elif name == "numeric" and sizes:
        digits, scale = sizes[0], sizes[1] if len(sizes) > 1 else 0
        rounded = expression
        if base not in NUMBERS[:3]:
            rounded = f"round({expression}{'' if base == 'numeric' else '::numeric'}, {scale})"
        largest_text = f"{10 ** (digits - scale) - 1}{'.' + '9' * scale if scale else ''}"
        yield f"{rounded} between -{largest_text} and {largest_text}"


def _spelled(target: Node) -> str:
    names = [unwrap(each).sval for each in target.names]
    sizes = [str(unwrap(each).ival.ival) for each in target.typmods]
    arrays = "[]" * len(target.array_bounds)
    return (
        ".".join(names[-2:] if names[0] != "pg_catalog" else names[-1:])
        + (f"({','.join(sizes)})" if sizes else "")
        + arrays
    )
