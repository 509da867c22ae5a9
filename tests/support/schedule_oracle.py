"""Kubernetes' own cron library, in a small Go program: what Connect's schedules are compared with."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from tests.support.repository import ROOT

SOURCE = ROOT / "tests" / "oracle" / "schedule"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """The next runs of an expression in a zone after a moment (UTC)."""

    expression: str
    zone: str
    moment: datetime
    runs: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The runs found, in UTC; or why the expression is refused."""

    runs: tuple[datetime, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleOracle:
    """The built program. It reads the time zones of the tzdata package, as the operator does."""

    program: Path

    def ask(self, questions: Iterable[Question]) -> list[Answer]:
        """One answer for each question, in order."""
        lines = (f"{q.expression}\t{q.zone}\t{int(q.moment.timestamp())}\t{q.runs}\n" for q in questions)
        told = subprocess.run(
            [self.program],
            input="".join(lines),
            env={"ZONEINFO": str(files("tzdata") / "zoneinfo")},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return [_answer(line) for line in told.stdout.splitlines()]


@pytest.fixture(scope="session")
def schedule_oracle(tmp_path_factory: pytest.TempPathFactory) -> ScheduleOracle:
    """Built once; Go keeps what it compiled in its own cache."""
    program = tmp_path_factory.mktemp("oracle") / "schedule-oracle"
    command = ["go", "build", "-buildvcs=false", "-o", str(program), "."]
    built = subprocess.run(
        command,
        cwd=SOURCE,
        env={**os.environ, "GOWORK": "off"},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert built.returncode == 0, built.stderr
    return ScheduleOracle(program=program)


def _answer(line: str) -> Answer:
    if line.startswith("refused "):
        return Answer(refusal=line.removeprefix("refused "))
    return Answer(runs=tuple(datetime.fromtimestamp(int(seconds), UTC) for seconds in line.split()))
