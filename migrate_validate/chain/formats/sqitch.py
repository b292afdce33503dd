"""Sqitch: ``sqitch.plan`` names the changes; ``deploy/``, ``revert/`` and ``verify/`` hold a script of each.

psql runs the scripts, with ON_ERROR_STOP and outside of transactions: what is one, the script says itself.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import entries, refused, set_aside
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.sqitch_plan import Change, Plan, read_plan
from migrate_validate.chain.model import Migration, Records, Script, Sends, SetAside
from migrate_validate.errors import ChainError
from migrate_validate.syntax import quote

_PLAN = "sqitch.plan"
_CONF = "sqitch.conf"
_ENGINE = "pg"
_WAYS = ("deploy", "revert", "verify")
_SECTION = re.compile(r'\s*\[\s*(?P<name>[\w.-]+)(?:\s+"(?P<sub>(?:[^"\\]|\\.)*)")?\s*\]\s*(?:[#;].*)?')
_SETTING = re.compile(r"\s*(?P<key>[\w-]+)\s*(?:=\s*(?P<value>.*?)\s*)?")
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|\s*[#;].*')


@dataclass(frozen=True, slots=True)
class _Project:
    """Where the parts of a project lie, and what its configuration says of the scripts."""

    plan: Path
    conf: Path | None
    directories: dict[str, Path]
    """Of the scripts of each way: ``deploy``, ``revert``, ``verify``."""
    reworked: dict[str, Path]
    extension: str
    registry: str
    variables: dict[str, dict[str, str]]
    """The variables of psql, by way."""


def _recognizes(path: Path) -> Recognition | None:
    if not path.is_dir():
        return None
    for name in (_PLAN, _CONF):
        if (path / name).is_file():
            return Recognition(f"{name} is sqitch's", specific=True)
    return None


def _read(path: Path, reading: Reading) -> Contents:
    project = _project(path)
    if not project.plan.is_file():
        raise ChainError(
            f"{path.name} is not laid out as sqitch wants it: there is no {relative(project.plan, path)}",
            looked=[str(project.plan)],
            remedy=f"name the directory with {_PLAN}, or the one with the {_CONF} that says where it lies",
        )
    plan = read_plan(project.plan)
    contents = Contents()
    used = _read_changes(plan, project, reading, contents)
    if any(
        f"{project.registry}.changes" in script.text
        for each in contents.migrations
        for script in (each.up, each.down, each.verify)
        if script
    ):
        contents.records = _records(plan, project.registry)
    _set_aside_rest(path, project, used, reading, contents)
    return contents


def _project(path: Path) -> _Project:
    """What the configuration says; it lies in the directory, or above the one that it calls ``top_dir``."""
    for directory in (path, *path.parents[:2]):
        conf = directory / _CONF
        if conf.is_file():
            project = _configured(conf)
            if directory == path or project.plan.parent == path:
                return project
    return _located(path, None, {}, {way: {} for way in _WAYS})


def _configured(conf: Path) -> _Project:
    settings = _settings(conf)
    engine = settings.get("core.engine", _ENGINE)
    target = settings.get(f"engine.{_ENGINE}.target", settings.get("core.target", ""))
    if engine != _ENGINE and not any(key.startswith(f"engine.{_ENGINE}.") for key in settings):
        raise ChainError(
            f"{_CONF} says that this project is for the engine {engine}, not for {_ENGINE}",
            looked=[str(conf)],
            remedy="name a project for PostgreSQL: no other database is run here",
        )
    own: dict[str, str] = {}
    for section in ("core", f"engine.{_ENGINE}", f"target.{target}"):
        own |= {key[len(section) + 1 :]: value for key, value in settings.items() if key.startswith(f"{section}.")}
    variables = {
        way: {
            name: value
            for section in ("core", way, f"engine.{_ENGINE}", f"target.{target}")
            for name, value in _under(settings, f"{section}.variables")
        }
        for way in _WAYS
    }
    return _located(conf.parent, conf, own, variables)


def _located(directory: Path, conf: Path | None, own: dict[str, str], variables: dict[str, dict[str, str]]) -> _Project:
    """The project below a directory.

    :param own: the settings of its target, by name
    :param variables: those of psql, by way
    """

    def path(*parts: str) -> Path:
        return Path(os.path.normpath(directory.joinpath(*parts)))

    top = own.get("top_dir", ".")
    reworked = own.get("reworked_dir", top)
    return _Project(
        path(own.get("plan_file", f"{top}/{_PLAN}")),
        conf,
        {way: path(own.get(f"{way}_dir", f"{top}/{way}")) for way in _WAYS},
        {way: path(own.get(f"reworked_{way}_dir", own.get(f"{way}_dir", f"{reworked}/{way}"))) for way in _WAYS},
        own.get("extension", "sql"),
        own.get("registry", "sqitch"),
        variables,
    )


def _under(settings: dict[str, str], section: str) -> list[tuple[str, str]]:
    return [(key[len(section) + 1 :], value) for key, value in settings.items() if key.startswith(f"{section}.")]


def _settings(conf: Path) -> dict[str, str]:
    """What a file in the format of Git's configuration says: ``section.subsection.key`` and the last value of it."""
    found: dict[str, str] = {}
    section = ""
    for number, line in enumerate(conf.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        content = _COMMENT.sub(lambda part: part[1] or "", line)
        if not content.strip():
            continue
        if opened := _SECTION.fullmatch(content):
            section = opened["name"].lower() + (f".{opened['sub']}" if opened["sub"] else "")
        elif (setting := _SETTING.fullmatch(content)) and section:
            value = "true" if setting["value"] is None else setting["value"]
            key = setting["key"] if section.endswith("variables") else setting["key"].lower()
            found[f"{section}.{key}"] = _unquoted(value)
        else:
            what = f"{_CONF} cannot be read: line {number} is neither [section] nor key = value"
            raise ChainError(what, looked=[str(conf)], remedy="correct it, as `sqitch config --list` reads it")
    return found


def _unquoted(value: str) -> str:
    return re.sub(r'"((?:[^"\\]|\\.)*)"', lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1]), value)


