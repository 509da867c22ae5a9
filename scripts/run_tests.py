"""`make test`: set-up, checks and every test, stage by stage; at the end a table of times and the total.

A set-up that fails ends the run. After it every stage runs, whatever the others found, so that one run shows all there
is to mend. The run fails if any stage failed, if a test was left out (skipped, expected to fail, deselected), or if
there was none. The last line is `N passed, N failed`, in which a failed check counts as one.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(ROOT / ".venv" / "bin" / "python")

SUDO = ("sudo", "-n", "env", "PYTHONDONTWRITEBYTECODE=1", "PYTEST_ADDOPTS=-p no:cacheprovider")
BECOME_ROOT = SUDO if os.geteuid() != 0 else ()
SET_UP = {
    "Debian packages": ["scripts/debian-packages"],
    "environment": ["make", "--silent", ".venv/.development"],
    # Both are kept in root's cache, where the tests look for them.
    "Kubernetes": [*BECOME_ROOT, PYTHON, "-m", "tests.cluster", "build"],
    "images": [*BECOME_ROOT, PYTHON, "-m", "tests.cluster.images"],
}
CHECKS = {"check": ["make", "--silent", "check"]}
TEST_FOLDERS = ("unit", "contract", "integration", "acceptance", "e2e", "project")
# Samba serves on ports below 1024 and owns its files; a cluster needs namespaces. What starts them runs as root, and
# leaves nothing of root's here.
AS_ROOT = ("contract", "integration", "acceptance", "e2e")
# Each process has servers and clusters of its own, so that tests disturb each other no more than one after the other.
SIDE_BY_SIDE = ("--numprocesses=auto", "--maxprocesses=4", "--max-worker-restart=0")
# One that has done its share takes from the end of another's.
SHARED_OUT = ("--dist=worksteal",)
# What shares an installation stays together (tests/e2e/conftest.py); the longest stands first.
SHARED_OUT_WHOLE = ("--dist=loadscope", "--no-loadscope-reorder")
WITH_INSTALLATIONS = ("e2e",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What became of one stage."""

    name: str
    seconds: float
    exit_code: int
    passed: int = 0
    failed: int = 0

    @property
    def faults(self) -> int:
        """Failed tests; at least one if the stage itself failed."""
        return max(self.failed, int(self.exit_code != 0))

    @property
    def result(self) -> str:
        """The stage in the table's last column."""
        if self.exit_code:
            return f"FAILED ({self.failed} failed, {self.passed} passed)" if self.failed + self.passed else "FAILED"
        return f"{self.passed} passed" if self.passed else "ok"


def main() -> int:
    """Run everything and print the table; 0 if all is well."""
    stages = list(run_stages())
    print(table(stages))
    passed, failed = sum(stage.passed for stage in stages), sum(stage.faults for stage in stages)
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return int(failed > 0 or passed == 0)


def run_stages() -> Iterator[Stage]:
    """Each stage as it ends; none after a set-up that failed."""
    for name, command in SET_UP.items():
        stage = run(name, command)
        yield stage
        if stage.exit_code:
            return
    for name, command in CHECKS.items():
        yield run(name, command)
    for folder in TEST_FOLDERS:
        if any((ROOT / "tests" / folder).rglob("test_*.py")):
            yield run_tests(folder)


def run(name: str, command: list[str]) -> Stage:
    """Run one command from the repository's root, its output passing through."""
    print(f"\n=== {name}", flush=True)
    start = time.monotonic()
    # Options from outside could leave tests out; they are for a developer's own pytest.
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False)
    return Stage(name=name, seconds=time.monotonic() - start, exit_code=ended.returncode)


def run_tests(folder: str) -> Stage:
    """Run one folder of tests in a pytest of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        counts = Path(temporary) / "counts.json"
        options = ["-p", "scripts.whole_run", f"--counts={counts}", "--durations=5", "--durations-min=1"]
        processes = (*SIDE_BY_SIDE, *(SHARED_OUT_WHOLE if folder in WITH_INSTALLATIONS else SHARED_OUT))
        become = BECOME_ROOT if folder in AS_ROOT else ()
        stage = run(folder, [*become, PYTHON, "-m", "pytest", *options, *processes, f"tests/{folder}"])
        found = json.loads(counts.read_text()) if counts.exists() else {"passed": 0, "failed": 0}
    return Stage(
        name=folder,
        seconds=stage.seconds,
        exit_code=stage.exit_code,
        passed=found["passed"],
        failed=found["failed"],
    )


def table(stages: list[Stage]) -> str:
    """The stages with their times, as a person reads them."""
    rows = [f"{stage.name:<16}{stage.seconds:>8.1f} s  {stage.result}" for stage in stages]
    total = sum(stage.seconds for stage in stages)
    return "\n".join(["\n=== stages", *rows, f"{'together':<16}{total:>8.1f} s"])


if __name__ == "__main__":
    sys.exit(main())
