"""Errors of relay and bridge: each says what is wrong, where, and what to do, and knows its exit code.

RelayError
├── ConfigurationError     2  an option, a file or a certificate that cannot be used
├── AddressInUseError      7  the relay cannot listen where it should
└── UnreachableError       7  nobody answers there, or the proxy on the way does not let us through

RefusedError and AbortedError are not among them: they end one call, not the process.
"""

from typing import ClassVar

from connect_protocol.exit_codes import ExitCode
from connect_protocol.relay.frames import Reset, ResetCode


class RelayError(Exception):
    """Base of what ends a relay or a bridge."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAULT

    def __init__(self, what: str, *, todo: str = "") -> None:
        """`what` was wrong and where, `todo` is what to do about it."""
        super().__init__(what)
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what}. {self.todo}" if self.todo else self.what


class ConfigurationError(RelayError):
    """Options, files or certificates that cannot be used."""

    exit_code = ExitCode.CONFIGURATION


class AddressInUseError(RelayError):
    """Somebody else listens there, or nobody may."""

    exit_code = ExitCode.CONNECTION_FAILED


class UnreachableError(RelayError):
    """A way out that leads nowhere."""

    exit_code = ExitCode.CONNECTION_FAILED


class RefusedError(Exception):
    """An attempt that the relay or the bridge does not grant; its reset is what the other side is told."""

    def __init__(self, code: ResetCode, message: str) -> None:
        super().__init__(message)
        self.reset = Reset(code=code, message=message)


class AbortedError(Exception):
    """Ends a call with an error that its caller sees; `refused`: the certificate gives no right to it."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused
