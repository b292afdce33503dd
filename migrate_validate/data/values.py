"""Values that a column could hold, by its type.

Integers and booleans are Python's own; everything else is text as PostgreSQL's input function of the type reads it,
so that infinity, dates before Christ, arrays, ranges and composites all have a form, and every value can be written
as SQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum as PythonEnum

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from migrate_validate.catalog.model import Catalog, Composite, Domain, Enum, Range
from migrate_validate.data.hints import Hints, column_hints
from migrate_validate.data.types import FIXED, INTEGERS, RANGES, TEXTS
from migrate_validate.errors import Unsupported
from migrate_validate.syntax import quote

Value = int | bool | str | None
"""One value of one column."""

Values = SearchStrategy[Value]


class Default(PythonEnum):
    """The marker of a column that is left to its default."""

    DEFAULT = "DEFAULT"


DEFAULT = Default.DEFAULT

_WORDS = (
    "",
    "a",
    "A",
    "á",
    "Á",
    "b",
    " ",
    "a ",
    "\t",
    "0",
    "1.5",
    "null",
    "O'Brien",
    'x"y',
    "\\",
    "a,b",
    "{}",
    "ß",
    "😀",
)
_LONGEST_TEXT = 1000


def literal(value: Value | Default) -> str:
    """The value as SQL writes it."""
    if isinstance(value, Default):
        return "DEFAULT"
    if value is None:
        return "NULL"
    if isinstance(value, str):
        quoted = "'" + value.replace("'", "''").replace("\\", "\\\\") + "'"
        return f"E{quoted}" if "\\" in value else quoted
    return str(value).lower()


def unknown_type(type_name: str) -> Unsupported:
    """The error for a type of which nothing is known."""
    return Unsupported(
        f"values of the type {type_name} cannot be generated",
        remedy="rows of its table have to be written by hand, in a seed file for instance",
    )


def typed(name: str) -> tuple[str, tuple[int, ...]]:
    """A type's name without its modifiers, and these."""
    match = re.search(r"\(([-\d, ]+)\)", name)
    if match is None:
        return name, ()
    return name[: match.start()] + name[match.end() :], tuple(int(part) for part in match[1].split(","))


@dataclass(frozen=True)
class Types:
    """The types that a database defines itself, by the name that format_type() prints."""

    named: Mapping[str, Enum | Domain | Composite | Range]
    multiranges: Mapping[str, Range]

    @classmethod
    def of(cls, catalog: Catalog) -> Types:
        """Those of a catalog."""
        own: tuple[Enum | Domain | Composite | Range, ...] = (
            *catalog.enums,
            *catalog.domains,
            *catalog.composites,
            *catalog.ranges,
        )
        return cls(
            {_qualified(each.schema, each.name): each for each in own},
            {_qualified(each.schema, _multirange_name(each.name)): each for each in catalog.ranges},
        )

    def values(self, type_name: str, hints: Hints | None = None, *, limits: bool = True) -> Values:
        """Values of a type, NULL not among them.

        :param type_name: as format_type() prints it
        :param hints: what constraints say about the column
        :param limits: whether the outermost values of the type are drawn too
        :raises Unsupported: when nothing is known of the type
        """
        hints = hints or Hints()
        if type_name.endswith("[]"):
            elements = self.values(type_name[:-2], hints, limits=limits)
            return st.lists(st.none() | elements, max_size=3).map(array_text)
        own = self.named.get(type_name)
        if own is not None:
            return self._defined(own, hints, limits)
        if type_name in self.multiranges:
            return _multirange(self._range(self.multiranges[type_name].subtype, limits))
        name, modifiers = typed(type_name)
        bare = name.rpartition(".")[2]
        if bare in RANGES:
            return self._range(RANGES[bare], limits)
        if bare.replace("multirange", "range") in RANGES:
            return _multirange(self._range(RANGES[bare.replace("multirange", "range")], limits))
        maker = _MAKERS.get(bare)
        if maker is None:
            raise unknown_type(type_name)
        return maker(bare, modifiers, hints, limits)

    def _defined(self, own: Enum | Domain | Composite | Range, hints: Hints, limits: bool) -> Values:
        match own:
            case Enum():
                listed = [label for label in own.labels if not hints.closed or label in hints.literals]
                return st.sampled_from(listed or own.labels) if own.labels else st.nothing()
            case Domain():
                checks = column_hints(own.constraints).get("value", Hints())
                return self.values(own.base_type, checks.merged(hints), limits=limits)
            case Composite():
                fields = [st.none() | self.values(each.type, limits=limits) for each in own.attributes]
                return st.tuples(*fields).map(composite_text)
            case Range():
                return self._range(own.subtype, limits)

    def _range(self, subtype: str, limits: bool) -> Values:
        # One bound, or the same twice, is in order whatever the subtype's ordering is.
        bound = self.values(subtype, limits=False).map(lambda value: quoted(text_of(value)))
        shapes = ("empty", "[{0},{0}]", "[{0},)", "(,{0}]", "(,)") if limits else ("[{0},{0}]", "[{0},)", "empty")
        return st.builds(lambda shape, value: shape.format(value), st.sampled_from(shapes), bound)


