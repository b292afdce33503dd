"""The plugin of a run that has chains: its items, its reports and its end."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Generator
from typing import Any

import pytest

from migrate_validate.errors import MigrateValidateError, Trouble
from migrate_validate.findings import Verdict
from migrate_validate.plugin.items import Failed, RuleItem
from migrate_validate.plugin.options import Chains
from migrate_validate.plugin.run import RUN, Run, drawn_with
from migrate_validate.plugin.told import Crash, Told
from migrate_validate.report.terminal import headline

TROUBLE = 3
"""Exit status when the tool or the server failed, as pytest's internal error."""


def start(config: pytest.Config, chains: Chains, trouble: Trouble) -> None:
    """Read the chains and join the run.

    :param trouble: what was met before
    :raises MigrateValidateError: when a path or the configuration cannot be used
    """
    gc.unfreeze()  # A run before this one, in the same process, may have left garbage.
    run = Run(config, chains, trouble)
    if not run.evaluations:
        return
    config.stash[RUN] = run
    config.pluginmanager.register(Session(run), "migrate-validate-session")
    if threading.current_thread() is threading.main_thread():
        # CI cancels with SIGTERM: end as on Ctrl-C, with the servers stopped.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


class Session:
    """Adds the items, keeps what they report, writes the report files and the summary."""

    def __init__(self, run: Run) -> None:
        """Take part with this run."""
        self.run = run

    def pytest_report_header(self, config: pytest.Config) -> str:
        """With which options another run draws the same rows."""
        return f"migrate-validate: rows are drawn with {drawn_with(config)}"

    def pytest_unconfigure(self) -> None:
        """Stop the servers, whatever happened."""
        self.run.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the items of the chains, so that -k, -m, --deselect, --lf and the other plugins see them."""
        items.extend(self.run.items(session))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the chains what will be asked of them.

        And spare Python the search for garbage among what has been imported: it is most of what there is, and stays.
        """
        if not hasattr(session.config, "workerinput"):  # of xdist, where others need the processors
            items = [item for item in session.items if isinstance(item, RuleItem)]
            for evaluation in self.run.evaluations.values():
                evaluation.expect((item.rule, item.file) for item in items if item.evaluation is evaluation)
        gc.freeze()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say trouble in our words, and send along what the summary needs, also from a worker of xdist."""
        report = yield
        error = call.excinfo.value if call.excinfo else None
        trouble = str(error).splitlines()[0] if report.failed and not isinstance(error, Failed) else None
        if isinstance(error, MigrateValidateError):
            first = self.run.tells(error)
            report.longrepr = str(error) if first else trouble
            if not first and isinstance(item, RuleItem):
                # One error tells it: hundreds that repeat it would only hide that.
                report.outcome = "skipped"
        if isinstance(item, RuleItem) and (report.when == "call" or trouble is not None):
            if report.skipped:
                # Without a line: a rule has none, and pytest shows the reason alone.
                report.longrepr = (item.nodeid, None, f"Skipped: {trouble or error}")  # type: ignore[assignment]
            # An attribute travels from xdist's workers as it is; user_properties would show in junit.xml too.
            report.migrate_validate = item.payload(trouble, failed=report.failed)  # type: ignore[attr-defined]
        return report

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show warned and unproven rules as what they are, and trouble of the tool as an error."""
        payload = getattr(report, "migrate_validate", {})
        if payload.get("trouble") and report.failed:
            return "error", "E", ("ERROR", {"red": True})
        result = payload.get("result")
        if result is None or report.failed:
            return None
        if result["verdict"] == Verdict.WARNED:
            return "warned", "w", ("WARNED", {"yellow": True})
        if result["verdict"] == Verdict.UNPROVEN:
            return "unproven", "u", ("UNPROVEN", {"yellow": True})
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what an item reported, and give pytest a line of what failed before others look at the report."""
        payload = getattr(report, "migrate_validate", None)
        if payload is None:
            return
        self.run.record(payload)
        if report.failed and "result" in payload and isinstance(report.longrepr, str):
            report.longrepr = Told(report.longrepr, Crash(headline(payload["result"])))  # type: ignore[assignment]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn trouble into an exit status of its own, and write the report files."""
        if self.run.trouble and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            session.exitstatus = TROUBLE
        if not hasattr(session.config, "workerinput") and not session.config.getoption("collectonly"):
            self.run.write_reports()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the tables."""
        if not self.run.config.getoption("collectonly"):
            self.run.summarize(terminalreporter)
