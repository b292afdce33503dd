"""The statements of a script, exactly as a server has to see them, each with its place.

A script is cut as psql cuts it and each piece is parsed with PostgreSQL's own grammar. Text that this grammar does not
accept stays a statement, of the kind ``unparsed``: the server judges it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from migrate_validate import syntax
from migrate_validate.chain.files import read_script
from migrate_validate.chain.model import Comment, Script, Statement
from migrate_validate.chain.psql import MetaCommand, Piece, PsqlError, Scanner, arguments, line_and_column, line_starts
from migrate_validate.chain.traced import Traced
from migrate_validate.findings import Location

UNPARSED = "unparsed"
_COPY_FROM_STDIN = re.compile(r"copy\b[^;]*\bfrom\s+stdin\b", re.IGNORECASE)
_NEEDS_PSQL = re.compile(r"\\|\bcopy\b", re.IGNORECASE)
"""A script without any of these is cut by the grammar as psql would cut it: it has neither meta-commands nor data."""
_COPY_PROGRAM = re.compile(r"copy\b[^;]*\b(?:from|to)\s+program\b", re.IGNORECASE)
_REFUSED_PROGRAM = "COPY ... PROGRAM runs a command on the server's machine: refused"
_IGNORED = frozenset({"restrict", "unrestrict"})
_SHOWS = frozenset({"echo", "qecho", "warn", "timing", "pset", "x", "t", "a", "errverbose", "conninfo"})
_COPIES = re.compile(
    r"\s*(?P<what>.+?)\s+(?P<way>from|to)\s+(?:(?P<program>program\b.*)|(?P<stdin>p?stdin\b)|'(?P<quoted>(?:[^']|'')*)'"
    r"|(?P<file>[^\s;]+))(?P<options>[^;]*)[;\s]*",
    re.IGNORECASE | re.DOTALL,
)
_CONNECTS = frozenset({"c", "connect"})
_INCLUDES = frozenset({"i", "include", "ir", "include_relative"})
_RELATIVE = frozenset({"ir", "include_relative"})


class ScriptError(Exception):
    """A script cannot be turned into statements: a fault of the script."""

    def __init__(self, message: str, location: Location, details: Mapping[str, str] | None = None) -> None:
        """Keep what is wrong and where.

        :param details: what a server has said of it, as in :class:`~migrate_validate.chain.traced.Fault`
        """
        super().__init__(f"{location}: {message}")
        self.message = message
        self.location = location
        self.details = details or {}


@lru_cache(maxsize=2048)
def statements(script: Script) -> tuple[Statement, ...]:
    r"""All statements of a script in order, those of the files that it includes among them.

    ``\i`` is relative to the chain's directory, ``\ir`` to the including file. ``\set`` and the variables are
    obeyed, ``\restrict`` and ``\unrestrict`` do nothing.

    :raises ScriptError: when the file cannot be read, a string or comment does not end, a meta-command is none of
        these, COPY runs a program, an included file is missing or includes itself, or the run of a script in Python
        has failed
    """
    if script.traced is not None:
        return _traced(script, script.traced)
    if script.statements is not None and script.problem is None:
        for each in script.statements:
            _refuse(each)
        return script.statements
    return _cut_by_grammar(script) or tuple(_read(script, []))


def _traced(script: Script, traced: Traced) -> tuple[Statement, ...]:
    trace = traced.get(script.file)
    if trace.fault is not None:
        raise ScriptError(trace.fault.message, trace.fault.location, trace.fault.details)
    for each in trace.statements:
        _refuse_program(each)
    return trace.statements


def comments(script: Script) -> tuple[Comment, ...]:
    """All comments of a script, and of the files that it includes, that stand outside of strings and bodies.

    :raises ScriptError: as :func:`statements`
    """
    found: list[Comment] = []
    if script.statements is not None and script.path.suffix.lower() != ".sql":
        return ()
    for _ in _read(script, found):
        pass
    return tuple(found)


def _read(script: Script, found: list[Comment]) -> Iterator[Statement]:
    if script.problem:
        raise ScriptError(script.problem, Location(script.file))
    return _run(script, _root(script), dict(script.variables), (), found)


def _root(script: Script) -> Path:
    depth = len(Path(script.file).parts)
    inside = ".." not in Path(script.file).parts
    return script.path.parents[depth - 1] if inside else script.path.parent


def _run(
    script: Script, root: Path, variables: dict[str, str], including: tuple[Path, ...], found: list[Comment]
) -> Iterator[Statement]:
    """The statements; the comments are added to ``found``."""
    starts = line_starts(script.text)

    def place(offset: int) -> Location:
        return Location(script.file, *line_and_column(starts, offset))

    scanner = Scanner(script.text, variables)
    try:
        for item in scanner:
            if isinstance(item, Piece):
                yield from _parsed(item, scanner, place)
            elif item.name in _INCLUDES:
                included = _included(item, script, root, variables, place(item.offset))
                cycle = (*including, script.path)
                if included.path in cycle:
                    names = " -> ".join(path.name for path in (*cycle, included.path))
                    raise ScriptError(f"\\{item.name}: the file includes itself: {names}", place(item.offset))
                yield from _run(included, root, variables, cycle, found)
            elif item.name == "set":
                words = arguments(item, variables)
                if words:
                    variables[words[0]] = "".join(words[1:])
            elif item.name in _CONNECTS:
                raise ScriptError(
                    f"the psql meta-command \\{item.name} is refused: pg_dump --create and pg_dumpall write it;"
                    " dump the one database without --create",
                    place(item.offset),
                )
            elif item.name == "copy" and script.by_psql:
                yield _copied(item, root, scanner, place(item.offset))
            elif item.name not in _IGNORED and not (script.by_psql and item.name in _SHOWS):
                raise ScriptError(
                    f"the psql meta-command \\{item.name} is refused: only \\i, \\ir, \\set, \\restrict and"
                    " \\unrestrict have a meaning outside of psql",
                    place(item.offset),
                )
    except PsqlError as error:
        raise ScriptError(error.message, place(error.offset)) from None
    found += [Comment(remark.text, place(remark.offset), remark.leading) for remark in scanner.remarks]


def _cut_by_grammar(script: Script) -> tuple[Statement, ...]:
    """The statements, the fast way; none where psql has a say in it, or where there are none."""
    if script.variables or _NEEDS_PSQL.search(script.text):
        return ()
    try:
        parsed = syntax.parse(script.text)
    except syntax.GrammarError:
        return ()
    starts = line_starts(script.text)
    return tuple(
        Statement(
            _without_comment_after(script.text[each.start : each.end]),
            Location(script.file, *line_and_column(starts, each.start)),
            each.kind,
        )
        for each in parsed
    )


def _without_comment_after(sql: str) -> str:
    """The statement without the comments between its last word and its semicolon."""
    if "--" in sql or "/*" in sql:
        words = [token for token in syntax.scan(sql) if not token.comment]
        return sql[: words[-1].end]
    return sql.rstrip()


def _parsed(piece: Piece, scanner: Scanner, place: Callable[[int], Location]) -> Iterator[Statement]:
    try:
        parsed = syntax.parse(piece.sql)
    except syntax.GrammarError:
        if _COPY_PROGRAM.match(piece.sql):
            raise ScriptError(_REFUSED_PROGRAM, place(scanner.source_offset(piece.start))) from None
        copy_data = scanner.take_copy_data() if _COPY_FROM_STDIN.match(piece.sql) else None
        yield Statement(piece.sql, place(scanner.source_offset(piece.start)), UNPARSED, copy_data)
        return
    for each in parsed:
        if each.kind == "copy" and each.node.is_program:
            raise ScriptError(_REFUSED_PROGRAM, place(scanner.source_offset(piece.start + each.start)))
    if len(parsed) == 1:
        only = parsed[0]
        copy_data = scanner.take_copy_data() if only.kind == "copy" and _reads_stdin(only.node) else None
        yield Statement(piece.sql, place(scanner.source_offset(piece.start)), only.kind, copy_data)
        return
    # psql's rule for BEGIN ATOMIC is an approximation; where the grammar knows better, the grammar is right.
    for each in parsed:
        at = place(scanner.source_offset(piece.start + each.start))
        yield Statement(piece.sql[each.start : each.end].rstrip(), at, each.kind)


def _refuse(statement: Statement) -> None:
    """Refuse what is refused in any script, and what only psql could do.

    :raises ScriptError: when it runs a program, or waits for data that nobody sends
    """
    _refuse_program(statement)
    if statement.kind == "copy" and statement.copy_data is None and _reads_stdin(syntax.parse(statement.sql)[0].node):
        raise ScriptError("COPY ... FROM stdin waits for data, and only psql sends any", statement.location)


def _refuse_program(statement: Statement) -> None:
    if statement.kind == "copy":
        runs = bool(syntax.parse(statement.sql)[0].node.is_program)
    else:
        runs = statement.kind == UNPARSED and _COPY_PROGRAM.search(statement.sql) is not None
    if runs:
        raise ScriptError(_REFUSED_PROGRAM, statement.location)


def _reads_stdin(copy: syntax.Node) -> bool:
    return bool(copy.is_from and not copy.filename and not copy.is_program)


def _copied(command: MetaCommand, root: Path, scanner: Scanner, at: Location) -> Statement:
    r"""What ``\copy`` sends: COPY ... FROM STDIN, with the rows of a file of the project or those below the command."""
    found = _COPIES.fullmatch(command.arguments)
    if found is None or command.inside:
        raise ScriptError("\\copy cannot be read: it has to be \\copy TABLE from 'FILE'", at)
    if found["program"] or found["way"].lower() == "to":
        does = "runs a command of the shell" if found["program"] else "writes a file"
        raise ScriptError(f"\\copy {found['way'].lower()} {does}, which is refused", at)
    sql = f"COPY {found['what']} FROM STDIN{found['options'].rstrip()}"
    if found["stdin"]:
        return Statement(sql, at, "copy", scanner.take_copy_data())
    name = found["file"] or found["quoted"].replace("''", "'")
    rows = read_script(Path(os.path.normpath(root / name)), root)
    if rows.problem:
        raise ScriptError(f"\\copy from {name}: {rows.path}: {rows.problem}", at)
    return Statement(sql, at, "copy", rows.text)


def _included(command: MetaCommand, script: Script, root: Path, variables: dict[str, str], at: Location) -> Script:
    words = arguments(command, variables)
    if len(words) != 1:
        raise ScriptError(f"\\{command.name} needs the name of one file", at)
    if command.inside:
        raise ScriptError(f"\\{command.name} stands inside a statement", at)
    directory = script.path.parent if command.name in _RELATIVE else root
    included = read_script(Path(os.path.normpath(directory / words[0])), root)
    if included.problem:
        raise ScriptError(f"\\{command.name} {words[0]}: {included.path}: {included.problem}", at)
    return included