def _qualified(schema: str, name: str) -> str:
    return f"{quote(schema)}.{quote(name)}"


def _multirange_name(name: str) -> str:
    # PostgreSQL's own rule for the type that CREATE TYPE ... AS RANGE makes beside it.
    return name.replace("range", "multirange", 1) if "range" in name else f"{name}_multirange"


def text_of(value: Value) -> str:
    """The value as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def quoted(text: str) -> str:
    """An element of an array, a range or a composite."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def array_text(elements: Sequence[Value]) -> Value:
    """An array as its input function reads it."""
    return "{" + ",".join("NULL" if each is None else quoted(text_of(each)) for each in elements) + "}"


def composite_text(fields: Sequence[Value]) -> Value:
    """A composite value as its input function reads it."""
    return "(" + ",".join("" if each is None else quoted(text_of(each)) for each in fields) + ")"


def _multirange(ranges: Values) -> Values:
    return st.just("{}") | ranges.map(lambda each: "{" + str(each) + "}")


def _hinted(hints: Hints, base: Values, offered: list[Value]) -> Values:
    """What constraints name, before and more often than anything else."""
    if not offered:
        return base
    return st.sampled_from(offered) if hints.closed else st.sampled_from(offered) | base


def _integers(name: str, _modifiers: tuple[int, ...], hints: Hints, limits: bool) -> Values:
    size = 2 ** INTEGERS[name]
    low = max(-size, int(hints.low)) if hints.low is not None else (-size if limits else -100)
    high = min(size - 1, int(hints.high)) if hints.high is not None else (size - 1 if limits else max(low, 0) + 100)
    low, high = (low, high) if low <= high else (-size, size - 1)
    near = {int(number) + step for number in hints.numbers for step in ((0,) if hints.closed else (0, 1, -1))}
    allowed = sorted((number for number in near if low <= number <= high), key=abs)
    small: Values = st.integers(max(low, min(high, -2)), min(high, max(low, 100)))
    return _hinted(hints, small | st.sampled_from([low, high]) if limits else small, list(allowed))


def _numeric(_name: str, modifiers: tuple[int, ...], hints: Hints, limits: bool) -> Values:
    precision, scale = (*modifiers, 0)[:2] if modifiers else (12, 3)
    size = Decimal(10**precision - 1).scaleb(-scale)
    low = max(-size, hints.low) if hints.low is not None else -min(size, Decimal(100))
    high = min(size, hints.high) if hints.high is not None else min(size, max(low, Decimal(0)) + 100)
    if low > high:
        low, high = -size, size
    steps = st.integers(int(low.scaleb(scale)), int(high.scaleb(scale)))
    base: Values = steps.map(lambda step: _plain(Decimal(step).scaleb(-scale)))
    if limits:
        base |= st.sampled_from([_plain(size), _plain(-size), "NaN"])
    unit = Decimal(1).scaleb(-scale)
    near = {number + step for number in hints.numbers for step in ((0,) if hints.closed else (0, unit, -unit))}
    return _hinted(hints, base, [_plain(number) for number in sorted(near, key=abs) if low <= number <= high])


