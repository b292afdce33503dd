"""Runs the callables of a project's own runner: ``up(connection)``, and ``down(connection)`` where there is one."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg

from migrate_validate.tracing.child import Request, Trouble, serve
from migrate_validate.tracing.recorder import Recorder, Refused

_UP = ("up", "upgrade", "apply", "migrate", "run", "forward", "forwards")
_DOWN = ("down", "downgrade", "rollback", "revert", "backward", "backwards")
_SQLALCHEMY = "sqlalchemy"
_NAME = ("name", "version", "id", "key")


def run(request: Request, recorder: Recorder) -> None:
    """Run all of them in order, or the way back of each."""
    server = request.server
    if "metadata" in request.arguments:
        _create_all(request, recorder)
        return
    if _SQLALCHEMY in _text(request.arguments) and importlib.util.find_spec(_SQLALCHEMY) is not None:
        from migrate_validate.tracing.engines import lead

        lead(server, recorder)
    _record(request.arguments.get("create"), recorder)
    for key, up, down in _steps(request.arguments):
        request.load(key, recorder)
        if not request.back:
            recorder.begin(key, _files(up))
            _call(up, server)
            recorder.end()
            _record(request.arguments.get("applied"), recorder, key)
            continue
        with recorder.phase("quiet"):
            _call(up, server)
        _record(request.arguments.get("applied"), recorder, key)
        if down is not None and not _undone(key, down, server, recorder):
            with recorder.phase("quiet"):
                _call(up, server)


def _record(query: str | None, recorder: Recorder, key: str = "") -> None:
    """Write what the runner writes into its table of applied names: migrations may look at it.

    :param query: None where it has none
    """
    if query is not None:
        with recorder.phase("quiet"), contextlib.suppress(psycopg.Error), psycopg.connect(autocommit=True) as own:
            psycopg.ClientCursor(own).execute(query.encode(), {"checksum": key} if key else None)


def _text(arguments: Mapping[str, str]) -> str:
    """What stands in the files that are run."""
    files = [arguments["file"]] if "file" in arguments else [file for _, file in json.loads(arguments["files"])]
    return "\n".join(Path(file).read_text(encoding="utf-8", errors="replace") for file in files)


def _undone(key: str, down: Any, server: Mapping[str, Any], recorder: Recorder) -> bool:
    """Go back; whether that was taken back again."""
    undone = False

    def take_back(connection: Any) -> None:
        nonlocal undone
        undone = not recorder.committed_by_itself
        recorder.end()
        connection.rollback()

    recorder.begin(key, _files(down))
    try:
        _call(down, server, take_back)
    except Exception as error:  # noqa: BLE001 - the next one has a way back of its own
        recorder.fail(error)
        return True
    if not undone and recorder.at_work:
        recorder.end()
    return undone


def _commit(connection: Any) -> None:
    connection.commit()


def _steps(arguments: Mapping[str, str]) -> Iterator[tuple[str, Any, Any]]:
    if "variable" in arguments:
        module = _load(Path(arguments["file"]))
        yield from _members(getattr(module, arguments["variable"], None), arguments)
        return
    for key, file in json.loads(arguments["files"]):
        module = _load(Path(file))
        up, down = _named(module, _UP), _named(module, _DOWN)
        if up is None:
            raise Trouble(f"{file} has no function up(connection)", "write one, or move the file out of the directory")
        yield key, up, down


def _members(found: Any, arguments: Mapping[str, str]) -> Iterator[tuple[str, Any, Any]]:
    """Names and callables of a list of tuples, dicts or objects, or of a dict."""
    if not isinstance(found, Mapping | list | tuple):
        raise Trouble(
            f"{arguments['file']} has no list {arguments['variable']} when it is imported",
            "let it be a list of (name, up) or (name, up, down) at the top of the module",
        )
    members = found.items() if isinstance(found, Mapping) else found
    for member in members:
        match member:
            case (str(name), (up, down)):
                yield name, up, down
            case (str(name), up, *rest):
                yield name, up, next(filter(callable, rest), None)
            case Mapping():
                yield str(_first(member.get, _NAME)), _first(member.get, _UP), _first(member.get, _DOWN)
            case _:
                yield str(_named(member, _NAME)), _named(member, _UP), _named(member, _DOWN)


def _named(owner: Any, names: tuple[str, ...]) -> Any:
    return _first(lambda name: getattr(owner, name, None), names)


def _first(get: Any, names: tuple[str, ...]) -> Any:
    return next((found for name in names if (found := get(name)) is not None), None)


def _load(file: Path) -> ModuleType:
    """The module of a file: part of its package, where it is in one."""
    package = [file.stem]
    root = file.parent
    while (root / "__init__.py").is_file():
        package.insert(0, root.name)
        root = root.parent
    sys.path[:0] = [str(root)] if str(root) not in sys.path else []
    name = ".".join(package)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _files(work: Any) -> set[str]:
    code = getattr(inspect.unwrap(work), "__code__", None)
    return {code.co_filename} if code is not None else set()


def _call(work: Any, server: Mapping[str, Any], finish: Callable[[Any], None] = _commit) -> None:
    """Call it with the connection that it wants.

    :param finish: what is done with the connection at the end; an engine has none
    """
    if not callable(work):
        raise Refused(f"{work!r} cannot be called")
    if inspect.iscoroutinefunction(work):
        raise Refused("it is asynchronous: only a function that takes a connection of DB-API 2 or SQLAlchemy is run")
    wanted = list(inspect.signature(work).parameters.values())
    if not wanted:
        raise Refused("it takes no connection: it would open one of its own")
    name = wanted[0].name.lower()
    if name in ("engine", "session", "sess") or _uses_sqlalchemy(work):
        _call_with_sqlalchemy(work, name, server, finish)
        return
    with psycopg.connect() as connection:
        if name in ("cursor", "cur", "c"):
            with connection.cursor() as cursor:
                work(cursor)
        else:
            work(connection)
        finish(connection)


def _uses_sqlalchemy(work: Any) -> bool:
    """Whether its module speaks to SQLAlchemy: then it is given a connection of that."""
    names = getattr(inspect.unwrap(work), "__globals__", {})
    return any(str(getattr(each, "__module__", "") or "").startswith(_SQLALCHEMY) for each in names.values()) or any(
        isinstance(each, ModuleType) and each.__name__.startswith(_SQLALCHEMY) for each in names.values()
    )


def _call_with_sqlalchemy(work: Any, name: str, server: Mapping[str, Any], finish: Callable[[Any], None]) -> None:
    from sqlalchemy import create_engine

    engine = create_engine("postgresql+psycopg://", connect_args={"dbname": server["dbname"]})
    try:
        if name == "engine":
            work(engine)
        elif name in ("session", "sess", "db"):
            from sqlalchemy.orm import Session

            with Session(engine) as session:
                work(session)
                finish(session)
        else:
            with engine.connect() as connection:
                work(connection)
                finish(connection)
    finally:
        engine.dispose()


def _create_all(request: Request, recorder: Recorder) -> None:
    """What ``create_all`` makes of the metadata that a module has."""
    from migrate_validate.tracing.engines import lead

    lead(request.server, recorder)
    module, _, attribute = request.arguments["metadata"].partition(":")
    try:
        found: Any = importlib.import_module(module)
        for name in attribute.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise Trouble(
            f"{request.arguments['metadata']} cannot be imported: {error}", "correct it in the key base"
        ) from error
    metadata = getattr(found, "metadata", found)
    from sqlalchemy import create_engine

    engine = create_engine("postgresql+psycopg://")
    recorder.begin(request.arguments["metadata"], {str(sys.modules[module].__file__)})
    metadata.create_all(engine)
    recorder.end()


if __name__ == "__main__":
    serve(run)
