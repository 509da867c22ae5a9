"""How `kubectl connect` ends, told by its exit code."""

from enum import IntEnum


class Exit(IntEnum):
    """Of a run that was waited for: DONE to STOPPED, and WAITING; the others are the command's own."""

    DONE = 0
    FAULT = 1
    USAGE = 2
    BLOCKED = 3
    FAILED = 4
    STOPPED = 5
    WAITING = 6
    FORBIDDEN = 7
    NOT_FOUND = 8
    UNREACHABLE = 9
    REFUSED = 10
    UNWELL = 11
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """What it says, for the help and the docs."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.DONE: "done; of a run: it ended well",
    Exit.FAULT: "a fault in the command; or you have said no",
    Exit.USAGE: "wrong usage, or a kubeconfig that cannot be used",
    Exit.BLOCKED: "the run was blocked: by warnings, the safety gate, the office's lock or a suspension",
    Exit.FAILED: "the run failed",
    Exit.STOPPED: "the run was stopped before its end, or cancelled",
    Exit.WAITING: "the time to wait was over; the run goes on",
    Exit.FORBIDDEN: "you may not do that here, or the cluster does not know you",
    Exit.NOT_FOUND: "there is no such ConnectJob, run or plan",
    Exit.UNREACHABLE: "the API server does not answer",
    Exit.REFUSED: "the API server does not accept it, or it was changed meanwhile",
    Exit.UNWELL: "doctor has found something",
    Exit.INTERRUPTED: "you have ended the waiting; the run goes on",
}
