"""What policies, views and functions read, as whom, and which functions they call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Catalog, Function, Policy, Table, View
from migrate_validate.findings import Unproven
from migrate_validate.syntax import GrammarError, Node, node_name, parse, parse_expression, unwrap, walk

from .._existing_data.bodies import existing
from .._shared import enum_name

_SYSTEM = ("pg_catalog", "information_schema")


@dataclass(frozen=True, slots=True)
class Read:
    """A relation that is read on the way."""

    relation: str
    """``schema.name``."""
    role: str
    """With whose privileges, and by whose policies."""
    via: tuple[str, ...] = ()
    """The functions and views that lead there, ``schema.name``; functions with ``()``."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function that is called on the way."""

    functions: tuple[Function, ...]
    """Those that it could be: one, unless several take that many arguments."""
    role: str
    via: tuple[str, ...] = ()


class Graph:
    """Follows expressions of policies and definitions of views to what they read."""

    def __init__(self, catalog: Catalog) -> None:
        """Over all that is in the database, the environment's own too."""
        self.catalog = catalog
        whole = catalog.whole
        self.tables: Mapping[str, Table] = whole.tables_by_name
        self.views: Mapping[str, View] = {view.qualified_name: view for view in whole.views}
        self._functions: dict[tuple[str, str], list[Function]] = defaultdict(list)
        for function in whole.functions:
            self._functions[function.schema, function.name].append(function)
        self._trees: dict[tuple[str, str], tuple[Node, ...]] = {}
        """By what it is, and its text or name."""

    @classmethod
    def over(cls, catalog: Catalog) -> Graph:
        """The graph of a catalog, made once for all rules that ask for it."""
        return catalog.derived(cls)

    def of_policy(self, policy: Policy, role: str) -> Iterator[Read | Call]:
        """What a policy reads and calls when its command is run by a role."""
        for text in (policy.using, policy.check):
            yield from self.of_expression(text, role)

    def of_expression(self, text: str | None, role: str) -> Iterator[Read | Call]:
        """What an expression of a policy reads and calls; nothing where it cannot be parsed."""
        if text is not None:
            yield from self._follow(self._parsed(text), _Path(role, role, _SYSTEM))

    def of_view(self, view: View, role: str) -> Iterator[Read | Call]:
        """What a view reads and calls when a role reads it."""
        yield from self._of_view(view, _Path(role, role, _SYSTEM))

    def of_function(self, function: Function, role: str) -> Iterator[Read | Call]:
        """What a function reads and calls when a role calls it."""
        yield from self._of_function(function, _Path(role, role, _SYSTEM))

    def asks(self, view: View) -> bool:
        """Whether a view looks itself at who is asking: at the session's user, settings or token."""
        called = (each for each in self.of_view(view, view.owner) if isinstance(each, Call))
        bodies = (self._body(function) for call in called for function in call.functions)
        return any(_asks(node) for nodes in (self.tree_of_view(view), *bodies) for node in nodes)

    def reads_of(self, view: View) -> tuple[str, ...]:
        """The relations that a view or materialized view names itself."""
        found = self._follow(self.tree_of_view(view), _Path(view.owner, view.owner, _SYSTEM))
        return tuple(dict.fromkeys(each.relation for each in found if isinstance(each, Read) and not each.via))

    def opaque(self, policy: Policy, role: str) -> Iterator[str]:
        """The functions that a policy calls, and that cannot be read: they build SQL, or are in another language."""
        for call in self.of_policy(policy, role):
            if isinstance(call, Call):
                yield from (each.qualified_name for each in call.functions if _opaque(each))

    def tree_of_view(self, view: View) -> tuple[Node, ...]:
        """All nodes of a view's definition; none where it cannot be parsed."""
        key = ("view", view.definition)
        if key not in self._trees:
            try:
                found = tuple(node for each in parse(view.definition) for node in walk(each.node))
            except GrammarError:
                found = ()
            self._trees[key] = found
        return self._trees[key]

    def _parsed(self, text: str) -> tuple[Node, ...]:
        key = ("expression", text)
        if key not in self._trees:
            try:
                self._trees[key] = tuple(walk(parse_expression(text)))
            except GrammarError:
                self._trees[key] = ()
        return self._trees[key]

    def _follow(self, nodes: tuple[Node, ...], path: _Path) -> Iterator[Read | Call]:
        here = {each.ctename for each in nodes if node_name(each) == "CommonTableExpr"}
        for node in nodes:
            if node_name(node) == "RangeVar" and (node.schemaname or node.relname not in here):
                yield from self._read(node, path)
            elif node_name(node) == "FuncCall":
                yield from self._called(node, path)

    def _read(self, node: Node, path: _Path) -> Iterator[Read | Call]:
        for schema in (node.schemaname,) if node.schemaname else path.schemas:
            name = f"{schema}.{node.relname}"
            if name in self.tables or name in self.views:
                yield Read(name, path.role, path.via)
                if name in self.views and name not in path.seen:
                    yield from self._of_view(self.views[name], path)
                return

    def _of_view(self, view: View, path: _Path) -> Iterator[Read | Call]:
        if view.kind == "view":
            role, name = path.first if invoker(view) else view.owner, view.qualified_name
            yield from self._follow(self.tree_of_view(view), path.on(name, name, role, path.first, path.schemas))

    def _called(self, node: Node, path: _Path) -> Iterator[Read | Call]:
        names = [unwrap(each).sval for each in node.funcname]
        for schema in names[-2:-1] or path.schemas:
            found = self._functions.get((schema, names[-1]), [])
            fitting = [each for each in found if takes(each, len(node.args))] or found
            if fitting:
                yield Call(tuple(fitting), path.role, path.via)
                for each in fitting:
                    if each.qualified_name not in path.seen:
                        yield from self._of_function(each, path)
                return

    def _of_function(self, function: Function, path: _Path) -> Iterator[Read | Call]:
        role = function.owner if function.security_definer else path.role
        name = f"{function.schema}.{function.name}()"
        inner = path.on(function.qualified_name, name, role, role, schemas_of(function))
        yield from self._follow(self._body(function), inner)

    def _body(self, function: Function) -> tuple[Node, ...]:
        key = ("function", function.qualified_name)
        if key not in self._trees:
            nodes = (node for each in self._statements(function) for node in walk(each))
            self._trees[key] = tuple(nodes)
        return self._trees[key]

    @staticmethod
    def _statements(function: Function) -> tuple[Node, ...]:
        if not standard_body(function):
            return existing(function).nodes
        try:
            text = f"CREATE FUNCTION f({function.signature}) RETURNS {function.returns} LANGUAGE sql {function.body}"
            return (parse(text)[0].node.sql_body,)
        except GrammarError:
            return ()


