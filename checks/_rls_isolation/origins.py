"""What policies compare columns with: who is asking, a claim of the token, a setting of the session, other columns.

Read off the parse trees of policies, and of the functions and views that they lead to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from migrate_validate.catalog.model import Catalog, Function
from migrate_validate.syntax import GrammarError, Node, node_name, parse, parse_expression, unwrap

from .trees import Origin, assigned, children, names_of, of_setting, parameters, statements_of, stepped, text_of

_ARROWS = ("->", "->>", "#>", "#>>")
_MANY = ("jsonb_array_elements_text", "json_array_elements_text", "jsonb_array_elements", "jsonb_object_keys")
_MANY_TEXT = ("string_to_array", "regexp_split_to_array", "unnest")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column that is compared with something."""

    table: str
    """``schema.name``."""
    column: str
    origin: Origin
    policy_of: str
    """The table whose policy says so, itself or by way of functions."""
    said: str
    """Where it stands, for people: ``policy "own" on public.notes``."""


Scope = tuple[Mapping[str, str], ...]
"""Tables by the name that they have in a query, the innermost query first."""


ClaimWords = Mapping[str, tuple[str, ...]]
"""By the dotted path of a claim: constants that policies compare it with."""


def comparisons(catalog: Catalog) -> tuple[tuple[Comparison, ...], ClaimWords]:
    """All comparisons in policies of the catalog, in the order of tables; and the words that claims may be.

    Text that cannot be parsed has none: rules about policies tell of it.
    """
    reading = _Reading(catalog)
    for table in catalog.tables:
        for policy in table.policies:
            reading.policy_of = table.qualified_name
            reading.said = f'policy "{policy.name}" on {table.qualified_name}'
            for text in (policy.using, policy.check):
                if text is None:
                    continue
                try:
                    tree = parse_expression(text)
                except GrammarError:
                    continue
                reading.visit(tree, ({table.name: table.qualified_name},))
    words = {name: tuple(dict.fromkeys(each)) for name, each in reading.words.items()}
    return tuple(dict.fromkeys(reading.found)), words


Required = tuple[frozenset[str], frozenset[str]]
"""The columns that USING and WITH CHECK compare with who is asking, so that nothing holds for anybody else."""


def own_columns(catalog: Catalog, person_setting: str | None) -> Mapping[tuple[str, str], Required]:
    """By table and name of each policy that is about rows of who is asking: the columns that say so.

    :param person_setting: the setting that says who is asking, where one does
    """
    who = {Origin("uid"), Origin("setting", person_setting or "")}
    reading = _Reading(catalog)
    found: dict[tuple[str, str], Required] = {}
    for table in catalog.tables:
        scope: Scope = ({table.name: table.qualified_name},)
        for policy in table.policies:
            using, check = (reading.required(text, scope, who) for text in (policy.using, policy.check))
            if using or check:
                found[table.qualified_name, policy.name] = using, check
    return found


