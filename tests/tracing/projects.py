"""Small projects whose migrations are Python, traced and applied on a real server."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from migrate_validate.catalog.diff import compare
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain, Migration, Script
from migrate_validate.chain.reader import read_chain
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.chain.traced import Trace
from migrate_validate.config import Settings
from migrate_validate.postgres import Database, Server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay.replay import Replay, replay_chain
from migrate_validate.tracing.tracing import Tracing
from tests.replay.chains import FAST, write

Files = dict[str, str | bytes]

NOWHERE = "postgresql+psycopg2://somebody:secret@db.invalid:5432/production"
"""A server that does not exist."""
_COMMON = {
    "alembic.ini": f"[alembic]\nscript_location = %(here)s/db\nprepend_sys_path = .\nsqlalchemy.url = {NOWHERE}\n",
    "db/env.py": """
from alembic import context
from sqlalchemy import engine_from_config, pool

section = context.config.get_section(context.config.config_ini_section, {})
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
""",
}
_MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
_SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = [{apps}]
DATABASES = {{
    "default": {{"ENGINE": "django.db.backends.postgresql", "NAME": "production", "HOST": "db.invalid"}},
    "other": {{"ENGINE": "django.db.backends.postgresql", "NAME": "other", "HOST": "db.invalid"}},
}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
"""


def alembic(revisions: dict[str, str], **more: str) -> Files:
    """A project of Alembic.

    :param revisions: bodies by ``revision``, ``revision after other`` or ``revision after one two``
    :param more: other files of ``db/``, without ``.py``, in the stead of usual ones
    """
    files: Files = {**_COMMON, **{f"db/{name}.py": text for name, text in more.items()}}
    for title, body in revisions.items():
        name, _, after = title.partition(" after ")
        before = tuple(after.split())
        down = repr(before[0] if len(before) == 1 else before or None)
        files[f"db/versions/{name}_it.py"] = (
            f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {name!r}\ndown_revision = {down}\n{body}"
        )
    return files


def django(migrations: dict[str, str], apps: str = '"shop"', **more: str) -> Files:
    """A project of Django with the app ``shop``.

    :param migrations: what stands below its imports, by name
    :param apps: INSTALLED_APPS
    :param more: what stands at the end of its settings, as ``settings``
    """
    head = "from django.db import migrations, models\n"
    return {
        "manage.py": _MANAGE,
        "site_settings.py": _SETTINGS.format(apps=apps) + more.get("settings", ""),
        "shop/__init__.py": "",
        "shop/migrations/__init__.py": "",
        **{f"shop/migrations/{name}.py": head + body for name, body in migrations.items()},
    }


@dataclass(frozen=True, slots=True)
class Run:
    """A project that was traced and applied."""

    chain: Chain
    replay: Replay

    def migration(self, version: str) -> Migration:
        """The migration of this version."""
        return next(each for each in self.chain.migrations if each.version == version)

    def sent(self, version: str) -> list[str]:
        """What a migration sends, each with its line."""
        return sent(self.migration(version).up)

    def back(self, version: str) -> list[str]:
        """What its way back sends."""
        return sent(self.migration(version).down)

    def trace(self, version: str) -> Trace:
        """All that is known of it."""
        return trace(self.migration(version).up)

    @property
    def outcomes(self) -> list[str]:
        """What became of the migrations."""
        return [str(step.run.outcome) for step in self.replay.timeline.steps]

    def failure(self) -> str:
        """The place and the message of the only failure."""
        (failed,) = (step.run.failure for step in self.replay.timeline.steps if step.run.failure)
        return f"{failed.location}: {failed.message}"


def trace(script: Script) -> Trace:
    """What is known of a script in Python."""
    assert script.traced is not None
    return script.traced.get(script.file)


def sent(script: Script | None) -> list[str]:
    """What a script sends, each with its line, on one line."""
    assert script is not None
    try:
        return [f"{each.location.line}: {' '.join(each.sql.split())}" for each in statements(script)]
    except ScriptError as error:
        return [str(error)]


@contextlib.contextmanager
def traced(server: Server, folder: Path, files: Files, path: str = ".", settings: Settings = FAST) -> Iterator[Run]:
    """These files, traced and applied on a server."""
    write(folder, files)
    chain = read_chain(path, settings, rootdir=folder)
    tracing = Tracing(chain, settings, lambda: server.create_database("traced"), lambda: None)
    with contextlib.closing(tracing):
        replay = replay_chain(chain, settings, server, ENVIRONMENTS["plain"])
        with replay.database:
            yield Run(chain, replay)


@contextlib.contextmanager
def by_the_tool(server: Server, folder: Path, *command: str, **environment: str) -> Iterator[Database]:
    """A database on which a command of the tool alone was run.

    :param command: behind python; ``URL`` stands for the address of the database
    :param environment: variables, in which it does so too
    """
    with server.create_database("tool") as database:
        url = f"postgresql+psycopg://{server.user}@/{database.name}?host={server.host}&port={server.port}"
        values = {name: value.replace("URL", url) for name, value in environment.items()}
        variables = {**os.environ, **values, "PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": server.user}
        variables["PGDATABASE"] = database.name
        done = subprocess.run(
            [sys.executable, *(each.replace("URL", url) for each in command)],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield database


def differences(one: Database, other: Database) -> list[str]:
    """What is not the same in two schemas."""
    return list(compare(catalog(one), catalog(other)).lines(50))


def catalog(database: Database) -> Catalog:
    """The schema of a database."""
    with database.connect() as connection:
        return Catalog.read(connection)


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    """What a query finds."""
    with database.connect() as connection:
        return psycopg.Cursor(connection).execute(query.encode()).fetchall()
