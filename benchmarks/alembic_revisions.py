"""Revisions of Alembic, applied and recorded, against `alembic upgrade head` on a server of the same kind."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measuring import medians, seconds, show

from migrate_validate import Settings
from migrate_validate.chain.reader import read_chain
from migrate_validate.chain.statements import statements
from migrate_validate.evaluation import Evaluation
from migrate_validate.postgres import Server, ServerOptions, open_server

_ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool

section = context.config.get_section(context.config.config_ini_section, {})
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
_HEAD = '''"""Part {number}"""

import sqlalchemy as sa
from alembic import op

revision = "{number:04}"
down_revision = {before}
branch_labels = None
depends_on = None

'''
_PARTS = (
    """
def upgrade() -> None:
    op.create_table(
        "account_{turn}",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("email", sa.String(200), nullable=False, unique=True),
        sa.Column("settings", sa.JSON(), server_default="{{}}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.create_table(
        "purchase_{turn}",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("account_id", sa.BigInteger(), sa.ForeignKey("account_{turn}.id"), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), sa.CheckConstraint("amount >= 0"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("purchase_{turn}")
    op.drop_table("account_{turn}")
""",
    """
def upgrade() -> None:
    op.create_index("purchase_{turn}_account", "purchase_{turn}", ["account_id"])
    op.create_index("account_{turn}_created", "account_{turn}", ["created_at"])


def downgrade() -> None:
    op.drop_index("account_{turn}_created", "account_{turn}")
    op.drop_index("purchase_{turn}_account", "purchase_{turn}")
""",
    """
def upgrade() -> None:
    op.add_column("account_{turn}", sa.Column("name", sa.Text(), nullable=True))
    op.execute("UPDATE account_{turn} SET name = email WHERE name IS NULL")
    op.alter_column("account_{turn}", "name", nullable=False)


def downgrade() -> None:
    op.drop_column("account_{turn}", "name")
""",
)


def write_project(directory: Path, length: int) -> Path:
    """Write a project: tables, indexes and columns in turns.

    :return: its alembic.ini
    """
    versions = directory / "migrations" / "versions"
    versions.mkdir(parents=True)
    (directory / "migrations" / "env.py").write_text(_ENV)
    ini = directory / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    for number in range(length):
        before = repr(f"{number - 1:04}") if number else "None"
        text = _HEAD.format(number=number, before=before) + _PARTS[number % 3].format(turn=number // 3)
        (versions / f"{number:04}_part.py").write_text(text)
    return ini


def upgrade(ini: Path, server: Server) -> float:
    """Seconds of `alembic upgrade head` on a new database of a server that runs."""
    with server.create_database("upgraded") as database:
        url = f"postgresql+psycopg://{server.user}@/{database.name}?host={server.host}&port={server.port}"
        own = ini.with_name("own.ini")
        own.write_text(ini.read_text() + f"sqlalchemy.url = {url}\n")
        command = [sys.executable, "-m", "alembic", "-c", str(own), "upgrade", "head"]
        return seconds(lambda: subprocess.run(command, check=True, capture_output=True, cwd=ini.parent))


def evaluate(ini: Path, options: ServerOptions | None = None, *, back: bool = False) -> float:
    """Seconds from the path to the whole chain applied.

    :param options: a server that runs; None: servers are started for it
    :param back: with the ways back
    """
    evaluations = contextlib.ExitStack()

    def work() -> None:
        settings = Settings()
        chain = read_chain(ini, settings, rootdir=ini.parent)
        evaluation = Evaluation(chain, settings, options or ServerOptions())
        evaluations.callback(evaluation.close)
        assert evaluation.timeline.complete
        if back:
            for migration in chain.migrations:
                assert migration.down is not None
                statements(migration.down)

    with evaluations:
        return seconds(work)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=300, help="revisions")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mv-alembic-") as name, open_server() as server:
        ini = write_project(Path(name), options.length)
        running = ServerOptions(host=server.host, port=server.port, user=server.user)
        measured = medians(
            {
                "alembic upgrade head": lambda: upgrade(ini, server),
                "traced and applied": lambda: evaluate(ini, running),
                "and the ways back traced": lambda: evaluate(ini, running, back=True),
                "on servers of its own": lambda: evaluate(ini),
            },
            options.runs,
        )
        title = f"{options.length} revisions of Alembic"
        show(title, measured, against="alembic upgrade head", runs=options.runs, goal="at most 1.3 times")


if __name__ == "__main__":
    main()
