"""Candidate values of a type, the simplest first: a fixed list, which PostgreSQL then judges.

The lists are biased to what breaks migrations: empty and blank text, variants of one word, text that is no number,
the limits of each type, days and times at which calendars are odd.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache

from migrate_validate.catalog.model import Composite, Domain, Enum, Range
from migrate_validate.data.documents import grown
from migrate_validate.data.drawing import chance
from migrate_validate.data.hints import Hints, column_hints
from migrate_validate.data.matching import matching
from migrate_validate.data.types import FIXED, INTEGERS, RANGES, TEXTS
from migrate_validate.data.values import (
    Types,
    Value,
    array_text,
    composite_text,
    quoted,
    text_of,
    typed,
    unknown_type,
)

_NUMBERS = (1, 0, 2, -1, 3, 10, 7, 100, 101, 99, -2, 1000, 5, 12, 50, 365, 2024, -100)
_SMALL = 5
"""How many of them are offered before the outermost numbers of a type."""
_TEXT = (
    *("a", "A", "", " ", "b", "á", "Á", "a ", "B", "0", "12", " a", "1.5", "null", "-1", "O'Brien", "a<b&c", "ß"),
    *("x y", "true", 'x"y', "\\", "a,b", "{}", "😀", "\t", "a\nb", "99999999999", "2024-02-29", "a@b.co", "A@b.co"),
    *("%", "ab", "abc"),
)
_LONG = 40
"""Characters of two texts that differ only in the last one, and are the same where they are cut;"""
_SHORT = 4
"""and of two that fit where these do not, and read better."""
_FIRST = 4
"""How many texts come before them."""
_DAYS = (
    *("2000-01-01", "2024-02-29", "1999-12-31", "2024-01-31", "1970-01-01", "2024-12-31", "2024-03-31", "1900-01-01"),
    *("2023-06-15", "2038-01-20", "2099-12-31", "0001-01-01"),
)
_MOMENTS = (
    *("2000-01-01 00:00:00", "2024-02-29 12:34:56.789012", "1999-12-31 23:59:59", "2024-01-31 00:00:00"),
    *("1970-01-01 00:00:00", "2024-12-31 23:59:59.999999", "2024-03-31 02:30:00", "2024-10-27 02:30:00"),
    *("2023-06-15 08:00:00", "1969-12-31 23:59:59", "2038-01-20 00:00:00", "2099-12-31 23:00:00"),
)
_TIMES = ("00:00:00", "12:00:00", "23:59:59", "08:30:00", "12:34:56.789012", "01:00:00")
_INTERVALS = ("1 day", "0", "-1 day", "1 mon", "00:00:01", "1 year 2 mons 3 days 04:05:06", "24:00:00", "31 days")
_UUID = "00000000-0000-4000-8000-{:012x}"
_PATTERN_VALUES = 20
"""Texts drawn for a regular expression."""
_OUTERMOST: dict[str, Sequence[str]] = {
    "date": ("infinity", "-infinity", "4713-01-01 BC", "5874897-12-31"),
    "timestamp without time zone": ("infinity", "-infinity", "4713-01-01 00:00:00 BC", "294276-12-31 12:00:00"),
    "timestamp with time zone": ("infinity", "-infinity", "4713-01-01 00:00:00 BC", "294276-12-31 12:00:00"),
    "time without time zone": ("24:00:00",),
    "time with time zone": ("24:00:00-15:59",),
    "interval": ("178000000 years", "-178000000 years"),
    "money": ("92233720368547758.07", "-92233720368547758.08"),
    "real": ("3.4028235e38", "-3.4028235e38", "Infinity", "-Infinity", "NaN"),
    "double precision": ("1.7976931348623157e308", "-1.7976931348623157e308", "Infinity", "-Infinity", "NaN"),
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
}
_WRITTEN = {
    **dict.fromkeys(("date", "timestamp without time zone", "timestamp with time zone"), r"\d{4}-\d\d-\d\d"),
    **dict.fromkeys(("time without time zone", "time with time zone"), r"\d\d:\d\d"),
    **dict.fromkeys(("money", "real", "double precision"), r"-?\d+(?:\.\d+)?\Z"),
    "interval": r"-?\d",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z",
}
"""By type: which literals are values of it."""
_USUAL: dict[str, Sequence[Value]] = {
    "boolean": (False, True),
    "date": _DAYS,
    "timestamp without time zone": _MOMENTS,
    "timestamp with time zone": tuple(f"{each}+00" for each in _MOMENTS),
    "time without time zone": _TIMES,
    "time with time zone": tuple(f"{each}{zone}" for zone in ("+00", "+05:30") for each in _TIMES),
    "interval": _INTERVALS,
    "money": ("1", "0", "2", "-1", "0.01", "1.50", "100", "1234.56"),
    "real": ("1", "0", "2", "-1", "1.5", "1.4", "1.2", "0.1", "100", "16777216"),
    "double precision": ("1", "0", "2", "-1", "1.5", "1.4", "1.2", "0.1", "100", "9007199254740993", "1e-10"),
    "uuid": tuple(_UUID.format(number) for number in range(1, 31)),
}


def pool(types: Types, type_name: str, hints: Hints | None = None, *, limits: bool = True) -> list[Value]:
    """Different values of a type, the simplest first, NULL not among them; most are what the hints allow.

    :param types: those that the database defines
    :param type_name: as format_type() prints it
    :param hints: what constraints say about the column
    :param limits: whether the outermost values of the type are among them
    :raises Unsupported: when nothing is known of the type
    """
    return list(dict.fromkeys(_pool(types, type_name, hints or Hints(), limits)))


def _pool(types: Types, type_name: str, hints: Hints, limits: bool) -> Iterable[Value]:
    if type_name.endswith("[]"):
        return _arrays(pool(types, type_name[:-2], hints, limits=limits))
    own = types.named.get(type_name)
    match own:
        case Enum():
            return [label for label in own.labels if not hints.closed or label in hints.literals] or own.labels
        case Domain():
            return _pool(types, own.base_type, domain_hints(own).merged(hints), limits)
        case Composite():
            return _composites([pool(types, each.type, limits=limits) for each in own.attributes])
        case Range():
            return _ranges(pool(types, own.subtype, limits=False), limits)
        case None:
            pass
    if type_name in types.multiranges:
        return _multiranges(_ranges(pool(types, types.multiranges[type_name].subtype, limits=False), limits))
    name, modifiers = typed(type_name)
    bare = name.rpartition(".")[2]
    subtype = RANGES.get(bare.replace("multirange", "range"))
    if subtype is not None:
        ranges = _ranges(pool(types, subtype, limits=False), limits)
        return _multiranges(ranges) if "multirange" in bare else ranges
    return _built_in(type_name, bare, modifiers, hints, limits)


def domain_hints(domain: Domain) -> Hints:
    """What a domain's own constraints say about its values."""
    return column_hints(domain.constraints).get("value", Hints())


