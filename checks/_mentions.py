"""Which tables the statements of a migration name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from migrate_validate.chain.model import Chain, Script
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.syntax import GrammarError, Node, node_name, parse, scan, unwrap, walk

from ._shared import enum_name

_DEFINES = re.compile(r"create\b[^;(]*\b(function|procedure|view)\b", re.IGNORECASE)
"""Where parsing again is worth its time."""


Name = tuple[str, str]
"""Schema and name; the schema is empty where none was written."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """Names that statements mention."""

    relations: frozenset[Name] = frozenset()
    schemas: frozenset[str] = frozenset()
    """Schemas that are dropped or renamed as a whole."""
    words: frozenset[Name] = frozenset()
    """Every identifier in the bodies of functions and DO blocks, and in text that could not be parsed; with what stands
    before its dot, be that a schema or an alias."""
    functions: frozenset[Name] = frozenset()
    """Functions that are called."""

    def __or__(self, other: Mentions) -> Mentions:
        """The names of both."""
        return Mentions(
            self.relations | other.relations,
            self.schemas | other.schemas,
            self.words | other.words,
            self.functions | other.functions,
        )

    def reach(self, schema: str, name: str) -> bool:
        """Whether a function or a view is mentioned; a schema that was not written, here or there, may be any."""
        return any(_among(each, schema, name) for each in (self.functions, self.words, self.relations))

    @classmethod
    def of(cls, statements: Iterable[str]) -> Mentions:
        """The names in these statements."""
        relations: set[Name] = set()
        schemas: set[str] = set()
        words: set[Name] = set()
        functions: set[Name] = set()
        for statement in statements:
            try:
                tree = [parsed.node for parsed in parse(statement)]
            except GrammarError:
                words.update(_words(statement))
                continue
            for node in (each for root in tree for each in walk(root)):
                relations.update(_relations(node))
                schemas.update(_schemas(node))
                if node_name(node) == "FuncCall":
                    functions.add(_qualified(node.funcname))
                if node_name(node) in ("DoStmt", "CreateFunctionStmt"):
                    words.update(word for text in _strings(node) for word in _words(text))
        return cls(frozenset(relations), frozenset(schemas), frozenset(words), frozenset(functions))

    def include(self, table: str, above: Mapping[str, frozenset[str]]) -> bool:
        """Whether a table is mentioned, or one of its parents.

        :param table: ``schema.name``
        :param above: what :func:`parents` gives
        """
        schema, _, name = table.partition(".")
        if schema in self.schemas or _among(self.words, schema, name) or _among(self.relations, schema, name):
            return True
        rest = {child: over for child, over in above.items() if child != name}
        return any(self.include(f"{schema}.{parent}", rest) for parent in above.get(name, ()))


def _among(mentioned: frozenset[Name], schema: str, name: str) -> bool:
    if ("", name) in mentioned or (schema, name) in mentioned:
        return True
    return not schema and any(name == other for _, other in mentioned)


def _qualified(parts: Iterable[Node]) -> Name:
    names = [unwrap(part).sval for part in parts]
    return names[-2] if len(names) > 1 else "", names[-1]


def mentions_of(statements: Iterable[str], scripts: Iterable[Script]) -> Mentions:
    """The names in these statements, and in the functions and views of these scripts that they lead to.

    A function or view is led to where its name is mentioned; so are those whose names stand in its own definition.

    :param scripts: those whose functions and views exist by then
    """
    found = Mentions.of(statements)
    left = [each for script in scripts for each in _definitions(script)]
    while reached := [each for each in left if found.reach(each.schema, each.name)]:
        left = [each for each in left if each not in reached]
        for each in reached:
            found = found | each.mentions
    return found


@dataclass(frozen=True, slots=True)
class _Definition:
    """A function or a view that a script makes."""

    schema: str
    """Empty where none was written."""
    name: str
    mentions: Mentions


@lru_cache(maxsize=2048)
def _definitions(script: Script) -> tuple[_Definition, ...]:
    """What a script makes that may touch tables in a later one; cached, for every step asks for all before it."""
    try:
        candidates = [each.sql for each in statements(script)]
    except ScriptError:
        return ()
    return tuple(
        _Definition(*name, Mentions.of([text]))
        for text in candidates
        if _DEFINES.match(text)
        for name in _defined(text)
    )


def _defined(text: str) -> Iterator[Name]:
    try:
        nodes = [parsed.node for parsed in parse(text)]
    except GrammarError:
        return
    for node in nodes:
        match node_name(node):
            case "CreateFunctionStmt":
                yield _qualified(node.funcname)
            case "ViewStmt":
                yield node.view.schemaname, node.view.relname


def parents(chain: Chain) -> Mapping[str, frozenset[str]]:
    """The tables that each partition or inheritance child of a chain belongs to, by bare name."""
    found: dict[str, set[str]] = {}
    for script in chain.scripts:
        for child, parent in _declared(script):
            found.setdefault(child, set()).add(parent)
    return {child: frozenset(over) for child, over in found.items()}


@lru_cache(maxsize=2048)
def _declared(script: Script) -> tuple[tuple[str, str], ...]:
    """Child and parent of each belonging that a script declares; cached, for every step asks for all of them."""
    try:
        candidates = [each for each in statements(script) if each.kind in ("create", "alter_table")]
    except ScriptError:
        return ()
    return tuple(pair for each in candidates for parsed in parse(each.sql) for pair in _belongings(parsed.node))


def _belongings(node: Node) -> Iterator[tuple[str, str]]:
    if node_name(node) == "CreateStmt":
        for parent in node.inh_relations:
            yield node.relation.relname, unwrap(parent).relname
    elif node_name(node) == "AlterTableStmt":
        for command in map(unwrap, node.cmds):
            kind, what = enum_name(command, "subtype"), unwrap(getattr(command, "def"))
            if kind == "AT_AttachPartition":
                yield what.name.relname, node.relation.relname
            elif kind == "AT_AddInherit":
                yield node.relation.relname, what.relname


def _relations(node: Node) -> Iterator[tuple[str, str]]:
    match node_name(node):
        case "RangeVar":
            yield node.schemaname, node.relname
        case "DropStmt":
            for parts in _names(node.objects):
                yield (parts[-2] if len(parts) > 1 else "", parts[-1])
        case "RenameStmt":
            yield "", node.newname
        case "AlterObjectSchemaStmt":
            yield node.newschema, node.relation.relname


def _schemas(node: Node) -> Iterator[str]:
    match node_name(node):
        case "DropStmt" if enum_name(node, "remove_type") == "OBJECT_SCHEMA":
            for parts in _names(node.objects):
                yield parts[-1]
        case "RenameStmt" if enum_name(node, "rename_type") == "OBJECT_SCHEMA":
            yield node.subname
            yield node.newname


def _names(objects: Iterable[Node]) -> Iterator[list[str]]:
    for each in map(unwrap, objects):
        match node_name(each):
            case "List":
                yield [unwrap(part).sval for part in each.items if node_name(unwrap(part)) == "String"] or [""]
            case "String":
                yield [each.sval]


def _strings(node: Node) -> Iterator[str]:
    return (each.sval for each in walk(node) if node_name(each) == "String")


def _words(text: str) -> Iterator[Name]:
    """Identifiers and words of a text, those inside its strings too (dynamic SQL)."""
    try:
        tokens = scan(text)
    except GrammarError:
        return
    before = ""
    dotted = False
    for token in tokens:
        piece = text[token.start : token.end]
        if token.name == "SCONST":
            inner = piece.strip("'") if piece.startswith("'") else piece.strip("$")
            if inner != piece:
                yield from _words(inner)
        word = _identifier(piece)
        if word:
            yield before if dotted else "", word
            # The %I of format() may become any schema.
            before = "" if text[max(token.start - 1, 0) : token.start] == "%" else word
        dotted = piece == "." and bool(before)
        if not word and not dotted:
            before = ""


def _identifier(piece: str) -> str:
    """The name that a token stands for; empty where it is none."""
    if piece.startswith('"'):
        return piece[1:-1].replace('""', '"')
    return piece.lower() if piece[:1].isalpha() or piece.startswith("_") else ""
