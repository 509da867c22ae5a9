"""A pytest plugin for `make test` (`-p scripts.whole_run --counts FILE`): a run that left out a test has failed.

FILE gets the counts as JSON: {"passed": 12, "failed": 0, "left out": 0}.
"""

import json
from collections.abc import Mapping, Sized
from pathlib import Path

import pytest

FAILED = ("failed", "error")
LEFT_OUT = ("skipped", "xfailed", "xpassed", "deselected")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Ask where the counts go."""
    parser.addoption("--counts", type=Path, required=True, help="write the counts of the run to this file")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the counts; fail the session if a test was left out."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    counts = count(reporter.stats)
    session.config.getoption("--counts").write_text(json.dumps(counts))
    if counts["left out"]:
        reporter.write_line(f"\n{counts['left out']} tests left out: the project's own run leaves out none", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def count(stats: Mapping[str, Sized]) -> dict[str, int]:
    """Pytest's statistics by outcome, in the three numbers that matter here."""
    return {
        "passed": len(stats.get("passed", ())),
        "failed": sum(len(stats.get(outcome, ())) for outcome in FAILED),
        "left out": sum(len(stats.get(outcome, ())) for outcome in LEFT_OUT),
    }
