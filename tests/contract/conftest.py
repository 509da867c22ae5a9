"""What the suites tell at the end: how much of them has held on which server."""

from collections.abc import Sequence

import pytest

from tests.contract.directory_server.differences import Difference

SUITES = ("directory_target", "directory_server")
SERVERS = ("simulator", "samba")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """From the reports alone: the tests may have run in other processes."""
    passed: Sequence[pytest.TestReport] = terminalreporter.stats.get("passed", ())
    for suite in SUITES:
        reports = [report for report in passed if f"/{suite}/" in report.nodeid]
        if reports:
            terminalreporter.write_line(f"{suite.replace('_', ' ')}: {_held(reports)}{_met(reports)}")


def _held(reports: Sequence[pytest.TestReport]) -> str:
    counts = {server: sum(f"[{server}" in report.nodeid for report in reports) for server in SERVERS}
    return ", ".join(f"{count} cases held on the {server}" for server, count in counts.items())


def _met(reports: Sequence[pytest.TestReport]) -> str:
    met = {value for report in reports for name, value in report.user_properties if name == "difference"}
    return f"; {len(met)} of {len(Difference)} differences met" if met else ""
