"""How a run of the worker ends, told by its exit code; the operator's pod failure policy rests on these numbers."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit code of `connect-worker`. Only CONNECTION_FAILED and STOPPED_BY_SIGNAL are worth another try at once."""

    DONE = 0
    FAULT = 1
    CONFIGURATION = 2
    BLOCKED_BY_WARNINGS = 3
    BLOCKED_BY_SAFETY_GATE = 4
    LOCK_HELD = 5
    CHANGES_FAILED = 6
    CONNECTION_FAILED = 7
    TIMED_OUT = 8
    STOPPED_BY_SIGNAL = 9
    LOCKED_BY_OFFICE = 10

    @property
    def retried(self) -> bool:
        """Whether the same run, started again at once, may end better."""
        return self in {ExitCode.CONNECTION_FAILED, ExitCode.STOPPED_BY_SIGNAL}
