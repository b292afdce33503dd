"""What INSERT ... SELECT, UPDATE and MERGE take for granted of the rows that they read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Table
from migrate_validate.data import exclusions
from migrate_validate.data.names import Names, Sources
from migrate_validate.replay.timeline import Failure
from migrate_validate.syntax import Node, enum_name, node_name, quote, unwrap

from .writing import Written, reference

_KEY = re.compile(r"\((?P<columns>.*?)\)=\(")
"""Of "Key (a, b)=(1, 2) ...", in whatever language."""
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_PARENT = re.compile(r'\)=\(.*\).*?["«»„“](?P<table>[^"«»„“]+)["«»„“”]')


def not_null(reads: Written, column: str) -> Iterator[str | None]:
    """What is assumed where a NULL was written."""
    if column not in reads.values:
        if reads.table is not None:
            yield f"{reads.name} is empty"
        return
    value, restriction = reads.sql(quote(column)), reads.restriction()
    if reads.table is not None and value and restriction is not None:
        if reads.table.column(value.strip('"')):
            yield f"not null {value} on {reads.name}"
            yield f"not null {value} on {reads.name}{restriction}"
        elif not _has_subquery(reads.values[column]):
            yield f"check ({value} IS NOT NULL) on {reads.name}{restriction}"
    yield no_rows(reads, f"({reads.sql(quote(column), qualified=True)}) is null")


def check(reads: Written, condition: str) -> Iterator[str | None]:
    """What is assumed where a CHECK constraint refused what was written."""
    value, restriction = reads.sql(condition), reads.restriction()
    if reads.table is not None and value and restriction is not None:
        yield f"check ({value}) on {reads.name}{restriction}"
    yield no_rows(reads, f"not ({reads.sql(condition, qualified=True)})")


def refused(reads: Written, condition: str, kind: str) -> Iterator[str | None]:
    """What is assumed where a trigger has refused what was written.

    :param condition: on which it does, as SQL over ``new`` and ``old``
    :param kind: of the statement: ``insert``, ``update`` or ``delete``
    """
    holder: Any = syntax.parse(f"SELECT {condition}")[0].node.target_list[0].res_target
    operation: Any = syntax.parse(f"SELECT '{kind.upper()}'")[0].node.target_list[0].res_target.val
    nothing: Any = syntax.parse("SELECT NULL")[0].node.target_list[0].res_target.val
    alias = reads.own.rpartition(" AS ")[2] or None
    for each in _generic(holder):
        parts = [unwrap(part).sval for part in each.column_ref.fields if node_name(unwrap(part)) == "String"]
        if parts[:1] == ["new"] and len(parts) == 2:
            each.CopyFrom(reads.values.get(parts[1], nothing))
        elif parts[:1] == ["old"] and len(parts) == 2:
            each.CopyFrom(reference(alias, parts[1]))
        elif parts == ["tg_op"]:
            each.CopyFrom(operation)
    value, restriction = reads.sources.sql(holder.val), reads.restriction()
    if reads.table is not None and value and restriction is not None and not _has_subquery(holder.val):
        yield f"{_never(value)} on {reads.name}{restriction}"
    yield no_rows(reads, f"({reads.sources.sql(holder.val, qualified=True)})")


def _never(condition: str) -> str:
    """A condition is false, or NULL; in the language of assumptions."""
    parts = [each for each in conjuncts(_generic_of(condition)) if not _certain(unwrap(each))]
    if len(parts) != 1:
        return f"check (({' and '.join(f'({syntax.sql_of_node(each)})' for each in parts)}) is not true)"
    tree: Any = unwrap(parts[0])
    kind = node_name(tree)
    if kind == "BooleanTest" and enum_name("BoolTestType", tree.booltesttype) == "IS_NOT_TRUE":
        return f"check (({syntax.sql_of_node(tree.arg)}) is true)"
    if kind == "NullTest" and enum_name("NullTestType", tree.nulltesttype) == "IS_NULL":
        subject = syntax.sql_of_node(tree.arg)
        return f"not null {subject}" if node_name(unwrap(tree.arg)) == "ColumnRef" else f"check ({subject} is not null)"
    if kind == "NullTest":
        return f"check ({syntax.sql_of_node(tree.arg)} is null)"
    opposite = _OPPOSITE.get(unwrap(tree.name[-1]).sval) if kind == "A_Expr" and tree.name else None
    if opposite and enum_name("A_Expr_Kind", tree.kind) == "AEXPR_OP":
        return f"({syntax.sql_of_node(tree.lexpr)}) {opposite} ({syntax.sql_of_node(tree.rexpr)})"
    return f"check (({syntax.sql_of_node(parts[0])}) is not true)"


def _generic_of(condition: str) -> Any:
    return syntax.parse(f"SELECT {condition}")[0].node.target_list[0].res_target.val


def _certain(tree: Node) -> bool:
    """Whether two equal constants are compared."""
    equal = node_name(tree) == "A_Expr" and tree.name and unwrap(tree.name[-1]).sval == "="
    if not equal or {node_name(unwrap(tree.lexpr)), node_name(unwrap(tree.rexpr))} != {"A_Const"}:
        return False
    return bool(syntax.sql_of_node(tree.lexpr) == syntax.sql_of_node(tree.rexpr))


def finds_nothing(condition: str, names: Names) -> str | None:
    """What is assumed where a condition over whole tables leads to an error."""
    try:
        tree: Any = syntax.parse(f"SELECT {condition}")[0].node.target_list[0].res_target.val
    except syntax.GrammarError:
        return None
    said = Sources(unwrap(tree), names).sql(tree, qualified=True)
    if said is None:
        return None
    node = syntax.parse_expression(said)
    if node_name(node) == "SubLink" and enum_name("SubLinkType", node.sub_link_type) == "EXISTS_SUBLINK":
        return f"no rows: {syntax.sql_of(unwrap(node.subselect))}"
    return f"no rows: select 1 where {said}"


def _generic(message: Any) -> list[Any]:
    """All references to columns below a message, as generic nodes."""
    found: list[Any] = []
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        for each in [value] if hasattr(value, "ListFields") else list(value):
            if each.DESCRIPTOR.name == "Node" and each.WhichOneof("node") == "column_ref":
                found.append(each)
            else:
                found += _generic(each)
    return found


def exists(reads: Written, columns: Sequence[str], parent: str) -> Iterator[str | None]:
    """What is assumed where a foreign key refused what was written."""
    values, restriction = [reads.sql(quote(each)) for each in columns], reads.restriction()
    if reads.table is None or restriction is None:
        return
    if all(value and reads.table.column(value.strip('"')) for value in values):
        yield f"{', '.join(map(str, values))} exists in {parent} on {reads.name}"
        yield f"{', '.join(map(str, values))} exists in {parent} on {reads.name}{restriction}"


def unique(several: Sequence[Written], keys: Sequence[str], target: Table | None, names: Names) -> Iterator[str | None]:
    """What is assumed where a key was written twice.

    :param keys: expressions over the target's columns
    :param target: as it was before; None: it was not there
    """
    for reads in several:
        values, restriction = [reads.sql(key) for key in keys], reads.restriction()
        if reads.table is not None and None not in values and restriction is not None:
            yield f"unique {', '.join(map(str, values))} on {reads.name}{restriction}"
            yield f"unique {', '.join(map(str, values))} on {reads.name}"
    called = _called(keys)
    parts = [_selected(reads, keys, called) for reads in several]
    if None in parts or not parts:
        return
    listed, united = ", ".join(called), " union all ".join(map(str, parts))
    grouped = f"group by {listed} having count(*) > 1"
    if len(parts) > 1:
        yield f"no rows: select {listed} from ({united}) written {grouped}"
    else:
        yield f"no rows: {united} {_grouped(several[0], keys)}"
    if target is not None:
        there = f"select {_aliased(keys, called)} from {Sources(None, names).name_of(target)}"
        yield f"no rows: {united if len(parts) == 1 else f'({united})'} intersect all {there}"
        yield f"no rows: select {listed} from ({united} union all {there}) written {grouped}"


def _called(keys: Sequence[str]) -> list[str]:
    """What the values of keys are called in a query: as the columns are, or k1, k2, ..."""
    plain = [node_name(syntax.parse_expression(each)) == "ColumnRef" for each in keys]
    return [
        key if is_plain else f"k{number}" for number, (key, is_plain) in enumerate(zip(keys, plain, strict=True), 1)
    ]


def _aliased(values: Sequence[str], names: Sequence[str]) -> str:
    """Values for a SELECT, named where they are not named so anyway."""
    pairs = zip(values, names, strict=True)
    return ", ".join(value if value.rpartition(".")[2] == name else f"{value} as {name}" for value, name in pairs)


def _grouped(reads: Written, keys: Sequence[str]) -> str:
    values = ", ".join(str(reads.sql(key, qualified=True)) for key in keys)
    return f"group by {values} having count(*) > 1"


def apart(
    several: Sequence[Written], keys: Sequence[tuple[str, str]], target: Table | None, names: Names
) -> Iterator[str | None]:
    """What is assumed where an exclusion constraint refused what was written.

    :param keys: SQL over the target's columns, and the operator that is never to be true
    :param target: as it was before; None: it was not there
    """
    there = Sources(None, names).name_of(target) if target is not None else ""
    for reads in several:
        values, restriction = [(reads.sql(key), operator) for key, operator in keys], reads.restriction()
        known = [(key, operator) for key, operator in values if key is not None]
        if reads.table is not None and restriction is not None and len(known) == len(keys):
            where = restriction.removeprefix(" where ")
            yield exclusions.apart(known, where, reads.table, reads.name)
            if there:
                both = [(own, operator, theirs) for (own, operator), (theirs, _) in zip(known, keys, strict=True)]
                yield exclusions.between(both, where, reads.name, there)
    called = _called([key for key, _ in keys])
    parts = [_selected(reads, [key for key, _ in keys], called) for reads in several]
    if None in parts:
        return
    if there:
        parts.append(f"select {_aliased([key for key, _ in keys], called)} from {there}")
    pairs = zip(called, keys, strict=True)
    joined = " and ".join(f"one.{name} {operator} other.{name}" for name, (_, operator) in pairs)
    all_of_them = " union all ".join(map(str, parts))
    yield (
        f"no rows: with written as (select row_number() over () as n, * from ({all_of_them}) as rows) "
        f"select one.* from written one join written other on one.n < other.n and {joined}"
    )


def keys_of(failure: Failure) -> list[str]:
    """The columns or expressions that PostgreSQL names in the detail of an error."""
    found = _KEY.search(failure.detail or "")
    if found is None:
        return []
    try:
        targets = syntax.parse(f"SELECT {found['columns']}")[0].node.target_list
    except syntax.GrammarError:
        return []
    return [syntax.sql_of_node(unwrap(each).val) for each in targets]


def parent_of(failure: Failure) -> str:
    """The table that PostgreSQL names in the detail of an error; empty where it names none."""
    found = _PARENT.search(failure.detail or "")
    return quote(found["table"]) if found else ""


def matched(reads: Written, column: str) -> Iterator[str | None]:
    """What is assumed where each row has to have a partner in another table, from which it is filled."""
    if reads.updated is None:
        return
    own = reads.updated
    conditions = [reads.where] if reads.where is not None else []
    for each in syntax.walk(reads.values[column]):
        if node_name(each) == "SubLink":
            select = unwrap(each.subselect)
            conditions += [select.where_clause] if select.HasField("where_clause") else []
    for part in (part for condition in conditions for part in conjuncts(condition)):
        texts = {reads.sources.table_of(side): reads.sources.sql(side) for side in sides(part)}
        for other, text in texts.items():
            mine = texts.get(own)
            if other is not None and other is not own and text and mine:
                name = reads.sources.name_of(own)
                yield f"{mine} exists in {reads.sources.name_of(other)}({text}) on {name}"
                yield f"not null {mine} on {name}"


def several_found(reads: Written) -> Iterator[str | None]:
    """The rows for which a subquery that stands for one value returns several."""
    for value in reads.values.values():
        for each in syntax.walk(value):
            if node_name(each) != "SubLink":
                continue
            holder: Any = syntax.parse("SELECT (SELECT count(*))")[0].node.target_list[0].res_target.val
            counting = type(holder)()
            counting.CopyFrom(holder.sub_link.subselect.select_stmt.target_list[0])
            select = unwrap(each.subselect)
            plain = not (select.group_clause or select.distinct_clause or select.HasField("larg"))
            inner = holder.sub_link.subselect.select_stmt
            inner.CopyFrom(select)
            del inner.target_list[:], inner.sort_clause[:]
            inner.target_list.append(counting)
            number = reads.sources.sql(holder, qualified=True) if plain and not select.HasField("limit_count") else None
            if number is not None:
                yield no_rows(reads, f"{number} > 1")


def unfilled(several: Sequence[Written], column: str, among: str = "") -> str | None:
    """The rows that none of these UPDATE statements fills.

    :param among: of which rows that is asked, as SQL; empty: of all
    """
    met = [among] if among else []
    for reads in several:
        value, restriction = reads.sql(quote(column), qualified=True), _beside(reads, among)
        if reads.relation is None or value is None or restriction is None:
            return None
        node = unwrap(reads.values[column])
        certain = node_name(node) == "A_Const" and not node.isnull and bool(restriction)
        filled = "" if certain else f"({value}) is not null"
        filled += restriction.replace(" where ", "" if certain else " and ", 1)
        met.append(
            f"not exists (select from {reads.joined} where {filled})" if reads.joined else f"({filled}) is not true"
        )
    own = {reads.own for reads in several}
    return f"no rows: select * from {own.pop()} where {' and '.join(met)}" if len(own) == 1 else None


def conjuncts(condition: Node) -> Iterator[Node]:
    """The parts of a condition that all have to be true, as generic nodes."""
    node = unwrap(condition)
    if node_name(node) == "BoolExpr" and enum_name("BoolExprType", node.boolop) == "AND_EXPR":
        for each in node.args:
            yield from conjuncts(each)
    else:
        yield condition


def sides(part: Node) -> list[Node]:
    """Both sides of an equation; none of anything else."""
    node = unwrap(part)
    equal = node_name(node) == "A_Expr" and unwrap(node.name[-1]).sval == "="
    return [node.lexpr, node.rexpr] if equal else []


def _beside(reads: Written, among: str) -> str | None:
    """`` where ...`` without what is asked anyway."""
    parts = (
        [reads.sources.sql(each, qualified=True) for each in conjuncts(reads.where)] if reads.where is not None else []
    )
    if None in parts:
        return None
    rest = [str(each) for each in parts if str(each).lower() != among.lower()]
    return f" where {' and '.join(rest)}" if rest else reads.restriction(qualified=True) if parts else ""


def _selected(reads: Written, keys: Sequence[str], called: Sequence[str]) -> str | None:
    values = [reads.sql(key, qualified=True) for key in keys]
    restriction = reads.restriction(qualified=True)
    if reads.relation is None or None in values or restriction is None:
        return None
    return f"select {_aliased([str(each) for each in values], called)} from {reads.relation}{restriction}"


def no_rows(reads: Written, condition: str) -> str | None:
    """The rows that a query reads and for which a condition is true.

    :param condition: as SQL, over the names that the query has for its tables
    """
    restriction = reads.restriction(qualified=True)
    if reads.relation is None or restriction is None or "None" in condition:
        return None
    joined = f"{restriction} and {condition}" if restriction else f" where {condition}"
    return f"no rows: select * from {reads.relation}{joined}"


def _has_subquery(value: Node) -> bool:
    return any(node_name(each) == "SubLink" for each in syntax.walk(value))
