"""The worker's errors: every one says what is wrong, where, and what to do, and knows its exit code.

ConnectError
├── ConfigurationError              2  wrong or missing configuration; every fault at once
│   └── LoginRefusedError           2  the other side refused the account or its certificate
├── BlockedError
│   ├── BlockedByWarningsError      3
│   ├── BlockedBySafetyGateError    4
│   └── IncompleteReadError         4  the directory's answer may be half a picture
├── LockHeldError                   5
├── ChangesFailedError              6
├── ConnectionFailedError           7  nobody answers, or the connection broke
├── TimedOutError                   8
├── StoppedError                    9
└── LockedByOfficeError            10
"""

from typing import ClassVar

from connect_protocol.exit_codes import ExitCode


class ConnectError(Exception):
    """Base of all errors that end a run in order. `reason` is the CamelCase word shown to on-call."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAULT
    reason: str = "Fault"

    def __init__(self, what: str, *, todo: str = "", reason: str = "") -> None:
        """`what` was wrong and where, `todo` is what to do about it. Neither may hold a secret."""
        super().__init__(what)
        self.what = what
        self.todo = todo
        if reason:
            self.reason = reason

    def __str__(self) -> str:
        return f"{self.what}. {self.todo}" if self.todo else self.what


class ConfigurationError(ConnectError):
    """Configuration that cannot be used; `faults` lists every one that was found."""

    exit_code = ExitCode.CONFIGURATION
    reason = "ConfigurationInvalid"

    def __init__(self, *faults: str, todo: str = "", reason: str = "") -> None:
        super().__init__("\n".join(faults), todo=todo, reason=reason)
        self.faults = faults


class LoginRefusedError(ConfigurationError):
    """Database, directory or relay refused who we are, or its certificate does not verify: no retry will cure it."""

    reason = "LoginRefused"


class BlockedError(ConnectError):
    """The run stopped before its first write to the directory, on purpose."""


class BlockedByWarningsError(BlockedError):
    """A warning on any user or group blocks the sync of everything (manual, «Warnungen»)."""

    exit_code = ExitCode.BLOCKED_BY_WARNINGS
    reason = "BlockedByWarnings"


class BlockedBySafetyGateError(BlockedError):
    """The plan exceeds a limit of the safety gate; a person can approve the `checksum`, where there is one."""

    exit_code = ExitCode.BLOCKED_BY_SAFETY_GATE
    reason = "BlockedBySafetyGate"

    def __init__(self, what: str, *, todo: str = "", reason: str = "", checksum: str | None = None) -> None:
        super().__init__(what, todo=todo, reason=reason)
        self.checksum = checksum


class IncompleteReadError(BlockedError):
    """What was read from the directory may be incomplete: nothing is planned on half a picture."""

    exit_code = ExitCode.BLOCKED_BY_SAFETY_GATE
    reason = "DirectoryReadIncomplete"


class LockHeldError(ConnectError):
    """Another run works on the same database."""

    exit_code = ExitCode.LOCK_HELD
    reason = "AnotherRunHoldsTheLock"


class ChangesFailedError(ConnectError):
    """Some changes were refused by the directory; the others were made."""

    exit_code = ExitCode.CHANGES_FAILED
    reason = "ChangesFailed"


class ConnectionFailedError(ConnectError):
    """A server could not be reached, or the connection to it broke."""

    exit_code = ExitCode.CONNECTION_FAILED
    reason = "ConnectionFailed"


class TimedOutError(ConnectError):
    """The run's own time limit was reached; what was under way was finished and written back."""

    exit_code = ExitCode.TIMED_OUT
    reason = "DeadlineExceeded"


class StoppedError(ConnectError):
    """SIGTERM or SIGINT before the run's own limit; what was under way was finished and written back."""

    exit_code = ExitCode.STOPPED_BY_SIGNAL
    reason = "Stopped"


class LockedByOfficeError(ConnectError):
    """The school office has suspended the sync (gesperrt)."""

    exit_code = ExitCode.LOCKED_BY_OFFICE
    reason = "Locked"
