"""A run on request in words."""

from datetime import timedelta

import pytest

from connect_operator.core.connect_run import ConnectRun
from connect_operator.core.run_status import Outcome, Request, RunPhase, RunStatus
from connect_operator.core.spec import Mode
from connect_operator.core.status import Result
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.run_text import document, ending, exit_of, progress
from connect_operator.kubectl.table import Style
from connect_protocol.counts import ChangeCount
from tests.support.connect_jobs import NOW

RUN = ConnectRun(
    namespace="connect",
    name="musterwil-x7k2p",
    uid="uid",
    generation=1,
    created=NOW - timedelta(minutes=1),
    connect_job="musterwil",
    mode=Mode.SYNC,
)


def over(result: Result | None, reason: str, **more: object) -> RunStatus:
    phase = RunPhase.FINISHED if result is not None else RunPhase.CANCELLED
    return RunStatus(phase=phase, outcome=Outcome(result=result, reason=reason, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (RunStatus(), "waits for the operator; if that lasts, see kubectl connect doctor"),
        (RunStatus(phase=RunPhase.QUEUED, position=2), "Queued, number 2"),
        (RunStatus(phase=RunPhase.STARTING), "Starting"),
        (RunStatus(phase=RunPhase.RUNNING), "Running: apply 3/9"),
    ],
)
def test_how_far_it_is(status: RunStatus, told: str) -> None:
    assert progress(status, "apply 3/9") == told


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Result.DONE, Exit.DONE),
        (Result.BLOCKED, Exit.BLOCKED),
        (Result.FAILED, Exit.FAILED),
        (Result.STOPPED, Exit.STOPPED),
        (None, Exit.STOPPED),
    ],
)
def test_each_result_has_a_code(result: Result | None, code: Exit) -> None:
    assert exit_of(over(result, "x")) is code


def test_its_end_is_told_with_what_to_do() -> None:
    changes = (ChangeCount(kind="create_user", result="done", count=3),)
    status = over(Result.FAILED, "ChangesFailed", message="2 not made", todo="Look", reported=True, changes=changes)
    told = list(ending(Request(run=RUN, status=status), Style(coloured=False)))
    assert told == ["Failed, ChangesFailed", "Changes +3, warnings 0", "2 not made", "Look"]


def test_a_cancelled_run_says_so() -> None:
    request = Request(run=RUN, status=over(None, "Suspended", message="It is suspended"))
    assert list(ending(request, Style(coloured=False))) == ["Cancelled, Suspended", "It is suspended"]
    told = document(request)
    assert (told["name"], told["phase"], told["result"]) == ("musterwil-x7k2p", "Cancelled", "")
