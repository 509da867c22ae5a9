"""The operator's errors: every one says what is wrong, where, and what to do.

OperatorError
├── SettingsError         the environment cannot be used; every fault at once
├── WatchLostError        what happens on the API server is not heard any more
├── RelayUnknownError     the relay's admin endpoint does not say which bridges are there
└── KubernetesError       the API server did not do what was asked
    ├── UnreachableError  it did not answer, or not in time, or not now
    ├── LoginError        it does not know who asks
    ├── ForbiddenError    whoever asks lacks a right, or admission (a quota, a policy) forbids it
    │   └── UnjudgedError an admission webhook that must be asked does not answer
    ├── NotFoundError     the object is not there (any more)
    ├── ConflictError     the object is another than the one that was looked at: look again
    └── RefusedError      the object is not valid; the message is the server's own
"""


class OperatorError(Exception):
    """Base of all errors that the operator raises itself."""

    def __init__(self, what: str, *, todo: str = "") -> None:
        """`what` was wrong and where, `todo` is what to do about it. Neither may hold a secret."""
        super().__init__(what)
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what}. {self.todo}" if self.todo else self.what


class SettingsError(OperatorError):
    """Settings that cannot be used; `faults` lists every one that was found."""

    def __init__(self, *faults: str, todo: str = "") -> None:
        super().__init__("; ".join(faults), todo=todo)
        self.faults = faults


class WatchLostError(OperatorError):
    """What happens on the API server is not heard any more."""


class RelayUnknownError(OperatorError):
    """The relay's admin endpoint does not say which bridges are there."""


class KubernetesError(OperatorError):
    """The API server did not do what was asked."""


class UnreachableError(KubernetesError):
    """The API server did not answer, or not in time, or said that it cannot now."""


class LoginError(KubernetesError):
    """The API server does not know who asks: the credentials are missing, wrong, or have expired."""


class ForbiddenError(KubernetesError):
    """Whoever asks lacks a right, or admission (a quota, a policy, a webhook) forbids it."""


class UnjudgedError(ForbiddenError):
    """An admission webhook that must be asked does not answer: nobody may do it until it is back, or taken away."""


class NotFoundError(KubernetesError):
    """The object, or its kind, is not there."""


class ConflictError(KubernetesError):
    """The object changed meanwhile, is another one of the same name, or is there already."""


class RefusedError(KubernetesError):
    """The API server does not accept the object as it is; the message is the server's own."""
