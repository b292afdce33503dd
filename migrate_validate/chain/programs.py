"""A process that runs a migration tool in a project, and what it tells."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from migrate_validate.chain.traced import Program
from migrate_validate.errors import ChainError

START_SECONDS = 60.0
"""How long a project may take until its first migration begins: it imports all that it consists of."""
_LINES = 12
"""Of what the process has printed, in a message."""


class Broken(ChainError):
    """A program could not be run, or did not come to its end."""

    why: str
    """The reason alone."""


def told_by(program: Program) -> dict[str, Any]:
    """What a program tells of its project without a server, by name.

    :raises Broken: it cannot be run
    """
    process = Process(program, START_SECONDS)
    try:
        process.ask({})
        told: dict[str, Any] = {}
        for message in process.messages():
            told |= message
        return told
    finally:
        process.close()


class Process:
    """A tool that runs in a process of its own."""

    def __init__(self, program: Program, limit: float) -> None:
        """Start it; it waits to be asked for something.

        :param limit: seconds that it may take from one statement to the next
        """
        self.program = program
        self._limit = limit
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        reading, writing = os.pipe()
        self._told = os.fdopen(reading, "rb", buffering=0)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"migrate_validate.tracing.{program.tool}", str(writing)],
                cwd=program.directory,
                stdin=subprocess.PIPE,
                stdout=self._printed,
                stderr=subprocess.STDOUT,
                pass_fds=[writing],
                start_new_session=True,
            )
        finally:
            os.close(writing)

    def ask(
        self,
        server: Mapping[str, object],
        *,
        back: bool = False,
        seeds: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """Ask it for what it can tell, once.

        :param server: how a database is reached that it may write, as ``psycopg.connect`` takes it; empty: it only
            tells of the project
        :param back: whether the ways back are asked for
        :param seeds: statements that are to be run before a step, by its key
        """
        request = {
            "server": dict(server),
            "arguments": dict(self.program.arguments),
            "back": back,
            "seeds": {key: [*statements] for key, statements in seeds.items()},
        }
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.close()

    def kill(self) -> None:
        """End it, and all that it has started; nothing happens where it has ended."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """End it where it has not ended, and forget what it has said."""
        self.kill()
        assert self._process.stdin is not None
        for each in (self._process.stdin, self._told, self._printed):
            with contextlib.suppress(OSError):
                each.close()

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it tells, as it comes.

        :raises Broken: the project cannot be run, the process ends early, or takes too long
        """
        pending, started = b"", False
        while True:
            limit = self._limit if started else max(self._limit, START_SECONDS)
            data = self._read(limit)
            if not data:
                self._process.wait()
                raise self._broken(f"it ended with status {self._process.returncode} in the middle of its work")
            *lines, pending = (pending + data).split(b"\n")
            for message in (json.loads(line) for line in lines if line):
                if "trouble" in message:
                    raise self._broken(message["trouble"], message["remedy"])
                if message.get("fault", "") is None and not started:
                    raise self._broken(message["message"])
                started = started or "step" in message
                yield message
                if "done" in message:
                    return

    def _read(self, limit: float) -> bytes:
        until = time.monotonic() + limit
        while (left := until - time.monotonic()) > 0:
            if select.select([self._told], [], [], left)[0]:
                return self._told.read(1 << 20)
        self.kill()
        raise self._broken(
            f"it did not come to its next statement within {limit:g} s, and was stopped",
            "see what it waits for; raise statement_timeout in the configuration if it has to take that long",
        )

    def _broken(self, why: str, remedy: str = "") -> Broken:
        name = self.program.tool.replace("_", " ")
        command = f"{sys.executable}, in {self.program.directory}"
        printed = self._tail()
        what = f"The migrations could not be run by {name}: {why}" + "".join(f"\n  | {line}" for line in printed)
        default = (
            "run the tool yourself in this directory: what fails there fails here; the settings that it needs "
            "may come from the environment"
        )
        broken = Broken(what, looked=[command], remedy=remedy or default)
        broken.why = f"{why} ({remedy})" if remedy else why
        return broken

    def _tail(self) -> list[str]:
        self._printed.seek(0)
        lines = self._printed.read().decode(errors="replace").splitlines()
        return [line for line in lines if line.strip()][-_LINES:]
