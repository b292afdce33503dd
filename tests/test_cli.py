"""The command ``migrate-validate``."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.support.projects import BAD, GOOD, WARNED, write_chain
from tests.support.repositories import repository

PROGRAM = (sys.executable, "-c", "import sys; from migrate_validate.cli import main; sys.exit(main())")


def environment() -> dict[str, str]:
    """Nothing of the pytest that runs this test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")} | {"COLUMNS": "100"}


def command(
    pytester: pytest.Pytester, *arguments: str, through: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*through, *PROGRAM, *arguments],
        cwd=pytester.path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("since", [["--since", "main"], ["--since=main"]])
def test_what_is_new_since_a_reference(pytester: pytest.Pytester, since: list[str]) -> None:
    repository(pytester.path, {f"db/{name}": text for name, text in GOOD.items()})
    (pytester.path / "db/001_shop.sql").unlink()
    run = command(pytester, "db", *since, "-k", "edited-applied", "--postgresql-exec=/nowhere/pg_ctl")
    assert run.returncode == 1
    assert "001_shop.sql is gone, and main (merge base " in " ".join(run.stdout.split())


def test_options_after_the_paths_are_those_of_pytest(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", WARNED)
    pytester.makeini("[pytest]\naddopts = --no-such-option\n")
    run = command(pytester, "db", "-k", "applies", "--migrations-report", "report.json", "-n", "2")
    assert run.returncode == 0, run.stdout + run.stderr
    rules = json.loads((pytester.path / "report.json").read_text())["chains"][0]["rules"]
    assert {rule["rule"] for rule in rules} == {"applies", "base-applies", "seed-applies"}


def test_findings_and_several_chains(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    write_chain(pytester, "bad", BAD)
    run = command(pytester, "db", "bad")
    assert run.returncode == 1
    assert "migrations of db" in run.stdout
    assert "002_broken.sql:2:15: error[applies]" in run.stdout
    assert not (pytester.path / ".pytest_cache").exists()


def test_infos_are_told_with_v(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    assert "info     not-rerunnable  " in command(pytester, "db", "-v", "-k", "not-rerunnable").stdout
    assert "infos: 2 not-rerunnable (-v shows them)" in command(pytester, "db", "-k", "not-rerunnable").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Prove on a real, disposable PostgreSQL"),
        (["-k", "applies"], "migrate-validate: name the directory of migrations, before any option"),
        (["nowhere"], "ERROR: nowhere does not exist"),
        (["snapshot", "nowhere"], "migrate-validate: nowhere does not exist"),
        (["install-hook", "db"], "is no git repository"),
        (["snapshot"], "the following arguments are required: PATH"),
        (["stats", "--seconds=soon"], "argument --seconds: 'soon' is no number of seconds above 0, up to 3600"),
    ],
)
def test_wrong_use(pytester: pytest.Pytester, arguments: list[str], message: str) -> None:
    run = command(pytester, *arguments)
    assert run.returncode == 4
    assert message in run.stdout + run.stderr
    assert "Traceback" not in run.stderr


def test_help(pytester: pytest.Pytester) -> None:
    run = command(pytester, "--help")
    assert run.returncode == 0
    assert "migrate-validate PATH [PATH ...] [pytest options]" in run.stdout


@pytest.mark.parametrize("name", ["snapshot", "stats", "install-hook"])
def test_help_of_a_command_is_for_people(pytester: pytest.Pytester, name: str) -> None:
    run = command(pytester, name, "--help")
    assert run.returncode == 0
    assert f"usage: migrate-validate {name}" in run.stdout
    assert ":param" not in run.stdout


def test_snapshot_and_what_it_expects(pytester: pytest.Pytester) -> None:
    directory = write_chain(pytester, "db", GOOD)
    run = command(pytester, "snapshot", "db")
    assert run.returncode == 0, run.stderr
    assert "the expected state of 2 tables was written" in run.stdout
    assert command(pytester, "db", "--migrations-strict", "-k", "missing or mismatch or count").returncode == 0
    (directory / "002_orders.sql").write_text("create table purchase (id int primary key);\n")
    assert "purchase.customer_id" in command(pytester, "db", "-k", "missing-column").stdout
    refused = command(pytester, "snapshot", "db")
    assert refused.returncode == 4
    assert "an expected state is declared already" in refused.stderr


@pytest.mark.parametrize("arguments", [("db",), ("db", "-v"), ("--help",)], ids=" ".join)
def test_a_reader_that_leaves_ends_the_run_quietly(pytester: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    write_chain(pytester, "db", GOOD)
    reading, writing = os.pipe()
    # What runs for longer than its reader meets the broken pipe in the middle, as with `| head -1`.
    os.close(reading)
    run = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=pytester.path,
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (run.stderr, run.returncode) == ("", 128 + signal.SIGPIPE)


def test_a_configuration_that_snapshot_cannot_read_or_write(pytester: pytest.Pytester) -> None:
    directory = write_chain(pytester, "db", GOOD)
    (directory / "migrate_validate.toml").mkdir()
    run = command(pytester, "snapshot", "db")
    assert run.returncode == 4
    assert run.stderr.splitlines() == [
        f"migrate-validate: {directory}/migrate_validate.toml is a directory, not a file",
        "what to do: move it away, and call snapshot again",
    ]


@pytest.fixture
def bound() -> tuple[str, ...]:
    """What takes root's power over permissions from a command; nothing for everybody else, who has none."""
    if os.geteuid() != 0:
        return ()
    without = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    if (
        shutil.which("setpriv") is None
        or subprocess.run([*without, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("root may do everything here, for setpriv is missing or not allowed")
    return without


def test_a_directory_without_permission(pytester: pytest.Pytester, bound: tuple[str, ...]) -> None:
    directory = write_chain(pytester, "db", GOOD)
    directory.chmod(0)
    try:
        runs = [command(pytester, "db", through=bound), command(pytester, "snapshot", "db", through=bound)]
    finally:
        directory.chmod(0o755)
    for run in runs:
        assert run.returncode == 4
        what, looked, place, remedy = filter(None, run.stderr.splitlines())
        assert (what.partition(": ")[2], looked) == ("db cannot be read: permission denied", "looked at:")
        assert place.startswith(f"  {directory}")
        assert remedy == (
            "what to do: give the user who runs this the permission to read it (and to enter the directories above it)"
        )


def test_snapshot_into_a_directory_without_permission(pytester: pytest.Pytester, bound: tuple[str, ...]) -> None:
    directory = write_chain(pytester, "db", GOOD)
    directory.chmod(0o555)
    try:
        run = command(pytester, "snapshot", "db", through=bound)
    finally:
        directory.chmod(0o755)
    assert run.returncode == 4
    assert run.stderr.splitlines() == [
        f"migrate-validate: {directory}/migrate_validate.toml cannot be written: permission denied",
        "what to do: make it or its directory writable, and call snapshot again",
    ]


def test_the_hook(pytester: pytest.Pytester) -> None:
    subprocess.run(["git", "init", "-q"], cwd=pytester.path, check=True)
    for name in ("db", "my chain", "other"):
        write_chain(pytester, name, GOOD)
    run = command(pytester, "install-hook", "my chain")
    hook = pytester.path / ".git/hooks/pre-push"
    assert run.returncode == 0, run.stderr
    assert "exec migrate-validate 'my chain'\n" in hook.read_text()
    assert os.access(hook, os.X_OK)
    assert command(pytester, "install-hook", "other").returncode == 0
    hook.write_text("#!/bin/sh\necho mine\n")
    refused = command(pytester, "install-hook", "db")
    assert refused.returncode == 4
    assert "exists and is not ours: it was left as it is" in refused.stderr
    assert hook.read_text() == "#!/bin/sh\necho mine\n"
    subprocess.run(["git", "config", "core.hooksPath", "my-hooks"], cwd=pytester.path, check=True)
    assert command(pytester, "install-hook", "db").returncode == 0
    assert (pytester.path / "my-hooks/pre-push").exists()
