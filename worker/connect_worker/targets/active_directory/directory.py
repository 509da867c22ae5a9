"""Active Directory as the sync stage uses it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from connect_worker.errors import ConnectionFailedError
from connect_worker.model.account import EXTENSION_NAMES
from connect_worker.model.change import Change
from connect_worker.model.directory import PasswordChange, Remains, Snapshot, TakenName
from connect_worker.model.ids import Guid
from connect_worker.model.outcome import Outcome, Result
from connect_worker.settings import DirectorySettings
from connect_worker.targets.active_directory.apply import Wave
from connect_worker.targets.active_directory.attributes import EXTENSIONS
from connect_worker.targets.active_directory.catalog import read_catalog
from connect_worker.targets.active_directory.channel import Channel
from connect_worker.targets.active_directory.connection import ANSWER_TIMEOUT_SECONDS, connect
from connect_worker.targets.active_directory.created import with_guids, without_guids
from connect_worker.targets.active_directory.facts import DirectoryFacts, base_facts, password_rules
from connect_worker.targets.active_directory.read import Reader
from connect_worker.targets.active_directory.refusals import words_of
from connect_worker.targets.active_directory.requests import Search
from connect_worker.targets.active_directory.schema import missing_attributes, require_attributes
from connect_worker.targets.active_directory.steps import Memory, steps_of
from connect_worker.targets.base import Passwords, Stopped

T = TypeVar("T")


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

    @property
    def signed_in_as(self) -> str:
        """See the port."""
        return self._settings.bind_dn

    async def read(self, bases: Sequence[str], extensions: Collection[int] = ()) -> Snapshot:
        """See the port."""
        wanted = _extension_names(extensions)

        def read(channel: Channel) -> Snapshot:
            require_attributes(channel, self._schema_dn, wanted)
            return Reader(channel, self._domain_dn).read(bases, self._memory, wanted)

        return await self._in_turn(read)

    async def read_password_changes(self, bases: Sequence[str]) -> dict[Guid, PasswordChange]:
        """See the port."""
        return await self._in_turn(lambda channel: Reader(channel, self._domain_dn).read_password_changes(bases))

    async def read_taken_names(self) -> tuple[TakenName, ...]:
        """See the port. In a forest the other domains' names are those of its global catalog."""
        own = await self._in_turn(lambda channel: Reader(channel, self._domain_dn).read_taken_names())
        if self._settings.global_catalog_url is None:
            return own
        others = await asyncio.to_thread(read_catalog, self._settings, self._domain_dn, self._answer_timeout)
        return (*own, *others)

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

    async def check(self, bases: Sequence[str], extensions: Collection[int]) -> DirectoryFacts:
        """What the account may do at the bases, and what the domain asks of passwords."""
        wanted = _extension_names(extensions)

        def check(channel: Channel) -> DirectoryFacts:
            return DirectoryFacts(
                signed_in_as=self.signed_in_as,
                domain_dn=self._domain_dn,
                bases=tuple(base_facts(channel, base) for base in bases),
                password_rules=password_rules(channel, self._domain_dn),
                missing_attributes=missing_attributes(channel, self._schema_dn, wanted),
            )

        return await self._in_turn(check)

    async def count_catalog(self) -> int | None:
        """How many names the forest's other domains hold; None: no global catalog is configured."""
        if self._settings.global_catalog_url is None:
            return None
        return len(await asyncio.to_thread(read_catalog, self._settings, self._domain_dn, self._answer_timeout))

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


def _extension_names(places: Collection[int]) -> list[str]:
    return [EXTENSIONS[name] for place, name in enumerate(EXTENSION_NAMES, start=1) if place in places]
