"""The port to a directory: what the sync stage needs of Active Directory, and later of Entra ID."""

from collections.abc import Callable, Collection, Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self

from connect_worker.model.change import Change
from connect_worker.model.directory import PasswordChange, Remains, Snapshot, TakenName
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.outcome import Outcome
from connect_worker.model.secret import Secret

Passwords = Callable[[AccountKey], Secret]
"""Opens one account's stored initial password, when it is needed and not before."""
Stopped = Callable[[], bool]
"""Whether the run should stop: asked before each request; what is under way is finished."""


class Directory(Protocol):
    """A directory that Connect keeps. Used as an async context manager: entering connects and signs in.

    Raises ConnectionFailedError, LoginRefusedError, IncompleteReadError.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def signed_in_as(self) -> str:
        """The name of the account that was let in, as it was given."""

    async def read(self, bases: Sequence[str], extensions: Collection[int] = ()) -> Snapshot:
        """Read everything below `bases` (DNs, none inside another), or raise: never half a picture.

        `extensions`: which of the extension attributes are of interest. Raises ConfigurationError for one that the
        directory's schema does not have.
        """

    async def read_password_changes(self, bases: Sequence[str]) -> dict[Guid, PasswordChange]:
        """Whether each of the users below `bases` may change his own password: dear, and not needed by most."""

    async def read_taken_names(self) -> tuple[TakenName, ...]:
        """Read the names of all users, groups, contacts and computers of the whole domain."""

    async def locate(self, guids: Iterable[Guid]) -> dict[Guid, str]:
        """Where these objects are now, wherever in the domain: guid → DN; deleted ones are left out."""

    async def find_deleted(self, guids: Iterable[Guid]) -> dict[Guid, Remains]:
        """What is left of these deleted objects; nothing of those that the account may not see, or that are no more."""

    async def apply(self, changes: Sequence[Change], *, passwords: Passwords, stopped: Stopped) -> tuple[Outcome, ...]:
        """Make changes that do not depend on each other (one wave), many at a time; one outcome each, in order."""