def _built_in(type_name: str, bare: str, modifiers: tuple[int, ...], hints: Hints, limits: bool) -> Iterable[Value]:
    if bare in INTEGERS:
        return _integers(2 ** INTEGERS[bare], hints, limits)
    if bare == "numeric":
        return _numerics(modifiers, hints, limits)
    if bare in TEXTS:
        return _texts(bare, modifiers, hints, limits)
    if bare in ("bit", "bit varying"):
        return _bits(bare, modifiers)
    if bare.startswith("interval"):
        bare = "interval"
    outermost: Sequence[Value] = _OUTERMOST.get(bare, ()) if limits else ()
    usual: Sequence[Value]
    if bare in _USUAL:
        usual = _USUAL[bare]
    elif bare in FIXED:
        usual, ends = FIXED[bare]
        outermost = ends if limits else ()
    elif bare in ("json", "jsonb"):
        usual = _documents(hints)
    elif bare == "vector":
        usual = ["[" + ",".join([str(digit)] * (modifiers[0] if modifiers else 3)) + "]" for digit in (1, 0, 2)]
    else:
        raise unknown_type(type_name)
    named = [text for text in hints.literals if re.match(_WRITTEN.get(bare, r"(?!)"), text)]
    return [*named, *([] if hints.closed and named else [*usual, *outermost])]


def _integers(size: int, hints: Hints, limits: bool) -> list[Value]:
    low, high = int(hints.low) if hints.low is not None else -size, size - 1
    high = min(high, int(hints.high)) if hints.high is not None else high
    named = [int(number) for number in hints.numbers]
    if hints.closed and named:
        return list(named)
    near = [number + step for number in named for step in (0, 1, -1)]
    edges = [low + step for step in range(12)] if hints.low is not None else []
    edges += [high, high - 1] if hints.high is not None else []
    ends = [size - 1, -size] if limits else []
    usual = [number for number in _NUMBERS if low <= number <= high]
    # What calculates with them meets the ends of the type among the first.
    found = [*near, *usual[:_SMALL], *ends, *usual[_SMALL:], *edges, *range(20, 40)]
    return [number for number in found if -size <= number < size]


