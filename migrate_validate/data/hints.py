"""What constraints say about single columns, read out of their parse trees.

Nothing here decides whether a value is allowed: PostgreSQL does. The hints only make most candidates likely ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from migrate_validate.catalog.model import Constraint
from migrate_validate.syntax import GrammarError, Node, node_name, parse_expression, unwrap, walk

_LENGTHS = frozenset({"length", "char_length", "character_length", "octet_length"})
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of one column."""

    literals: tuple[str, ...] = ()
    """Constants that stand beside the column."""
    closed: bool = False
    """The literals are all that is allowed."""
    low: Decimal | None = None
    """Numbers below are refused."""
    high: Decimal | None = None
    lengths: tuple[int, ...] = ()
    """Numbers of characters that text is compared with, and their neighbours."""
    shortest: int | None = None
    """Texts of fewer characters are refused."""
    longest: int | None = None
    patterns: tuple[str, ...] = ()
    """Regular expressions that text is matched with."""

    @property
    def numbers(self) -> tuple[Decimal, ...]:
        """The literals that are numbers."""
        found = []
        for text in self.literals:
            try:
                number = Decimal(text)
            except InvalidOperation:
                continue
            if number.is_finite():
                found.append(number)
        return tuple(found)

    def likely(self, value: object) -> bool:
        """Whether a value is what the hints ask for, as far as it can be seen without PostgreSQL."""
        text = str(value)
        if self.closed and self.literals:
            return text in self.literals
        if isinstance(value, str) and (self.shortest or self.longest is not None or self.patterns):
            return (self.shortest or 0) <= len(text) <= (len(text) if self.longest is None else self.longest) and all(
                re.search(pattern, text) for pattern in self.patterns
            )
        numbers = Hints((text,)).numbers if self.low is not None or self.high is not None else ()
        return all(
            (self.low is None or number >= self.low) and (self.high is None or number <= self.high)
            for number in numbers
        )

    def merged(self, other: Hints) -> Hints:
        """Both together."""
        return Hints(
            tuple(dict.fromkeys(self.literals + other.literals)),
            self.closed or other.closed,
            max((low for low in (self.low, other.low) if low is not None), default=None),
            min((high for high in (self.high, other.high) if high is not None), default=None),
            tuple(dict.fromkeys(self.lengths + other.lengths)),
            max((each for each in (self.shortest, other.shortest) if each is not None), default=None),
            min((each for each in (self.longest, other.longest) if each is not None), default=None),
            tuple(dict.fromkeys(self.patterns + other.patterns)),
        )


def column_hints(constraints: Iterable[Constraint]) -> dict[str, Hints]:
    """Hints by column, from the CHECK constraints among these; a domain's own value is the column ``value``."""
    hints: dict[str, Hints] = {}
    for constraint in constraints:
        if constraint.kind != "check":
            continue
        tree = _expression(constraint.definition)
        if tree is None:
            continue
        required = _conjuncts(tree)
        for node in walk(tree):
            if node_name(node) != "A_Expr":
                continue
            certain = any(node is each or node == each for each in required)
            for column, hint in _comparison(node, certain):
                hints[column] = hints.get(column, Hints()).merged(hint)
    return hints


@lru_cache(maxsize=4096)
def _expression(definition: str) -> Node | None:
    """The tree of ``CHECK (...)``, or None where the grammar does not know it."""
    match = re.match(r"CHECK \((.*)\)", definition, re.DOTALL)
    if match is None:
        return None
    try:
        return parse_expression(match[1])
    except GrammarError:
        return None


def _conjuncts(tree: Node) -> list[Node]:
    """The parts that must each be true."""
    node = unwrap(tree)
    if node_name(node) == "BoolExpr" and len(node.args) > 0 and node.boolop == 1:
        return [part for argument in node.args for part in _conjuncts(argument)]
    return [node]


def _comparison(node: Node, certain: bool) -> list[tuple[str, Hints]]:
    operator = unwrap(node.name[-1]).sval if node.name else ""
    left, right = unwrap(node.lexpr), node.rexpr
    named = constants(right)
    column, measured = _subject(left)
    if column is None:
        column, measured = _subject(unwrap(right))
        named = constants(node.lexpr)
        operator = _MIRRORED.get(operator, operator)
    if column is None or not named:
        return []
    if measured:
        lengths = [int(text) + step for text in named if text.isdigit() for step in (0, 1, -1)]
        shortest, longest = _bounds(operator, named) if certain else (None, None)
        bounds = Hints(
            lengths=tuple(each for each in lengths if each >= 0),
            shortest=None if shortest is None else int(shortest) + (operator == ">"),
            longest=None if longest is None else int(longest) - (operator == "<"),
        )
        return [(column, bounds)]
    if operator in ("~", "~*"):
        patterns = [re.sub(r"(?<!\\)\$$", r"\\Z", each) for each in named]  # $ would let a line feed follow
        return [(column, Hints(patterns=tuple(each for each in patterns if _compiles(each))))]
    if operator in ("~~", "~~*"):
        return [(column, Hints(literals=tuple(each.replace("%", "a").replace("_", "a") for each in named)))]
    # What lower(state) may be, state need not be.
    certain = certain and not any(node_name(each) == "FuncCall" for side in (left, right) for each in walk(side))
    low, high = _bounds(operator, named) if certain else (None, None)
    return [(column, Hints(tuple(named), certain and operator == "=", low, high))]


def _subject(node: Node) -> tuple[str | None, bool]:
    """The column that a side of a comparison is about, and whether it is its length."""
    name = node_name(node)
    if name == "TypeCast":
        return _subject(unwrap(node.arg))
    if name == "ColumnRef":
        return str(unwrap(node.fields[-1]).sval), False
    if name == "FuncCall" and len(node.args) == 1:
        function = unwrap(node.funcname[-1]).sval
        column, measured = _subject(unwrap(node.args[0]))
        return column, measured or function in _LENGTHS
    return None, False


def constants(node: Node) -> list[str]:
    """The constants below a node, as text; NULL is none."""
    found = []
    for each in walk(node):
        if node_name(each) != "A_Const" or each.isnull:
            continue
        kind = each.WhichOneof("val")
        value = getattr(each, kind)
        found.append(str(getattr(value, kind)).lower() if kind == "boolval" else str(getattr(value, kind)))
    return found


def _bounds(operator: str, constants: list[str]) -> tuple[Decimal | None, Decimal | None]:
    try:
        numbers = [Decimal(text) for text in constants]
    except InvalidOperation:
        return None, None
    if not all(number.is_finite() for number in numbers):
        return None, None
    return {
        ">": (numbers[0], None),
        ">=": (numbers[0], None),
        "<": (None, numbers[0]),
        "<=": (None, numbers[0]),
        "BETWEEN": (min(numbers), max(numbers)),
    }.get(operator, (None, None))


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
