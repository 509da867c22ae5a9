"""Active Directory as the sync stage uses it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from connect_worker.errors import ConnectionFailedError
from connect_worker.model.account import EXTENSION_NAMES
from connect_worker.model.change import Change
from connect_worker.model.directory import PasswordChange, Remains, Snapshot, TakenName
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Outcome, Result
from connect_worker.settings import DirectorySettings
from connect_worker.targets.active_directory.answers import ResultCode
from connect_worker.targets.active_directory.apply import Wave
from connect_worker.targets.active_directory.attributes import EXTENSIONS
from connect_worker.targets.active_directory.channel import Channel
from connect_worker.targets.active_directory.connection import ANSWER_TIMEOUT_SECONDS, connect
from connect_worker.targets.active_directory.created import with_guids, without_guids
from connect_worker.targets.active_directory.read import Reader
from connect_worker.targets.active_directory.refusals import words_of
from connect_worker.targets.active_directory.requests import Search
from connect_worker.targets.active_directory.schema import require_attributes
from connect_worker.targets.active_directory.steps import Memory, steps_of
from connect_worker.targets.base import Passwords, Stopped

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseFacts:
    """What the account may do at one base; for `doctor`. All False where the base is not there."""

    dn: str
    exists: bool
    may_create_users: bool = False
    may_create_groups: bool = False
    may_create_units: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryFacts:
    """What `doctor` tells of a directory that answers and lets us in."""

    signed_in_as: str
    domain_dn: str
    bases: tuple[BaseFacts, ...]


class ActiveDirectory:
    """One domain, over one connection; implements `connect_worker.targets.base.Directory`.

    The methods may be called concurrently, and take turns.
    """

    def __init__(self, settings: DirectorySettings, *, answer_timeout: int = ANSWER_TIMEOUT_SECONDS) -> None:
        """A directory that gives no answer for so many seconds is taken for broken."""
        self._settings = settings
        self._answer_timeout = answer_timeout
        self._turn = asyncio.Lock()
        self._memory = Memory()
        self._channel: Channel | None = None
        self._broken: ConnectionFailedError | None = None
        self._domain_dn = ""
        self._schema_dn = ""

    async def __aenter__(self) -> Self:
        connection = await asyncio.to_thread(connect, self._settings, answer_timeout=self._answer_timeout)
        self._channel = Channel(connection)
        try:
            self._domain_dn, self._schema_dn = await self._ask_root("defaultNamingContext", "schemaNamingContext")
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    @property
    def domain_dn(self) -> str:
        """The domain's own DN, known once connected."""
        return self._domain_dn

    async def read(self, bases: Sequence[str], extensions: Collection[int] = ()) -> Snapshot:
        """See the port."""
        wanted = [EXTENSIONS[name] for place, name in enumerate(EXTENSION_NAMES, start=1) if place in extensions]

        def read(channel: Channel) -> Snapshot:
            require_attributes(channel, self._schema_dn, wanted)
            return Reader(channel, self._domain_dn).read(bases, self._memory, wanted)

        return await self._in_turn(read)

    async def read_password_changes(self, bases: Sequence[str]) -> dict[Guid, PasswordChange]:
        """See the port."""
        return await self._in_turn(lambda channel: Reader(channel, self._domain_dn).read_password_changes(bases))

    async def read_taken_names(self) -> tuple[TakenName, ...]:
        """See the port."""
        return await self._in_turn(lambda channel: Reader(channel, self._domain_dn).read_taken_names())

    async def locate(self, guids: Iterable[Guid]) -> dict[Guid, str]:
        """See the port."""
        return await self._in_turn(lambda channel: Reader(channel, self._domain_dn).locate(guids))

    async def find_deleted(self, guids: Iterable[Guid]) -> dict[Guid, Remains]:
        """See the port."""
        return await self._in_turn(lambda channel: Reader(channel, self._domain_dn).find_deleted(guids))

    async def apply(self, changes: Sequence[Change], *, passwords: Passwords, stopped: Stopped) -> tuple[Outcome, ...]:
        """See the port. Once the connection broke nothing is started any more; every outcome says why."""
        if self._broken:
            why = str(self._broken)
            return tuple(Outcome(change=change, result=Result.NOT_STARTED, message=why) for change in changes)

        def run(channel: Channel) -> tuple[Outcome, ...]:
            wave = Wave(channel, lambda change: steps_of(change, self._memory, passwords), stopped)
            outcomes = wave.run(changes)
            self._broken = wave.broken
            return self._with_guids(channel, outcomes)

        return await self._in_turn(run)

    def _with_guids(self, channel: Channel, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        if self._broken is None:
            try:
                return with_guids(Reader(channel, self._domain_dn), outcomes)
            except ConnectionFailedError as broken:
                self._broken = broken
        return without_guids(outcomes, str(self._broken))

    async def highest_usn(self) -> int:
        """The number of the domain controller's latest change: the same before and after means nothing was written."""
        (usn,) = await self._ask_root("highestCommittedUSN")
        return int(usn)

    async def check(self, bases: Sequence[str]) -> DirectoryFacts:
        """What the account may do at the bases."""
        facts = await self._in_turn(lambda channel: [_base_facts(channel, base) for base in bases])
        return DirectoryFacts(signed_in_as=self._settings.bind_dn, domain_dn=self._domain_dn, bases=tuple(facts))

    async def _ask_root(self, *attributes: str) -> list[str]:
        """Attributes of the directory itself (rootDSE)."""
        answer = await self._in_turn(lambda channel: channel.ask(Search(base="", attributes=attributes)))
        found = answer.entries[0].attributes if answer.entries else {}
        missing = [attribute for attribute in attributes if not found.get(attribute.lower())]
        if missing:
            raise ConnectionFailedError(
                f"the directory at {self._settings.url} does not tell its {missing[0]}: {words_of(answer)}",
                todo="Check that this is a domain controller of Active Directory",
                reason="DirectoryUnreachable",
            )
        return [found[attribute.lower()][0].decode() for attribute in attributes]

    async def _in_turn(self, work: Callable[[Channel], T]) -> T:
        async with self._turn:
            if self._channel is None:
                raise RuntimeError("the directory is used outside of its context")
            return await asyncio.to_thread(work, self._channel)

    async def _close(self) -> None:
        async with self._turn:
            if self._channel is not None:
                await asyncio.to_thread(self._channel.close)
                self._channel = None


def _base_facts(channel: Channel, base: str) -> BaseFacts:
    attribute = "allowedChildClassesEffective"
    answer = channel.ask(Search(base=base, attributes=(attribute,)))
    if answer.code == ResultCode.NO_SUCH_OBJECT or not answer.entries:
        return BaseFacts(dn=base, exists=False)
    allowed = {value.lower() for value in answer.entries[0].attributes.get(attribute.lower(), [])}
    return BaseFacts(
        dn=base,
        exists=True,
        may_create_users=b"user" in allowed,
        may_create_groups=b"group" in allowed,
        may_create_units=b"organizationalunit" in allowed,
    )
