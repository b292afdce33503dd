"""What psql does with a file before the server sees it.

psql cuts a file into statements without understanding them: at semicolons outside of quotes, comments, parentheses and
``BEGIN ATOMIC`` bodies. On the way it replaces its variables and obeys its meta-commands. This module does the same, by
the same lexical rules, so that a file means here what it means to psql.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Words begin with a letter, _ or anything beyond ASCII. The sets are said by what they leave out of ASCII: ranges up to
# the last character take 20 ms to compile.
_START = r"[^\x00-@\[-^`{-\x7f]"
_LETTER = r"[^\x00-/:-@\[-^`{-\x7f]"
_LETTER_OR_DOLLAR = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
_OPERATOR = r"[\x00-\x08\x0e-\x1f!#%&*+,.<=>?@\[\]^`{|}~\x7f]"
_TOKEN = re.compile(
    rf"""
    (?P<blank>   [ \t\r\n\f\v]+ | --[^\r\n]* )
  | (?P<word>    (?![eE]'){_START}{_LETTER_OR_DOLLAR}* )
  | (?P<plain>   {_OPERATOR}+ | [0-9]{_LETTER_OR_DOLLAR}* )
  | (?P<quoted>  '[^']*' | "[^"]*"
               | [eE]'(?:[^'\\]|''|\\.)*+'(?:[^\S\r\n]*[\r\n]\s*'(?:[^'\\]|''|\\.)*+')* )
  | (?P<comment> /\* )
  | (?P<dollar>  \$(?:{_START}{_LETTER}*)?\$ )
  | (?P<end>     ; )
  | (?P<open>    \( )
  | (?P<close>   \) )
  | (?P<variable> :(?:(?P<bare>{_LETTER}+) | '(?P<literal>{_LETTER}+)'
               | "(?P<identifier>{_LETTER}+)") )
  | (?P<colon>   ::? )
  | (?P<command> \\ )
  | (?P<unclosed> [eE]?['"] )
  | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_COMMAND = re.compile(r"\\(?P<name>[^\s\\]*)(?P<arguments>[^\r\n]*)")
_DATA_END = re.compile(r"^\\\.[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_ROUTINE = re.compile(r"create (or replace )?(function|procedure)")


class PsqlError(Exception):
    """The text cannot be cut into statements; ``offset`` is the character of the file where."""

    def __init__(self, message: str, offset: int) -> None:
        """Keep what is wrong and where."""
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Piece:
    """The text between two semicolons, from its first token to its last."""

    sql: str
    start: int
    """Where it begins in the scanner's text; :meth:`Scanner.source_offset` says where that is in the file."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment outside of strings and bodies: ``-- ...`` to the end of its line, or ``/* ... */``."""

    text: str
    """Without its marks."""
    offset: int
    """Of its first character in the file."""
    leading: bool
    """Whether nothing but blanks stands before it on its line."""


@dataclass(frozen=True, slots=True)
class MetaCommand:
    """A line (or the rest of one) that begins with a backslash."""

    name: str
    """Without the backslash."""
    arguments: str
    """As written."""
    offset: int
    inside: bool
    """Whether it stands inside a statement that has begun."""


class Scanner:
    r"""Cuts one file into Pieces and MetaCommands, in order.

    ``variables`` is looked up while scanning, so that whoever iterates may obey ``\set`` before going on.
    """

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        """Begin at the start of a file's text."""
        self.remarks: list[Remark] = []
        """The comments met so far, in order."""
        self._text = text
        self._variables = variables
        self._position = 0
        self._splices: list[tuple[int, int, int, str]] = []  # start, end in the text, length in the file, variable
        self._start: int | None = None
        self._stop = 0
        self._depth = 0
        self._atomic = 0
        self._words: list[str] = []  # the first four
        self._routine = False

    def source_offset(self, offset: int) -> int:
        """Where a character of the text, in which variables have been replaced, stands in the file."""
        shift = 0
        for start, end, length, _ in self._splices:
            if offset < start:
                break
            if offset < end:
                return start - shift
            shift += (end - start) - length
        return offset - shift

    def __iter__(self) -> Iterator[Piece | MetaCommand]:
        """Everything in the file, in order."""
        while (token := _TOKEN.match(self._text, self._position)) is not None:
            kind = token.lastgroup
            start, self._position = token.span()
            if kind == "blank":
                if token.group().startswith("--"):
                    self._remark(start, token.group()[2:])
                continue
            if kind == "comment":
                self._skip_comment(start)
                self._remark(start, self._text[start + 2 : self._position - 2])
                continue
            if kind == "command":
                yield self._command(start)
                continue
            if kind == "variable":
                self._substitute(token)
                continue
            if kind == "end" and self._depth == 0 and self._atomic == 0:
                if self._start is not None:
                    yield self._piece()
                continue
            if self._start is None:
                self._start = start
            if kind == "word":
                self._follow(token.group())
            elif kind == "dollar":
                self._skip_dollar_quoted(start, token.group())
            elif kind == "open":
                self._depth += 1
            elif kind == "close":
                self._depth = max(0, self._depth - 1)
            elif kind == "unclosed":
                name = "quoted identifier" if token.group() == '"' else "quoted string"
                raise PsqlError(f"unterminated {name}", self.source_offset(start))
            self._stop = self._position
        if self._start is not None:
            yield self._piece()

    def take_copy_data(self) -> str:
        r"""The lines after the present one up to ``\.`` (or the end of the file), which are skipped.

        :raises PsqlError: where another statement stands on the present line
        """
        line_end = self._text.find("\n", self._position)
        line = self._text[self._position : len(self._text) if line_end < 0 else line_end]
        rest = line.strip()
        if rest and not rest.startswith("--"):
            raise PsqlError("COPY ... FROM stdin is followed by more on its line", self.source_offset(self._position))
        if rest:
            self._remark(self._position + line.index("--"), rest[2:])
        if line_end < 0:
            self._position = len(self._text)
            return ""
        begin = line_end + 1
        end = _DATA_END.search(self._text, begin)
        data = self._text[begin : end.start() if end else len(self._text)]
        self._position = end.end() if end else len(self._text)
        return data

    def _piece(self) -> Piece:
        assert self._start is not None
        piece = Piece(self._text[self._start : self._stop], self._start)
        self._start = None
        self._depth = self._atomic = 0
        self._words = []
        return piece

    def _follow(self, word: str) -> None:
        """Keep track of BEGIN ... END in the body of a routine, as psql does."""
        if len(self._words) < 4:
            self._words.append(word.lower())
            self._routine = _ROUTINE.match(" ".join(self._words)) is not None
        if not self._routine or self._depth:
            return
        lowered = word.lower()
        if lowered == "begin" or (lowered == "case" and self._atomic):
            self._atomic += 1
        elif lowered == "end" and self._atomic:
            self._atomic -= 1

    def _remark(self, start: int, text: str) -> None:
        line = self._text[self._text.rfind("\n", 0, start) + 1 : start]
        self.remarks.append(Remark(text.strip(), self.source_offset(start), not line.strip()))

    def _skip_comment(self, start: int) -> None:
        depth = 1
        while depth:
            edge = _COMMENT_EDGE.search(self._text, self._position)
            if edge is None:
                raise PsqlError("unterminated /* comment", self.source_offset(start))
            depth += 1 if edge.group() == "/*" else -1
            self._position = edge.end()

    def _skip_dollar_quoted(self, start: int, delimiter: str) -> None:
        end = self._text.find(delimiter, self._position)
        if end < 0:
            raise PsqlError(f"unterminated dollar-quoted string {delimiter}", self.source_offset(start))
        self._position = end + len(delimiter)

    def _command(self, start: int) -> MetaCommand:
        match = _COMMAND.match(self._text, start)
        assert match is not None
        self._position = match.end()
        return MetaCommand(match["name"], match["arguments"], self.source_offset(start), self._start is not None)

    def _substitute(self, token: re.Match[str]) -> None:
        start = token.start()
        if self._start is None:
            self._start = start
        name = token["bare"] or token["literal"] or token["identifier"]
        value = self._variables.get(name)
        if value is None or any(begin <= start < end and used == name for begin, end, _, used in self._splices):
            # An unknown name is an array slice or the like; a variable inside its own value is never replaced again.
            self._stop = self._position = start + 1 if token["bare"] is None else token.end()
            return
        if token["bare"] is None:
            value = _literal(value) if token["literal"] else '"' + value.replace('"', '""') + '"'
        self._text = self._text[:start] + value + self._text[token.end() :]
        nested = any(begin <= start < end for begin, end, _, _ in self._splices)
        self._splices = [
            (begin, end + len(value) - len(token.group()) if begin <= start < end else end, length, used)
            for begin, end, length, used in self._splices
        ]
        # One inside another's value has made the other longer: it shifts nothing of its own.
        length = len(value) if nested else len(token.group())
        self._splices.append((start, start + len(value), length, name))
        self._position = start if token["bare"] else start + len(value)
        self._stop = self._position
        if self._start == start and not value:
            self._start = None


def _literal(value: str) -> str:
    quoted = value.replace("'", "''")
    return " E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in value else f"'{quoted}'"


_ARGUMENT = re.compile(
    r"""'(?P<single>(?:[^'\\]|''|\\.)*)' | "(?P<double>[^"]*)" | :(?P<name>\w+) | :'(?P<literal>\w+)'"""
    r""" | :"(?P<identifier>\w+)" | (?P<blank>\s+) | (?P<next>\\\\.*) | (?P<backtick>`) | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", "r": "\r", "f": "\f"}


def arguments(command: MetaCommand, variables: Mapping[str, str]) -> list[str]:
    """The words of a meta-command, quotes and variables resolved.

    :raises PsqlError: where a word is a shell command, or more follows on the line after two backslashes
    """
    words: list[str] = []
    current: str | None = None
    for match in _ARGUMENT.finditer(command.arguments):
        kind, text = match.lastgroup, match.group(match.lastgroup or 0)
        if kind == "blank":
            if current is not None:
                words.append(current)
            current = None
            continue
        if kind == "backtick":
            raise PsqlError(f"\\{command.name} runs a shell command, which is refused", command.offset)
        if kind == "next":
            if text.strip("\\ \t"):
                raise PsqlError(f"\\{command.name} is followed by more on its line", command.offset)
            break
        current = (current or "") + _argument_text(kind, text, match.group(), variables)
    return words if current is None else [*words, current]


def _argument_text(kind: str | None, text: str, written: str, variables: Mapping[str, str]) -> str:
    if kind == "single":
        return re.sub(r"''|\\(.)", lambda m: _ESCAPES.get(m[1], m[1]) if m[1] else "'", text, flags=re.DOTALL)
    if kind == "name":
        return variables.get(text, written)
    if kind in ("literal", "identifier") and text in variables:
        return _literal(variables[text]) if kind == "literal" else '"' + variables[text].replace('"', '""') + '"'
    return written if kind in ("literal", "identifier") else text


def line_starts(text: str) -> list[int]:
    """The offsets at which the lines of a text begin."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


def line_and_column(starts: list[int], offset: int) -> tuple[int, int]:
    """The 1-based line and column of an offset, given :func:`line_starts`."""
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1
