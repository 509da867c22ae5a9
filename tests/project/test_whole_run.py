"""`make test` fails when a test was left out, which pytest by itself takes for a success."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run_tests import Stage, table
from tests.support.repository import ROOT

PASSES = "def test_passes():\n    assert True\n"
SKIPS = "import pytest\n@pytest.mark.sk" + "ip\ndef test_left_out():\n    assert True\n"
XFAILS = "import pytest\n@pytest.mark.xf" + "ail\ndef test_left_out():\n    assert False\n"
CRASHES = "import os\ndef test_crashes():\n    os._exit(3)\n"

in_one_process_and_in_several = pytest.mark.parametrize(
    "processes", [[], ["--numprocesses=2", "--max-worker-restart=0"]], ids=["one process", "two processes"]
)


def run_pytest(folder: Path, tests: str, *options: str) -> tuple[int, dict[str, int]]:
    """Run a file of tests under the plugin; the exit code and the counts."""
    (folder / "test_sample.py").write_text(tests)
    counts = folder / "counts.json"
    command = [sys.executable, "-m", "pytest", "-p", "scripts.whole_run", f"--counts={counts}"]
    isolation = ["-c", "/dev/null", f"--rootdir={folder}", "-p", "no:cacheprovider", "-p", "xdist"]
    arguments = [*command, *isolation, *options, str(folder)]
    # Other plugins would only take time, as often as a process starts.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=150)
    return ended.returncode, json.loads(counts.read_text())


@in_one_process_and_in_several
def test_a_run_in_which_every_test_passes_is_a_success(tmp_path: Path, processes: list[str]) -> None:
    """The counts come from pytest itself."""
    assert run_pytest(tmp_path, PASSES, *processes) == (0, {"passed": 1, "failed": 0, "left out": 0})


@in_one_process_and_in_several
@pytest.mark.parametrize(
    ("tests", "options"),
    [
        pytest.param(PASSES + SKIPS, [], id="skipped"),
        pytest.param(PASSES + XFAILS, [], id="expected to fail"),
        pytest.param(PASSES + "def test_left_out():\n    assert True\n", ["-k", "passes"], id="deselected"),
    ],
)
def test_a_run_that_left_out_a_test_has_failed(
    tmp_path: Path, tests: str, options: list[str], processes: list[str]
) -> None:
    """Though all that ran has passed."""
    assert run_pytest(tmp_path, tests, *options, *processes) == (1, {"passed": 1, "failed": 0, "left out": 1})


@in_one_process_and_in_several
def test_a_run_without_a_test_has_failed(tmp_path: Path, processes: list[str]) -> None:
    """Pytest's own exit code for it is 5."""
    assert run_pytest(tmp_path, "", *processes) == (5, {"passed": 0, "failed": 0, "left out": 0})


@in_one_process_and_in_several
def test_an_error_in_a_fixture_counts_as_a_failure(tmp_path: Path, processes: list[str]) -> None:
    """An error is no less than a failure."""
    broken = "import pytest\n@pytest.fixture\ndef f():\n    raise ValueError\ndef test_x(f):\n    assert True\n"
    assert run_pytest(tmp_path, broken, *processes) == (1, {"passed": 0, "failed": 1, "left out": 0})


@in_one_process_and_in_several
def test_a_file_that_cannot_be_read_counts_as_a_failure(tmp_path: Path, processes: list[str]) -> None:
    """Its tests are left out, and nobody knows how many they are."""
    exit_code, counts = run_pytest(tmp_path, "def test_x(:\n", *processes)
    assert (exit_code != 0, counts["failed"]) == (True, 1)


def test_a_process_that_ends_amid_a_test_counts_as_a_failure(tmp_path: Path) -> None:
    """It is not started again: the rest of the tests would hide the crash."""
    exit_code, counts = run_pytest(tmp_path, CRASHES + PASSES, "--numprocesses=2", "--max-worker-restart=0")
    assert (exit_code != 0, counts["failed"]) == (True, 1)


def test_the_table_names_each_stage_its_time_and_its_result() -> None:
    """A failed check counts as one failure, since it has no tests to count."""
    check = Stage(name="check", seconds=12.34, exit_code=1)
    unit = Stage(name="unit", seconds=3.0, exit_code=0, passed=120)
    project = Stage(name="project", seconds=1.0, exit_code=1, passed=20, failed=2)
    assert [line.split() for line in table([check, unit, project]).splitlines()[2:]] == [
        ["check", "12.3", "s", "FAILED"],
        ["unit", "3.0", "s", "120", "passed"],
        ["project", "1.0", "s", "FAILED", "(2", "failed,", "20", "passed)"],
        ["together", "16.3", "s"],
    ]
    assert [stage.faults for stage in (check, unit, project)] == [1, 0, 2]
