"""Whether two versions of a migration in Python do the same, as far as their code says it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from migrate_validate.chain.model import Script
from migrate_validate.git.changes import DOWN, UP, Change


def change_of_python(before: Script, after: Script, other_way: frozenset[str]) -> Change:
    """How much the code of a migration was changed.

    :param other_way: what the functions are called in which a change does not count
    """
    texts = [each.path.read_text(encoding="utf-8", errors="replace") for each in (before, after)]
    if texts[0] == texts[1]:
        return Change.NONE
    try:
        codes = [_code(each, ast.parse(text), other_way) for each, text in zip((before, after), texts, strict=True)]
    except (SyntaxError, ValueError):
        return Change.STATEMENTS
    if codes[0] != codes[1]:
        return Change.STATEMENTS
    return Change.NONE if is_part(after) else Change.WRITING


def is_part(script: Script) -> bool:
    """Whether the file holds other migrations, too: what has changed in it may be theirs."""
    return Path(script.file).name != script.path.name


def _code(script: Script, module: ast.Module, other_way: frozenset[str]) -> tuple[str, ...]:
    """The code of one way: of one entry and its functions, where the module lists several migrations."""
    functions = {each.name: each for each in module.body if isinstance(each, ast.FunctionDef)}
    if script.traced is not None and is_part(script):
        entry = next((each for node in ast.walk(module) for each in _entries(node, script.traced.key)), None)
        if entry is not None:
            named = [name for way, name in _named(entry) if way not in other_way]
            return tuple(ast.dump(functions[name]) if name in functions else name for name in named)
    return tuple(ast.dump(each) for each in module.body if getattr(each, "name", None) not in other_way)


def _entries(node: ast.AST, key: str) -> Iterator[ast.AST]:
    """What a node lists under this name: the whole entry, or what a table has for it."""
    if isinstance(node, ast.Dict):
        for name, value in zip(node.keys, node.values, strict=True):
            if isinstance(name, ast.Constant) and name.value == key:
                yield value
            elif isinstance(value, ast.Constant) and value.value == key:
                yield node
    elif isinstance(node, ast.Tuple | ast.Call):
        children = (each.value if isinstance(each, ast.keyword) else each for each in ast.iter_child_nodes(node))
        if any(isinstance(each, ast.Constant) and each.value == key for each in children):
            yield node


def _named(entry: ast.AST) -> Iterator[tuple[str, str]]:
    """The functions that an entry names, with their way: as it says it, else first up and then down."""
    said: Iterable[tuple[str, ast.expr]]
    match entry:
        case ast.Dict(keys=keys, values=values):
            said = zip((str(getattr(key, "value", "")) for key in keys), values, strict=True)
        case ast.Call(args=arguments, keywords=keywords) if keywords:
            said = [*(("", each) for each in arguments), *((each.arg or "", each.value) for each in keywords)]
        case _:
            called = entry.func if isinstance(entry, ast.Call) else None
            kinds = (ast.Name, ast.Attribute, ast.Lambda)
            named = (each for each in ast.walk(entry) if isinstance(each, kinds) and each is not called)
            said = zip((min(UP), min(DOWN)), named, strict=False)
    for way, value in said:
        if isinstance(value, ast.Name):
            yield way, value.id
        elif not isinstance(value, ast.Constant):
            yield way, ast.dump(value)