def _read_changes(plan: Plan, project: _Project, reading: Reading, contents: Contents) -> set[Path]:
    """Add the scripts of all changes to the contents; returns their paths."""
    missing: list[str] = []
    used: set[Path] = set()
    for change in plan.changes:
        scripts = {way: _script(change, way, project, reading) for way in _WAYS}
        used |= {script.path for script in scripts.values() if script}
        deploy, revert, verify = (scripts[way] for way in _WAYS)
        if deploy is None:
            path = relative(_path(change, "deploy", project), reading.root)
            missing.append(f"line {change.line}: {path} does not exist")
            continue
        contents.migrations.append(Migration(change.version, "", deploy, revert, verify=verify))
        contents.set_aside += [_elsewhere(change, written, project, reading) for written in change.elsewhere]
    if missing:
        remedy = "restore the scripts, or take their changes out of the plan: sqitch deploy stops there"
        raise refused(f"{project.plan.name} names changes without a script", missing, project.plan, remedy)
    return used


def _elsewhere(change: Change, written: str, project: _Project, reading: Reading) -> SetAside:
    reason = f"line {change.line}: {change.name} requires {written}, a change of another project, which is not applied"
    return SetAside(relative(project.plan, reading.root), reason, step=True, before=change.version)


def _path(change: Change, way: str, project: _Project) -> Path:
    """Where the script of a change lies: behind the name of one that was reworked stands a tag."""
    if not change.rework_tags:
        return project.directories[way] / f"{change.name}.{project.extension}"
    deploys = project.reworked["deploy"]
    names = [f"{change.name}{tag}.{project.extension}" for tag in change.rework_tags]
    return project.reworked[way] / next((name for name in names if (deploys / name).is_file()), names[0])


def _script(change: Change, way: str, project: _Project, reading: Reading) -> Script | None:
    path = _path(change, way, project)
    if not path.is_file():
        return None
    script = read_script(path, reading.root)
    variables = project.variables[way] | {"registry": project.registry}
    said = tuple(
        (name, value) for name, value in sorted(variables.items()) if f":{name}" in re.sub(r":['\"]", ":", script.text)
    )
    return replace(script, sends=Sends.STATEMENTS, by_psql=True, variables=said)


def _set_aside_rest(path: Path, project: _Project, used: set[Path], reading: Reading, contents: Contents) -> None:
    known = used | set(reading.taken)
    directories = {*project.directories.values(), *project.reworked.values()}
    for directory in sorted(directories):
        for each in sorted(directory.rglob("*")) if directory.is_dir() else ():
            if each.is_file() and each not in known:
                reason = f"{_PLAN} names no change of this name: sqitch never runs it"
                contents.set_aside.append(set_aside(each, reading.root, reason))
    above = {parent for directory in (*directories, project.plan) for parent in (directory, *directory.parents)}
    for each in entries(path):
        if each in known or each in above:
            continue
        reason = "the configuration of sqitch" if each == project.conf else "no part of the sqitch project"
        contents.set_aside.append(set_aside(each, reading.root, reason))


def _records(plan: Plan, registry: str) -> Records:
    """The tables of deployed changes, as far as scripts could look at them."""
    schema, project = quote(registry), "'" + plan.project.replace("'", "''") + "'"
    return Records(
        table=f"{registry}.changes",
        create=f"""
            CREATE SCHEMA IF NOT EXISTS {schema};
            CREATE TABLE IF NOT EXISTS {schema}.projects (
                project text PRIMARY KEY, uri text UNIQUE, created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                creator_name text NOT NULL, creator_email text NOT NULL
            );
            CREATE TABLE IF NOT EXISTS {schema}.changes (
                change_id text PRIMARY KEY, script_hash text, change text NOT NULL,
                project text NOT NULL REFERENCES {schema}.projects (project) ON UPDATE CASCADE,
                note text NOT NULL DEFAULT '', committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                committer_name text NOT NULL, committer_email text NOT NULL,
                planned_at timestamptz NOT NULL, planner_name text NOT NULL, planner_email text NOT NULL
            );
            INSERT INTO {schema}.projects (project, creator_name, creator_email)
            VALUES ({project}, 'sqitch', 'sqitch') ON CONFLICT DO NOTHING""",
        applied=f"""
            INSERT INTO {schema}.changes (change_id, change, project, committer_name, committer_email,
                planned_at, planner_name, planner_email)
            VALUES (%(version)s, split_part(%(version)s::text, '@', 1), {project}, '', '', now(), '', '')""",
        reverted=f"DELETE FROM {schema}.changes WHERE change_id = %(version)s",
    )


FORMAT = Format(
    "sqitch",
    "Sqitch",
    "`sqitch.plan`, with `deploy/`, `revert/` and `verify/`; `sqitch.conf` may say where these lie",
    _recognizes,
    _read,
)
