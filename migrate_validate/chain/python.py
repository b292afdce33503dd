"""The SQL that can be seen in a file of Python without running it: for looks at words, and for comments."""

from __future__ import annotations

import ast
import re
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
_TOKEN = re.compile(
    r"#(?P<comment>[^\n]*)"
    r"|(?P<string>[rbuf]{0,2}(?:\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'))"
    rf"|\b(?P<extension>{'|'.join(_EXTENSIONS)}|CreateExtension\(\s*[\"'](?P<name>[\w-]+)[\"'])",
    re.IGNORECASE | re.DOTALL,
)
"""What may be worth a look; everything else is passed over without being read."""


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
    """The comments and the constants of a text in Python that are SQL, each where it stands, and nothing else."""
    lines = [""] * (source.count("\n") + 1)
    line, seen = 0, 0
    for found in _TOKEN.finditer(source):
        line, seen = line + source.count("\n", seen, found.start()), found.start()
        first, *more = _visible(found).split("\n")
        if first:
            column = seen - source.rfind("\n", 0, seen) - 1
            lines[line] = (lines[line] and f"{lines[line]} ").ljust(column) + first
        for offset, part in enumerate(more, 1):
            lines[line + offset] += part
    return "\n".join(lines)


def _visible(token: re.Match[str]) -> str:
    """What a comment, a string or an operation that installs an extension is as SQL; empty: nothing."""
    if token["comment"] is not None:
        return f"--{token['comment']}"
    if token["extension"] is not None:
        name = _EXTENSIONS.get(token["extension"], token["name"])
        return f'create extension "{name}";'
    text = _constant(token["string"])
    return f"{text};" if text else ""


def _constant(literal: str) -> str:
    """The SQL of a string constant, on as many lines; empty where it is none."""
    if not _SQL.match(literal.strip("\"'rRbBuUfF")):
        return ""
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError):
        return ""  # f"..."
    if not isinstance(value, str) or value.count("\n") != literal.count("\n"):
        return ""
    try:
        syntax.parse(value)
    except syntax.GrammarError:
        return ""
    # A comment at its end would swallow what comes next on the line.
    return value.rstrip().rstrip(";") if "--" not in value.rsplit("\n", 1)[-1] else ""
