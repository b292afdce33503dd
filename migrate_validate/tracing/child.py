"""What every process that runs a migration tool does: it is told where to connect, and tells what was sent."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from migrate_validate.tracing.listening import install, refuse
from migrate_validate.tracing.recorder import Recorder
from migrate_validate.tracing.tracebacks import shortened


class Trouble(Exception):
    """The tool cannot be run in this project."""

    def __init__(self, what: str, remedy: str) -> None:
        """Keep what is wrong, and what to do."""
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Request:
    """What a process is asked for, on its standard input."""

    server: Mapping[str, Any]
    """The arguments of ``psycopg.connect``; empty where nothing is to be run."""
    arguments: Mapping[str, str]
    """What it has to know of the project."""
    back: bool
    """Whether the ways back are asked for, not the ways there."""
    seeds: Mapping[str, Sequence[str]]
    """Statements that load rows before a step, by its key."""

    def load(self, key: str, recorder: Recorder, execute: Callable[[str], object] | None = None) -> None:
        """Load what comes before a step, which is no part of it.

        :param execute: where it goes; None: a connection of its own
        """
        if key not in self.seeds:
            return
        with recorder.phase("quiet"), psycopg.connect(autocommit=True) as connection:
            for statement in self.seeds[key]:
                (execute or _sending(connection))(statement)


def _sending(connection: psycopg.Connection[Any]) -> Callable[[str], object]:
    return lambda statement: connection.execute(statement.encode())


def serve(run: Callable[[Request, Recorder], None]) -> None:
    """Do what this process is asked for, and tell of it on the file descriptor that it was given.

    :param run: everything that may go wrong in it is told
    """
    # Nobody else may write into it: a migration may print, and may start programs.
    out = os.fdopen(int(sys.argv[1]), "w", encoding="utf-8")
    os.set_inheritable(out.fileno(), False)
    asked = json.loads(sys.stdin.readline())
    request = Request(asked["server"], asked["arguments"], asked["back"], asked["seeds"])
    recorder = Recorder(out)
    # Settings without an address often cannot be imported; where it leads does not matter.
    os.environ.setdefault("DATABASE_URL", "postgresql://migrate-validate@localhost/none")
    try:
        if request.server:
            install(recorder, request.server)
        else:
            refuse()
        run(request, recorder)
    except Trouble as trouble:
        recorder.tell(trouble=trouble.what, remedy=trouble.remedy)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a project raises is told
        print(shortened(error), file=sys.stderr)
        recorder.fail(error)
    recorder.tell(done=True)
    out.close()
    # Threads that a project has started must not keep it alive.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
