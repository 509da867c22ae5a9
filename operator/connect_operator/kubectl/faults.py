"""What the API server would not do, in words that say what to do about it."""

from dataclasses import dataclass

from connect_operator.errors import (
    ConflictError,
    ForbiddenError,
    LoginError,
    NotFoundError,
    OperatorError,
    RefusedError,
    SettingsError,
    UnjudgedError,
    UnreachableError,
)
from connect_operator.kubectl.exits import Exit


class CommandError(OperatorError):
    """A command cannot do what was asked."""

    def __init__(self, what: str, *, todo: str, code: Exit) -> None:
        super().__init__(what, todo=todo)
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What went wrong, what to do about it, and with which code the command ends."""

    what: str
    todo: str
    code: Exit


def fault_of(error: OperatorError) -> Fault:
    """An error as a person reads it."""
    if isinstance(error, CommandError):
        return Fault(what=error.what, todo=error.todo, code=error.code)
    todo, code = next((told for kind, told in _TOLD.items() if isinstance(error, kind)), ("", Exit.FAULT))
    return Fault(what=error.what, todo=error.todo or todo, code=code)


_TOLD: dict[type[OperatorError], tuple[str, Exit]] = {
    SettingsError: ("Choose another with --kubeconfig, --context or KUBECONFIG", Exit.USAGE),
    LoginError: ("Sign in to the cluster again, then try kubectl auth whoami", Exit.FORBIDDEN),
    UnjudgedError: (
        "An admission webhook of the cluster is down: whoever runs it mends it, or takes its configuration away",
        Exit.REFUSED,
    ),
    ForbiddenError: (
        "Choose the right --namespace, or ask for a role there; kubectl connect doctor lists what you may do",
        Exit.FORBIDDEN,
    ),
    NotFoundError: (
        "Look with kubectl connect status, in the right --namespace; is Connect installed in this cluster?",
        Exit.NOT_FOUND,
    ),
    ConflictError: ("Somebody has changed it meanwhile, or it is there already: look, then try again", Exit.REFUSED),
    RefusedError: ("Correct what the message names", Exit.REFUSED),
    UnreachableError: ("Is it the right cluster? Try kubectl cluster-info; then VPN and network", Exit.UNREACHABLE),
}
