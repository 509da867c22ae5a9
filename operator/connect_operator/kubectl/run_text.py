"""A run on request in words: how far it is, how it ended, and with which code that ends a command."""

from collections.abc import Iterator

from connect_operator.core.run_status import Outcome, Request, RunPhase, RunStatus
from connect_operator.core.status import Result
from connect_operator.core.summary import changes
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.table import Colour, Style, printable

_CODES = {
    Result.DONE: Exit.DONE,
    Result.BLOCKED: Exit.BLOCKED,
    Result.FAILED: Exit.FAILED,
    Result.STOPPED: Exit.STOPPED,
}
_COLOURS = {Exit.DONE: Colour.GOOD, Exit.FAILED: Colour.BAD}


def progress(status: RunStatus, stage: str) -> str:
    """One line, the same as long as nothing has changed."""
    if status.phase is None:
        return "waits for the operator; if that lasts, see kubectl connect doctor"
    if status.phase is RunPhase.QUEUED:
        return f"Queued, number {status.position}" if status.position else "Queued"
    return f"{status.phase.value}: {stage}" if stage and status.phase is RunPhase.RUNNING else status.phase.value


def ending(request: Request, style: Style) -> Iterator[str]:
    """How it ended, what it did, and what to do."""
    outcome = request.status.outcome
    if outcome is None:
        yield f"{request.run.name} has ended, and nobody can say how"
        return
    word = outcome.result.value if outcome.result is not None else RunPhase.CANCELLED.value
    yield style.paint(f"{word}, {outcome.reason}", _COLOURS.get(exit_of(request.status), Colour.WARNING))
    if outcome.reported:
        yield f"Changes {changes(outcome.changes)}, warnings {_warnings(outcome)}"
    for text in (outcome.message, outcome.todo):
        if text:
            yield printable(text)


def exit_of(status: RunStatus) -> Exit:
    """The code for a run that is over."""
    if status.outcome is None or status.outcome.result is None:
        return Exit.STOPPED
    return _CODES[status.outcome.result]


def document(request: Request) -> dict[str, object]:
    """For machines."""
    status, outcome = request.status, request.status.outcome
    return {
        "name": request.run.name,
        "connectJob": request.run.connect_job,
        "mode": request.run.mode.value,
        "phase": status.phase.value if status.phase else "",
        "job": status.job_name,
        "result": outcome.result.value if outcome is not None and outcome.result is not None else "",
        "reason": outcome.reason if outcome is not None else "",
        "message": outcome.message if outcome is not None else "",
        "todo": outcome.todo if outcome is not None else "",
        "planChecksum": outcome.plan_checksum if outcome is not None else "",
    }


def _warnings(outcome: Outcome) -> int:
    return sum(row.count for row in (*outcome.user_warnings, *outcome.group_warnings))
