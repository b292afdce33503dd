"""The pytest plugin: options, items, summary and fixtures."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from typing import Any

import pytest

from migrate_validate.errors import MigrateValidateError
from migrate_validate.findings import Verdict
from migrate_validate.plugin import hooks
from migrate_validate.plugin.fixtures import migrated_db, migrated_postgresql, migrations
from migrate_validate.plugin.items import Failed, RuleItem
from migrate_validate.plugin.options import add_options
from migrate_validate.plugin.run import RUN, Run

__all__ = ["migrated_db", "migrated_postgresql", "migrations"]

TROUBLE = 3
"""Exit status when the tool or the server failed, as pytest's internal error."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the options."""
    add_options(parser, pluginmanager)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hook for users' rules."""
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Read the chains; a path or configuration that cannot be used ends the run with a message."""
    config.addinivalue_line("markers", "migrations(path): the chain that the fixtures of migrate-validate use")
    try:
        config.stash[RUN] = Run(config)
    except MigrateValidateError as error:
        raise pytest.UsageError(str(error)) from None
    if config.stash[RUN].evaluations and threading.current_thread() is threading.main_thread():
        # CI cancels with SIGTERM: end as on Ctrl-C, with the servers stopped.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers, whatever happened."""
    run = config.stash.get(RUN, None)
    if run is not None:
        run.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the items of the chains, so that -k, -m, --deselect, --lf and the other plugins see them."""
    items.extend(config.stash[RUN].items(session))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say trouble in our words, and send along what the summary needs, also from a worker of xdist."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, MigrateValidateError):
        report.longrepr = item.config.stash[RUN].trouble_text(error)
    if isinstance(item, RuleItem) and (report.when == "call" or report.failed):
        if report.skipped:
            report.longrepr = (item.nodeid, None, f"Skipped: {error}")  # type: ignore[assignment]
        trouble = str(error).splitlines()[0] if report.failed and not isinstance(error, Failed) else None
        report.migrate_validate = item.payload(trouble)  # type: ignore[attr-defined]
    return report


def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show warned and unproven rules as what they are, and trouble of the tool as an error."""
    if getattr(report, "when", None) != "call":
        return None
    payload = getattr(report, "migrate_validate", {})
    if payload.get("trouble"):
        return "error", "E", ("ERROR", {"red": True})
    result = payload.get("result")
    if result is None or report.failed:
        return None
    if result["verdict"] == Verdict.WARNED:
        return "warned", "w", ("WARNED", {"yellow": True})
    if result["verdict"] == Verdict.UNPROVEN:
        return "unproven", "u", ("UNPROVEN", {"yellow": True})
    return None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Collect the reports of this session."""
    run = session.config.stash[RUN]
    if run.evaluations:
        session.config.pluginmanager.register(_Collecting(run), "migrate-validate-collecting")


class _Collecting:
    """Keeps what the items report, writes the report files and the summary."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        payload = getattr(report, "migrate_validate", None)
        if payload is None:
            return
        self.run.record(payload)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.run.trouble and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            session.exitstatus = TROUBLE
        if not hasattr(session.config, "workerinput") and not session.config.getoption("collectonly"):
            self.run.write_reports()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.run.config.getoption("collectonly"):
            self.run.summarize(terminalreporter)
