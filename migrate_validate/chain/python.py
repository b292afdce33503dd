"""The SQL that can be seen in a file of Python without running it: for looks at words, and for comments."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from migrate_validate import syntax
from migrate_validate.chain.files import read_script
from migrate_validate.chain.model import Script
from migrate_validate.chain.traced import Traced

_SQL = re.compile(
    r"\s*(?:alter|analyze|call|comment|copy|create|delete|do|drop|grant|insert|lock|merge|refresh|reindex|revoke|select"
    r"|set|truncate|update|vacuum|with)\s",
    re.IGNORECASE,
)
_EXTENSIONS = {
    "BloomExtension": "bloom",
    "BtreeGinExtension": "btree_gin",
    "BtreeGistExtension": "btree_gist",
    "CITextExtension": "citext",
    "CryptoExtension": "pgcrypto",
    "HStoreExtension": "hstore",
    "TrigramExtension": "pg_trgm",
    "UnaccentExtension": "unaccent",
}
"""Operations of Django that install an extension."""
_NAMED_EXTENSION = re.compile(r"\bCreateExtension\(\s*[\"']([\w-]+)[\"']")


def read_python(path: Path, root: Path, traced: Traced) -> Script:
    """A file of Python as a Script whose statements are known once it has run.

    Its text has the same lines, and on them only comments, as comments of SQL, and those constants that are SQL.

    :param path: absolute
    :param root: the chain's directory, absolute
    :param traced: what will be known of it
    """
    script = read_script(path, root)
    return script if script.problem else replace(script, text=visible_sql(script.text), traced=traced)


def visible_sql(source: str) -> str:
    """The comments and the constants of a text in Python that are SQL, each on its line, and nothing else."""
    lines = [""] * (source.count("\n") + 1)
    for line, text in _visible(source):
        for offset, part in enumerate(text.split("\n")):
            lines[line - 1 + offset] += part
    return "\n".join(lines)


def _visible(source: str) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            line, column = token.start
            if token.type == tokenize.COMMENT:
                yield line, " " * min(column, 1) + "--" + token.string[1:]
            elif token.type == tokenize.STRING and (sql := _constant(token.string)):
                yield line, f" {sql};"
            elif token.type == tokenize.NAME and token.string in _EXTENSIONS:
                yield line, f' create extension "{_EXTENSIONS[token.string]}";'
            elif token.type == tokenize.NAME and (named := _NAMED_EXTENSION.match(token.line, column)):
                yield line, f' create extension "{named[1]}";'
    except (tokenize.TokenError, SyntaxError):
        return  # whoever runs it is told


def _constant(literal: str) -> str:
    """The SQL of a string constant, on as many lines; empty where it is none."""
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError):
        return ""  # f"..."
    if not isinstance(value, str) or not _SQL.match(value) or value.count("\n") != literal.count("\n"):
        return ""
    try:
        syntax.parse(value)
    except syntax.GrammarError:
        return ""
    # A comment at its end would swallow what comes next on the line.
    return value.rstrip().rstrip(";") if "--" not in value.rsplit("\n", 1)[-1] else ""
