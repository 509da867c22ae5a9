"""A pytest plugin for `make test` (`-p scripts.whole_run --counts FILE`): a run that left out a test has failed.

FILE gets the counts as JSON: {"passed": 12, "failed": 0, "left out": 0}. With `--numprocesses` the tests run in other
processes, which report all but what they deselected: that comes as each of them ends, and is the same of all, since
each collects everything.
"""

import json
from collections.abc import Mapping, Sized
from pathlib import Path
from typing import Any

import pytest

FAILED = ("failed", "error")
LEFT_OUT = ("skipped", "xfailed", "xpassed", "deselected")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Ask where the counts go."""
    parser.addoption("--counts", type=Path, required=True, help="write the counts of the run to this file")


def pytest_configure(config: pytest.Config) -> None:
    """One judge in the process that was started; a witness in each that it starts."""
    config.pluginmanager.register(Witness() if hasattr(config, "workeroutput") else Judge())


class Witness:
    """In a process that runs a part of the tests."""

    def __init__(self) -> None:
        self._deselected = 0

    def pytest_deselected(self, items: Sized) -> None:
        """Several may deselect, one after the other."""
        self._deselected += len(items)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leave the number where pytest-xdist fetches it."""
        session.config.workeroutput["deselected"] = self._deselected  # type: ignore[attr-defined]


class Judge:
    """In the process that has all the results."""

    def __init__(self) -> None:
        self._deselected_elsewhere = 0

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A process has ended; one that crashed has told nothing, and is a failure anyway."""
        told = getattr(node, "workeroutput", {}).get("deselected", 0)
        self._deselected_elsewhere = max(self._deselected_elsewhere, told)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the counts; fail the session if a test was left out."""
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        counts = count(reporter.stats)
        counts["left out"] += self._deselected_elsewhere
        session.config.getoption("--counts").write_text(json.dumps(counts))
        if counts["left out"]:
            reporter.write_line(
                f"\n{counts['left out']} tests left out: the project's own run leaves out none", red=True
            )
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def count(stats: Mapping[str, Sized]) -> dict[str, int]:
    """Pytest's statistics by outcome, in the three numbers that matter here."""
    return {
        "passed": len(stats.get("passed", ())),
        "failed": sum(len(stats.get(outcome, ())) for outcome in FAILED),
        "left out": sum(len(stats.get(outcome, ())) for outcome in LEFT_OUT),
    }
