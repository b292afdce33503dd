"""What a relation was called before a migration that renames it."""

from __future__ import annotations

from itertools import takewhile

from migrate_validate.replay.timeline import Step
from migrate_validate.syntax import Node, enum_name

from .locking import tree_of

_RELATIONS = frozenset({"OBJECT_TABLE", "OBJECT_FOREIGN_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_INDEX"})


def name_before(step: Step, relation: str) -> str:
    """What a relation was called before the first statement.

    Where SET SCHEMA moves a table that it names without a schema, that is not known, and the new name is returned.

    :param relation: ``schema.name``, as in ``Touched.relation``: of after the first statement that touched it
    """
    runs = step.run.statements
    before = list(takewhile(lambda run: all(each.relation != relation for each in run.touched), runs))
    name = relation
    for run in reversed(runs[: len(before) + 1]):
        tree = tree_of(run.statement.sql)
        if tree is None:
            continue
        if run.statement.kind == "rename":
            name = _before_rename(tree, name)
        elif run.statement.kind == "alter_object_schema":
            name = _before_move(tree, name)
    return name


def _before_rename(tree: Node, relation: str) -> str:
    schema, _, name = relation.partition(".")
    kind = enum_name("ObjectType", tree.rename_type)
    if kind == "OBJECT_SCHEMA" and tree.newname == schema:
        return f"{tree.subname}.{name}"
    if kind in _RELATIONS and tree.newname == name and tree.relation.schemaname in ("", schema):
        return f"{schema}.{tree.relation.relname}"
    return relation


def _before_move(tree: Node, relation: str) -> str:
    moved = enum_name("ObjectType", tree.object_type) in _RELATIONS and bool(tree.relation.schemaname)
    return (
        f"{tree.relation.schemaname}.{tree.relation.relname}"
        if moved and relation == f"{tree.newschema}.{tree.relation.relname}"
        else relation
    )