@dataclass(frozen=True, slots=True)
class _Path:
    role: str
    first: str
    """Who runs the query that a view stands in; a view never changes that, a function with SECURITY DEFINER does."""
    schemas: tuple[str, ...]
    """Where names without a schema are looked for."""
    via: tuple[str, ...] = ()
    seen: frozenset[str] = field(default_factory=frozenset)

    def on(self, key: str, name: str, role: str, first: str, schemas: tuple[str, ...]) -> _Path:
        return _Path(role, first, schemas, (*self.via, name), self.seen | {key})


def _asks(node: Node) -> bool:
    if node_name(node) == "SQLValueFunction":
        return enum_name(node, "op") in ("SVFOP_CURRENT_USER", "SVFOP_SESSION_USER", "SVFOP_CURRENT_ROLE", "SVFOP_USER")
    return node_name(node) == "FuncCall" and unwrap(node.funcname[-1]).sval == "current_setting"


def _opaque(function: Function) -> bool:
    if function.language not in ("sql", "plpgsql"):
        return function.language not in ("c", "internal")
    return not standard_body(function) and bool(existing(function).unread)


def invoker(view: View) -> bool:
    """Whether a view reads with the privileges of whoever reads it."""
    options = dict(each.partition("=")[::2] for each in view.options)
    return options.get("security_invoker", "").lower() in ("true", "on", "yes", "1", "t", "y")


def standard_body(function: Function) -> bool:
    """Whether the body is SQL that PostgreSQL has parsed when it was made: its names mean the same for ever."""
    return function.language == "sql" and function.body.lstrip().upper().startswith(("BEGIN ATOMIC", "RETURN "))


def schemas_of(function: Function) -> tuple[str, ...]:
    """The schemas where a function looks for names without one: its own search path, or the usual one."""
    for setting in function.settings:
        name, _, value = setting.partition("=")
        if name == "search_path":
            return (*(part.strip().strip("\"'") for part in value.split(",")), *_SYSTEM)
    return ("public", *_SYSTEM)


def takes(function: Function, count: int) -> bool:
    """Whether a function can be called with so many arguments."""
    every = len(function.arguments.split(", ")) if function.arguments else 0
    fewest = every - function.signature.count(" DEFAULT ")
    return "VARIADIC " in function.signature or fewest <= count <= every


def unread(policy: Policy, table: Table) -> Iterator[Unproven]:
    """What to say where an expression of a policy cannot be parsed."""
    for part, text in (("USING", policy.using), ("WITH CHECK", policy.check)):
        try:
            if text is not None:
                parse_expression(text)
        except GrammarError as error:
            name = f"{table.qualified_name}: {policy.name}"
            yield Unproven(f"its {part} cannot be parsed: {error.message}", object=name)