def _numerics(modifiers: tuple[int, ...], hints: Hints, limits: bool) -> list[Value]:
    precision, scale = (*modifiers, 0)[:2] if modifiers else (40, 20)
    size = Decimal((0, (9,) * precision, -scale))
    unit = Decimal((0, (1,), -scale))
    texts = (
        "1",
        "0",
        "2",
        "-1",
        "0.01",
        "1.5",
        "1.4",
        "1.2",
        "10",
        "99.99",
        "100",
        "0.005",
        "1.2345",
        "0.1",
        "3",
        "1000",
        "1.000001",
    )
    numbers = [*hints.numbers, *(() if hints.closed and hints.numbers else map(Decimal, texts))]
    if modifiers:
        numbers += [unit * count for count in (1, 2, -1, 12345)]
        numbers += [size, -size] if limits else []
    elif limits:
        numbers += [Decimal("12345678901234567890.123456789"), Decimal("1e30")]
    if not hints.closed:
        step = unit if modifiers else Decimal("0.01")
        edges = [edge for edge in (hints.low, hints.high) if edge is not None]
        numbers += [number + sign * step for number in (*hints.numbers, *edges) for sign in (0, 1, -1)]
    fitting = [number for number in numbers if abs(number) <= size and _places(number) <= scale]
    found: list[Value] = [format(number.normalize(), "f") for number in fitting]
    return [*found, "NaN"] if limits and not hints.closed else found


def _places(number: Decimal) -> int:
    """Digits behind the point."""
    return -int(number.normalize().as_tuple().exponent)


def _texts(bare: str, modifiers: tuple[int, ...], hints: Hints, limits: bool) -> list[Value]:
    longest = modifiers[0] if modifiers else 1 if bare in ("character", "bpchar") else 1000
    longest = {"name": 15, '"char"': 1}.get(bare, longest)
    fitting = [text for text in hints.literals if len(text) <= longest]
    if hints.closed and fitting:
        return list(fitting)
    patterns = [text for pattern in hints.patterns for text in _matching(pattern)]
    sized = [(word * length)[:length] for length in hints.lengths[:8] for word in ("a", "B0 ") if length]
    usual = (*_TEXT[:_FIRST], *_with_one_beginning(longest), *_TEXT[_FIRST:])
    texts = [*fitting, *sorted(patterns, key=lambda text: (len(text), text)), *usual, *sized]
    if hints.shortest and not sized:
        texts += ["a" * hints.shortest, "b" * hints.shortest]
    if limits and modifiers:
        texts.append("x" * longest)
    texts += [other for text in (*fitting, *patterns) if (other := text.swapcase()) != text]
    if bare == '"char"':
        texts = [text for text in texts if text.isascii()]
    return [text for text in texts if len(text) <= longest and "\0" not in text]


def _with_one_beginning(longest: int) -> list[str]:
    """Texts that become the same when they are cut."""
    sizes = dict.fromkeys(min(size, longest) for size in (_LONG, _SHORT))
    return [f"{'a' * (size - 1)}{last}" for size in sizes if size > 1 for last in "ab"]


@lru_cache(maxsize=512)
def _matching(pattern: str) -> tuple[str, ...]:
    return tuple(matching(pattern, _PATTERN_VALUES, chance()))


def _bits(bare: str, modifiers: tuple[int, ...]) -> list[Value]:
    longest = modifiers[0] if modifiers else 1 if bare == "bit" else 8
    if bare == "bit":
        return ["0" * longest, "1" * longest, ("10" * longest)[:longest]]
    return ["", "0", "1", "1" * min(longest, 64)]


def _documents(hints: Hints) -> list[Value]:
    known = ["{}", '{"a": 1}', "[]", "null", "0", '""', "true", '{"a": null}', '[1, "a"]', '{"á": {"b": []}}']
    keys = [text for text in hints.literals if re.fullmatch(r"[\w-]+", text)]
    inside = [document for text in hints.literals for document in grown(text)]
    return [*(f'{{"{key}": {value}}}' for key in keys for value in ('"a"', "1", "null", "{}")), *inside, *known]


def _arrays(elements: Sequence[Value]) -> list[Value]:
    lists: list[list[Value]] = [[], *([each] for each in elements[:6]), [None]]
    if elements:
        lists += [list(elements[:2]), [elements[0], elements[0]], [elements[-1], None]]
    return [array_text(each) for each in lists]


def _composites(fields: Sequence[Sequence[Value]]) -> list[Value]:
    first = tuple(each[0] if each else None for each in fields)
    found = [first, tuple(None for _ in fields)]
    for place, values in enumerate(fields):
        found += [(*first[:place], value, *first[place + 1 :]) for value in (*values[1:6], None)]
    return [composite_text(each) for each in found]


def _ranges(bounds: Sequence[Value], limits: bool) -> list[Value]:
    # One bound, or the same twice, is in order whatever the subtype's ordering is.
    texts = [quoted(text_of(bound)) for bound in bounds[:6]]
    found: list[Value] = [f"[{text},{text}]" for text in texts]
    found += [f"[{text},)" for text in texts[:2]]
    if limits:
        found += [*(f"(,{text}]" for text in texts[:2]), "(,)"]
    return [*found, "empty"]


def _multiranges(ranges: Iterable[Value]) -> list[Value]:
    return ["{}", *("{" + str(each) + "}" for each in ranges)]
