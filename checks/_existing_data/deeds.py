"""What a migration says about the rows of tables, in so many words.

Tables and columns are called by an identity here: the name that they had before the migration, and for what it makes
itself a name that no other thing has (``+schema.name``), so that renames do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from migrate_validate.chain.model import Statement
from migrate_validate.syntax import Node, node_name, walk

from .expressions import Carried, Way, columns_of, text_of


@dataclass(frozen=True, slots=True)
class Assigned:
    """How a column gets a value."""

    way: Way
    carried: Carried | None = None
    """The column whose value it is, where it is that of one column."""
    expression: Node | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a migration does to the rows of a table."""

    kind: str
    """``delete``, ``truncate``, ``drop``, ``insert``, ``copy``, ``merge``, ``attach``, ``detach``, ``update``,
    ``retype``, ``drop column``, ``add column``; ``cascade``: it drops whatever needs what it names."""
    table: str
    """Its identity; empty where only running tells which."""
    statement: Statement
    assigned: Mapping[str, Assigned] = field(default_factory=dict)
    """By identity: the columns that get values."""
    where: Node | None = field(default=None, compare=False)
    node: Node | None = field(default=None, compare=False)
    unread: bool = False
    """It stands in text that could not be parsed: the columns are unknown."""
    guarded: bool = False
    """It does what it does only where no other row is in the way (ON CONFLICT DO NOTHING)."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Rows of one table that are put into another."""

    source: str
    target: str
    statement: Statement
    columns: Mapping[str, str]
    """By column of the source: that of the target which has its value as it was."""
    cast: Mapping[str, str]
    """The same, for columns whose value is cast or cut."""
    computed: frozenset[str]
    """Columns of the target that are given in other words."""
    mentioned: frozenset[str]
    """The names of columns that these words ask for."""
    others: tuple[str, ...]
    """The other tables that the rows are joined with, by identity."""
    inner: bool
    """Whether a row without a partner there is left out."""
    guarded: bool
    """ON CONFLICT DO NOTHING: rows whose key is taken are left out."""
    thinned: str
    """``DISTINCT``, ``GROUP BY``, ``LIMIT``, ...: what else leaves rows out; empty where nothing does."""
    where: Node | None = field(default=None, compare=False)
    alias: str = ""
    """What the source is called in the query."""


@dataclass(frozen=True, slots=True)
class Added:
    """A column that the migration adds to a table."""

    type: str
    """As it is written; empty where it could not be told."""
    default: bool
    statement: Statement


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that one migration says about rows."""

    deeds: tuple[Deed, ...] = ()
    copies: tuple[Copy, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """By identity: what each table is called in the end; those that are dropped are missing."""
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By identity of the table, then of the column: what it is called in the end."""
    added: Mapping[str, Mapping[str, Added]] = field(default_factory=dict)
    """By identity of the table, then of the column."""
    unread: tuple[Statement, ...] = ()
    """Statements with text inside that could not be parsed: only running tells what it does."""
    questions: Mapping[str, str] = field(default_factory=dict)
    """What is asked of the state before the migration, see :mod:`.questions`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of enumerated types that get another name, and that name."""
    family: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By identity: the partitions and children of a table, and those that it belongs to: their rows are shared."""
    zone_set: bool = False
    """Whether the migration sets the time zone of its session."""
    refused: set[str] = field(default_factory=set, compare=False)
    """Questions about the state before the migration that PostgreSQL could not answer: not to be asked again."""
    plain: dict[int, str] = field(default_factory=dict, compare=False)
    """By id of the expressions in it that were asked for: see :meth:`of_row`."""

    def of_row(self, expression: Node) -> str:
        """An expression of its own as SQL, where it is made from the row alone; else empty.

        It is asked for after each dataset, and reading trees takes its time.
        """
        known = self.plain.get(id(expression))
        if known is None:
            subquery = any(node_name(each) == "SubLink" for each in walk(expression))
            known = "" if subquery or not any(columns_of(expression)) else text_of(expression)
            self.plain[id(expression)] = known
        return known

    def deeds_on(self, table: str, *kinds: str) -> Iterator[Deed]:
        """The deeds of these kinds on a table, those among them of which only running tells the table."""
        names = {table, "", *self.family.get(table, ())}
        return (each for each in self.deeds if each.kind in kinds and each.table in names)

    def deed(self, table: str, *kinds: str) -> Deed | None:
        """The first of them."""
        return next(self.deeds_on(table, *kinds), None)

    def assignments(self, table: str, column: str) -> list[tuple[Deed, Assigned | None]]:
        """The deeds that give a column of existing rows a value, and how; None where that is unknown."""
        return [
            (each, each.assigned.get(column))
            for each in self.deeds_on(table, "update", "merge", "insert")
            if column in each.assigned or each.unread
        ]

    def copies_from(self, table: str) -> list[Copy]:
        """The copies of a table's rows into tables that stay, those by way of tables that do not among them."""
        found = [each for each in self.copies if each.source == table and each.target != table]
        seen = {each.target for each in found}
        for copy in found:
            if copy.target in self.names:
                continue
            for further in self.copies:
                if further.source == copy.target and further.target not in {*seen, table}:
                    seen.add(further.target)
                    found.append(_chained(copy, further))
        return [each for each in found if each.target in self.names]

    def copy_back(self, table: str) -> Copy | None:
        """How the rows of a table come back into it from a new table that they were put into, if they do."""
        for away in self.copies:
            if away.source == table and away.target.startswith("+"):
                for back in self.copies:
                    if (back.source, back.target) == (away.target, table):
                        return _chained(away, back)
        return None

    @property
    def written(self) -> frozenset[str]:
        """The tables whose rows are named by what writes to them."""
        kinds = ("delete", "insert", "copy", "merge", "update", "truncate")
        return frozenset(each.table for each in self.deeds if each.kind in kinds and each.table)


def _chained(first: Copy, second: Copy) -> Copy:
    """What two copies, one after the other, amount to."""
    columns = {own: second.columns[via] for own, via in first.columns.items() if via in second.columns}
    both = {**second.columns, **second.cast}
    cast = {
        own: both[via] for own, via in {**first.columns, **first.cast}.items() if via in both and own not in columns
    }
    return Copy(
        first.source,
        second.target,
        second.statement,
        columns,
        cast,
        second.computed,
        first.mentioned,
        (*first.others, *second.others),
        first.inner or second.inner,
        first.guarded or second.guarded,
        first.thinned or second.thinned,
        first.where if first.where is not None else second.where,
        first.alias,
    )