def _plain(number: Decimal) -> str:
    return format(number, "f")


def _floats(name: str, _modifiers: tuple[int, ...], hints: Hints, limits: bool) -> Values:
    width = 32 if name == "real" else 64
    low = float(hints.low) if hints.low is not None else -100.0
    high = float(hints.high) if hints.high is not None else max(low, 0.0) + 100
    # Whole numbers: the same text is the same number in either width.
    base: Values = st.integers(int(min(low, high)), int(max(low, high))).map(str)
    if limits:
        largest = "3.4028235e38" if width == 32 else "1.7976931348623157e308"
        base |= st.sampled_from(["0.1", largest, f"-{largest}", "Infinity", "-Infinity", "NaN"])
    return _hinted(hints, base, [_plain(number) for number in hints.numbers])


def _money(_name: str, _modifiers: tuple[int, ...], hints: Hints, limits: bool) -> Values:
    base: Values = st.integers(0 if hints.low is not None else -100, 100).map(str)
    if limits:
        base |= st.sampled_from(["92233720368547758.07", "-92233720368547758.08"])
    return _hinted(hints, base, [_plain(number) for number in hints.numbers])


def _texts(name: str, modifiers: tuple[int, ...], hints: Hints, limits: bool) -> Values:
    longest = modifiers[0] if modifiers else 1 if name in ("character", "bpchar") else _LONGEST_TEXT
    longest = {"name": 15, '"char"': 1}.get(name, longest)
    longest = longest if hints.longest is None else min(longest, hints.longest)
    shortest = min(hints.shortest or 0, longest)
    words = [word for word in _WORDS if shortest <= len(word) <= longest] if name != '"char"' else ["", "a", "A", " "]
    base: Values = st.sampled_from(words) if words else _of_length(shortest)
    if limits and modifiers:
        base |= st.just("x" * longest)
    alternatives: list[SearchStrategy[str]] = [
        _of_length(length) for length in hints.lengths if shortest <= length <= longest
    ]
    for pattern in hints.patterns:
        alternatives.append(st.from_regex(pattern, alphabet=st.characters(codec="ascii", exclude_characters="\0")))
    if alternatives:
        fitting: Values = st.one_of(alternatives).filter(lambda text: shortest <= len(text) <= longest)
        base = fitting if hints.patterns and not hints.literals else fitting | base
    return _hinted(hints, base, [text for text in hints.literals if len(text) <= longest])


def _of_length(length: int) -> SearchStrategy[str]:
    # A long text is drawn letter by letter: a short one, again and again, is as good and takes a fraction of the time.
    drawn = min(length, 12)
    return st.text(alphabet="aA0", min_size=drawn, max_size=drawn).map(lambda text: (text * length)[:length])


def _offering(*usual: Value, outermost: tuple[Value, ...] = ()) -> Callable[..., Values]:
    def make(_name: str, _modifiers: tuple[int, ...], _hints: Hints, limits: bool) -> Values:
        return st.sampled_from(usual + outermost if limits else usual)

    return make


def _moments(pattern: str, usual: Values, outermost: tuple[str, ...]) -> Callable[..., Values]:
    def make(_name: str, _modifiers: tuple[int, ...], hints: Hints, limits: bool) -> Values:
        base = usual | st.sampled_from(outermost) if limits else usual
        return _hinted(hints, base, [text for text in hints.literals if re.match(pattern, text)])

    return make


def _booleans(_name: str, _modifiers: tuple[int, ...], _hints: Hints, _limits: bool) -> Values:
    return st.booleans()