@dataclass(slots=True)
class _Reading:
    catalog: Catalog
    policy_of: str = ""
    said: str = ""
    found: list[Comparison] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    """By claim: constants that it is compared with."""
    inside: list[str] = field(default_factory=list)
    """The functions that are being read."""
    functions: dict[str, list[Function]] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)
    statements: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    variables: dict[str, frozenset[Origin]] = field(default_factory=dict)
    """Of the function that is being read."""

    def __post_init__(self) -> None:
        for function in self.catalog.whole.functions:
            self.functions.setdefault(function.name, []).append(function)
        for table in self.catalog.whole.tables:
            self.tables.setdefault(table.name, []).append(table.qualified_name)
        for view in self.catalog.whole.views:
            self.tables.setdefault(view.name, []).append(view.qualified_name)

    # Who is required.

    def required(self, text: str | None, scope: Scope, who: Collection[Origin]) -> frozenset[str]:
        """The columns of which one has to name who is asking; none where an expression holds for others, too."""
        try:
            return self._required(parse_expression(text), scope, who) if text else frozenset()
        except GrammarError:
            return frozenset()

    def _required(self, node: Node, scope: Scope, who: Collection[Origin]) -> frozenset[str]:
        node = unwrap(node)
        if node_name(node) == "BoolExpr":
            each = [self._required(child, scope, who) for child in node.args]
            kind = node.DESCRIPTOR.fields_by_name["boolop"].enum_type.values_by_number[node.boolop].name
            if kind == "AND_EXPR" or (kind == "OR_EXPR" and all(each)):
                return frozenset(column for columns in each for column in columns)
        elif node_name(node) == "A_Expr" and names_of(node.name)[-1:] == ("=",):
            for one, other in ((node.lexpr, node.rexpr), (node.rexpr, node.lexpr)):
                if any(origin in who for origin in self.origins(other, scope)):
                    return frozenset(column.rpartition(".")[2] for column in self._columns(one, scope))
        return frozenset()

    # What is compared.

    def visit(self, node: Node, scope: Scope) -> None:
        """Note the comparisons in a tree."""
        node = unwrap(node)
        kind = node_name(node)
        if not kind:
            return
        if kind in ("SelectStmt", "UpdateStmt", "DeleteStmt"):
            scope = (self._named(node), *scope)
        elif kind == "A_Expr":
            self._compared(node, scope)
        elif kind == "SubLink" and node.HasField("testexpr"):
            self._compare(node.testexpr, self._of_select(unwrap(node.subselect), scope), scope)
        elif kind == "FuncCall":
            self._called(node, scope)
        elif kind == "BoolExpr":
            self._stated(node, scope)
        for child in children(node):
            self.visit(child, scope)

    def _compared(self, node: Node, scope: Scope) -> None:
        operator = names_of(node.name)[-1:]
        if _kind(node) in ("AEXPR_NULLIF", "AEXPR_DISTINCT") or operator not in (("=",), ("@>",), ("<@",)):
            return
        right = unwrap(node.rexpr)
        sides = right.items if node_name(right) == "List" else [right]
        left = self.origins(node.lexpr, scope)
        for side in sides:
            found = self.origins(side, scope)
            self._compare(node.lexpr, found, scope)
            self._compare(side, left, scope)
            for one, other in ((left, found), (found, left)):
                for claim in (each.name for each in one if each.kind == "claim"):
                    self.words.setdefault(claim, []).extend(each.name for each in other if each.kind == "constant")

    def _stated(self, node: Node, scope: Scope) -> None:
        """Columns that a condition is made of: they are compared with true, or behind NOT with false."""
        negated = node.DESCRIPTOR.fields_by_name["boolop"].enum_type.values_by_number[node.boolop].name == "NOT_EXPR"
        for each in node.args:
            if node_name(unwrap(each)) == "ColumnRef":
                self._compare(each, [Origin("constant", "false" if negated else "true")], scope)

    def _compare(self, side: Node, origins: Iterable[Origin], scope: Scope) -> None:
        for column in self._columns(side, scope):
            table, _, name = column.rpartition(".")
            for origin in origins:
                if origin.name != column:
                    self.found.append(Comparison(table, name, origin, self.policy_of, self.said))

    def _columns(self, node: Node, scope: Scope) -> Iterator[str]:
        """The columns that a side of a comparison is, behind casts."""
        node = unwrap(node)
        kind = node_name(node)
        if kind == "ColumnRef":
            column = self._resolved(node, scope)
            if column is not None:
                yield column
            else:
                # A parameter that was given a column.
                yield from (each.name for each in self.origins(node, scope) if each.kind == "column")
        elif kind == "TypeCast":
            yield from self._columns(node.arg, scope)
        elif kind in ("A_ArrayExpr", "RowExpr"):
            for each in node.elements if kind == "A_ArrayExpr" else node.args:
                yield from self._columns(each, scope)

    def _resolved(self, node: Node, scope: Scope) -> str | None:
        """``schema.table.column`` of a reference."""
        names = [unwrap(each).sval if node_name(unwrap(each)) == "String" else "*" for each in node.fields]
        for frame in scope:
            if len(names) > 1:
                if names[-2] in frame:
                    return f"{frame[names[-2]]}.{names[-1]}"
                continue
            for table in frame.values():
                if self._has(table, names[-1]):
                    return f"{table}.{names[-1]}"
        return None

    def _has(self, table: str, column: str) -> bool:
        found = self.catalog.whole.table(table)
        if found is not None:
            return found.column(column) is not None
        views = (each for each in self.catalog.whole.views if each.qualified_name == table)
        return any(each.name == column for view in views for each in view.columns)

    def _named(self, node: Node) -> dict[str, str]:
        """The tables of a query by the names that they have in it."""
        found: dict[str, str] = {}
        queue = [*getattr(node, "from_clause", ()), *getattr(node, "using_clause", ())]
        if node_name(node) != "SelectStmt":
            queue.append(node.relation)
        while queue:
            each = unwrap(queue.pop(0))
            if node_name(each) == "JoinExpr":
                queue = [each.larg, each.rarg, *queue]
            elif node_name(each) == "RangeVar" and (table := self._table(each.schemaname, each.relname)):
                found[each.alias.aliasname or each.relname] = table
        return found

    def _table(self, schema: str, name: str) -> str | None:
        known = self.tables.get(name, [])
        if schema:
            return f"{schema}.{name}" if f"{schema}.{name}" in known else None
        return f"public.{name}" if f"public.{name}" in known else known[0] if known else None

    # Where values come from.

    def origins(self, node: Node, scope: Scope) -> frozenset[Origin]:
        """Where the value of an expression comes from."""
        node = unwrap(node)
        match node_name(node):
            case "TypeCast":
                return self.origins(node.arg, scope)
            case "CoalesceExpr":
                return self._of_all(node.args, scope)
            case "SubLink":
                return self._of_select(unwrap(node.subselect), scope)
            case "A_Expr":
                return self._of_operator(node, scope)
            case "A_ArrayExpr":
                return self._of_all(node.elements, scope)
            case "FuncCall":
                return self._of_call(node, scope)
            case "A_Indirection":
                paths = [text_of(each.a_indices.uidx) for each in node.indirection if each.HasField("a_indices")]
                return stepped(self.origins(node.arg, scope), [path for path in paths if path is not None])
            case "A_Const":
                text = text_of(node)
                return frozenset() if text is None else frozenset([Origin("constant", text)])
            case "ColumnRef":
                column = self._resolved(node, scope)
                if column is None:
                    names = [unwrap(each).sval for each in node.fields if node_name(unwrap(each)) == "String"]
                    return self.variables.get(names[-1], frozenset()) if names else frozenset()
                return frozenset([Origin("column", column)])
        return frozenset()

    def _of_all(self, nodes: Iterable[Node], scope: Scope) -> frozenset[Origin]:
        return frozenset(origin for node in nodes for origin in self.origins(node, scope))

    def _of_select(self, select: Node, scope: Scope) -> frozenset[Origin]:
        if node_name(select) != "SelectStmt" or not select.target_list:
            return frozenset()
        inner = (self._named(select), *scope)
        found = self.origins(select.target_list[0].res_target.val, inner)
        # FROM jsonb_array_elements_text(auth.jwt() -> 'orgs') AS o: its column is the function's.
        for each in map(unwrap, select.from_clause):
            if node_name(each) == "RangeFunction" and not any(origin.kind != "constant" for origin in found):
                for item in map(unwrap, each.functions):
                    found |= self._of_all(item.items, inner)
        return found

    def _of_operator(self, node: Node, scope: Scope) -> frozenset[Origin]:
        operator = names_of(node.name)[-1]
        if operator in _ARROWS:
            step = text_of(unwrap(node.rexpr))
            steps = [] if step is None else step.strip("{}").split(",") if operator.startswith("#") else [step]
            return stepped(self.origins(node.lexpr, scope), steps)
        if operator == "=" and not node.HasField("rexpr"):
            return frozenset()
        # NULLIF has "=" for a name.
        return self.origins(node.lexpr, scope) if _kind(node) == "AEXPR_NULLIF" else frozenset()

    def _of_call(self, node: Node, scope: Scope) -> frozenset[Origin]:
        names = names_of(node.funcname)
        built_in = names[:-1] in ((), ("pg_catalog",))
        match names:
            case ("auth", "uid"):
                return frozenset([Origin("uid")])
            case ("auth", "jwt"):
                return frozenset([Origin("claim")])
            case ("auth", "email" | "role" as claim):
                return frozenset([Origin("claim", claim)])
        if built_in and names[-1] == "current_setting" and node.args:
            return of_setting(text_of(unwrap(node.args[0])))
        functions = self._functions(names)
        if functions:
            return frozenset(origin for function in functions for origin in self._returned(function))
        found = self._of_all(node.args, scope)
        if built_in and names[-1].endswith("extract_path_text"):
            return stepped(self.origins(node.args[0], scope), [text_of(unwrap(each)) or "" for each in node.args[1:]])
        if built_in and names[-1] in (*_MANY, *_MANY_TEXT):
            return frozenset(replace(origin, many=True) for origin in found if origin.kind in ("claim", "setting"))
        return frozenset(origin for origin in found if origin.kind not in ("constant", "column"))

    # Functions.

    def _functions(self, names: tuple[str, ...]) -> list[Function]:
        own = self.functions.get(names[-1], [])
        if len(names) > 1:
            return [function for function in own if function.schema == names[-2]]
        return [function for function in own if function.schema != "pg_catalog"]

    def _called(self, node: Node, scope: Scope) -> None:
        for function in self._functions(names_of(node.funcname)):
            if function.schema not in ("auth", "extensions"):
                given = [self.origins(each, scope) for each in node.args]
                before = self.said
                self._read(function, dict(zip(parameters(function), given, strict=False)))
                self.said = before

    def _read(self, function: Function, given: Mapping[str, frozenset[Origin]]) -> None:
        """Note the comparisons in a function, which is given these arguments."""
        if function.qualified_name in self.inside:
            return
        self.inside.append(function.qualified_name)
        before = self.variables
        self.variables = {**given, **self._variables(function)}
        if " by way of " not in self.said:
            self.said += f" by way of {function.schema}.{function.name}()"
        for statement in self._statements(function):
            self.visit(statement, ())
        self.variables = before
        self.inside.pop()

    def _returned(self, function: Function) -> frozenset[Origin]:
        """Where the value comes from that a function returns."""
        if function.qualified_name in self.inside or function.returns == "boolean":
            return frozenset()
        self.inside.append(function.qualified_name)
        before = self.variables
        self.variables = self._variables(function)
        statements = [each for each in self._statements(function) if node_name(each) == "SelectStmt"]
        wanted = statements[-1:] if function.language.lower() == "sql" else statements
        found = frozenset(origin for each in wanted for origin in self._of_select(each, ()))
        self.variables = before
        self.inside.pop()
        return frozenset(origin for origin in found if origin.kind != "constant")

    def _statements(self, function: Function) -> tuple[Node, ...]:
        if function.qualified_name not in self.statements:
            self.statements[function.qualified_name] = statements_of(function)
        return self.statements[function.qualified_name]

    def _variables(self, function: Function) -> dict[str, frozenset[Origin]]:
        """What the variables of a function in PL/pgSQL are set to where they are declared or assigned."""
        if function.language.lower() != "plpgsql":
            return {}
        found: dict[str, frozenset[Origin]] = {}
        for line in function.body.replace("\n", " ").split(";"):
            name, right = assigned(line)
            if name is None:
                continue
            try:
                tree = parse(f"SELECT {right}")[0].node
            except GrammarError:
                continue
            if origins := self._of_select(tree, ()):
                found[name] = found.get(name, frozenset()) | origins
        return found


def _kind(node: Node) -> str:
    """Which kind of operator an A_Expr is."""
    return str(node.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number[node.kind].name)
