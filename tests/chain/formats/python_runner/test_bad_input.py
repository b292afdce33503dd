"""What is told of callables that cannot be run."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.postgres import Server
from tests.chain.formats.chains import refused
from tests.tracing.projects import traced


def test_callables_that_cannot_be_run(newest_server: Server, tmp_path: Path) -> None:
    texts = {
        "async def up(connection):\n    pass\n": (
            "001_x.py: Refused: it is asynchronous: only a function that takes a connection of DB-API 2 or SQLAlchemy"
            " is run"
        ),
        "def up(connection):\n    connection.commit(1)\n": (
            "001_x.py:2: TypeError: _listen.<locals>.traced_commit() takes 1 positional argument but 2 were given"
        ),
    }
    for number, (text, said) in enumerate(texts.items()):
        with traced(newest_server, tmp_path / str(number), {"001_x.py": text}) as run:
            assert run.failure() == said
    assert refused(tmp_path / "twice", {"migrations.py": "MIGRATIONS = [('001_a', f), ('001_a', g)]\n"}) == (
        "migrations.py lists 001_a twice\nlooked at:\n  ROOT/migrations.py\nwhat to do: give one of them another name"
    )