def _uuids(_name: str, _modifiers: tuple[int, ...], _hints: Hints, limits: bool) -> Values:
    # Numbered ones shrink to something readable and differ from each other.
    base: Values = st.integers(1, 2**32).map(lambda number: f"00000000-0000-4000-8000-{number:012x}")
    edges = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
    return base | st.sampled_from(edges) if limits else base


def _bits(name: str, modifiers: tuple[int, ...], _hints: Hints, _limits: bool) -> Values:
    longest = modifiers[0] if modifiers else 1 if name == "bit" else 8
    shortest = longest if name == "bit" else 0
    return st.text(alphabet="01", min_size=shortest, max_size=min(longest, max(shortest, 64)))


def _json(_name: str, _modifiers: tuple[int, ...], hints: Hints, _limits: bool) -> Values:
    documents: list[object] = [{}, [], None, 0, "", True, {"a": 1}, {"a": None}, [1, "a"], {"á": {"b": []}}]
    named = [{text: "a"} for text in hints.literals if text.isidentifier()]
    return st.sampled_from([json.dumps(each, ensure_ascii=False) for each in documents + named])


def _vectors(_name: str, modifiers: tuple[int, ...], _hints: Hints, _limits: bool) -> Values:
    size = modifiers[0] if modifiers else 3
    return st.integers(0, 9).map(lambda number: "[" + ",".join([str(number)] * size) + "]")


_DATE = r"\d{4}-\d\d-\d\d"
_SIMPLEST = datetime(2000, 1, 1)
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


def _steps(step: timedelta) -> SearchStrategy[datetime]:
    """Moments that are whole steps from the simplest one; one number is drawn faster than seven."""
    first, last = (datetime.min - _SIMPLEST) // step, (datetime.max - _SIMPLEST) // step
    return st.integers(first, last).map(lambda number: _SIMPLEST + number * step)


_dates: Values = _steps(_DAY).map(lambda moment: moment.date().isoformat())
_timestamps: Values = _steps(_MICROSECOND).map(lambda moment: moment.isoformat(" "))
_times: Values = st.times().map(lambda time: time.isoformat())
_intervals: Values = st.sampled_from(["0", "1 day", "-1 day", "1 mon", "00:00:01", "1 year 2 mons 3 days 04:05:06"])

_MAKERS: Mapping[str, Callable[..., Values]] = {
    **dict.fromkeys(INTEGERS, _integers),
    "numeric": _numeric,
    "real": _floats,
    "double precision": _floats,
    "money": _money,
    "boolean": _booleans,
    **dict.fromkeys(TEXTS, _texts),
    "uuid": _uuids,
    "date": _moments(_DATE, _dates, ("4713-01-01 BC", "5874897-12-31", "infinity", "-infinity")),
    **dict.fromkeys(
        ("timestamp without time zone", "timestamp with time zone"),
        _moments(_DATE, _timestamps, ("4713-01-01 00:00:00 BC", "294276-12-31 12:00:00", "infinity", "-infinity")),
    ),
    "time without time zone": _moments(r"\d\d:", _times, ("00:00:00", "24:00:00")),
    "time with time zone": _moments(r"\d\d:", _times.map(lambda time: f"{time}+00"), ("24:00:00-15:59",)),
    **dict.fromkeys(
        (
            "interval",
            *(f"interval {unit}" for unit in ("year", "month", "day", "hour", "minute", "second", "year to month")),
            *(f"interval {unit}" for unit in ("day to hour", "day to minute", "day to second")),
            *(f"interval {unit}" for unit in ("hour to minute", "hour to second", "minute to second")),
        ),
        _moments(r"-?\d", _intervals, ("178000000 years", "-178000000 years")),
    ),
    "json": _json,
    "jsonb": _json,
    "bit": _bits,
    "bit varying": _bits,
    "vector": _vectors,
    **{name: _offering(*usual, outermost=ends) for name, (usual, ends) in FIXED.items()},
}
