"""The directory simulator's listener: LDAP and LDAPS on loopback, and nowhere else."""

import asyncio
import ipaddress
import ssl
from types import TracebackType
from typing import Self

from connect_worker.errors import ConfigurationError
from connect_worker.simulator import responses
from connect_worker.simulator.ber import MalformedError, message_size
from connect_worker.simulator.controls import START_TLS
from connect_worker.simulator.faults import (
    CutPage,
    Delay,
    DropAfter,
    DropBefore,
    FaultPlan,
    Hold,
    LimitSize,
    Refer,
    Refuse,
)
from connect_worker.simulator.messages import ExtendedRequest, Message, UnbindRequest, read_message
from connect_worker.simulator.responses import ResponseTag
from connect_worker.simulator.results import Refusal, ResultCode
from connect_worker.simulator.rights import Rights
from connect_worker.simulator.session import Session, refuse
from connect_worker.simulator.tree import Tree

_LARGEST_MESSAGE = 10 * 1024 * 1024
_HANDSHAKE_SECONDS = 10
_LOOK_EVERY_SECONDS = 0.02
_DISCONNECTION = "1.3.6.1.4.1.1466.20036"


class DroppedError(Exception):
    """A planned fault breaks the connection."""


class Simulator:
    """A directory that answers LDAP; an async context manager that listens while it is open.

    Every port may be 0: then the system chooses one. Without `tls` there is neither LDAPS nor StartTLS.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        faults: FaultPlan | None = None,
        tls: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
        port: int = 0,
        tls_port: int = 0,
    ) -> None:
        """Raises ConfigurationError for an address that is not loopback."""
        _require_loopback(address)
        self.tree = tree
        self.rights = Rights(tree)
        self.faults = faults or FaultPlan()
        self._tls = tls
        self._address = address
        self._ports = (port, tls_port)
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """ldap://…, of a simulator that is open."""
        return f"ldap://{self._address}:{_port(self._servers[0])}"

    @property
    def tls_url(self) -> str:
        """ldaps://…, of one that is open and has a certificate."""
        return f"ldaps://{self._address}:{_port(self._servers[1])}"

    @property
    def catalog_url(self) -> str:
        """ldaps://… of its global catalog, of one that is open and has a certificate."""
        return f"ldaps://{self._address}:{_port(self._servers[2])}"

    async def __aenter__(self) -> Self:
        plain, secure = self._ports
        self._servers.append(await asyncio.start_server(self._serve_plain, self._address, plain))
        if self._tls is not None:
            self._servers.append(await asyncio.start_server(self._serve_tls, self._address, secure, ssl=self._tls))
            self._servers.append(await asyncio.start_server(self._serve_catalog, self._address, 0, ssl=self._tls))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()

    async def _serve_plain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, writer, Session(self.tree, self.rights, secure=False))

    async def _serve_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, writer, Session(self.tree, self.rights, secure=True))

    async def _serve_catalog(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, writer, Session(self.tree, self.rights, secure=True, catalog=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session) -> None:
        """Answer the requests of one connection in their order, also those that are sent before the last answer."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while (message := await _next_message(reader)) is not None:
                if isinstance(message.request, UnbindRequest):
                    break
                await self._answer(message, session, writer)
        except MalformedError as error:
            writer.write(_notice_of_disconnection(str(error)))
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client went away: its own affair
        except DroppedError:
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, message: Message, session: Session, writer: asyncio.StreamWriter) -> None:
        answer = await self._perform(message, session)
        if isinstance(message.request, ExtendedRequest) and message.request.oid == START_TLS:
            await self._start_tls(message, answer, session, writer)
        else:
            writer.write(answer)
            await writer.drain()

    async def _perform(self, message: Message, session: Session) -> bytes:
        match self.faults.next(message.request):
            case DropBefore():
                raise DroppedError
            case DropAfter():
                session.answer(message)
                raise DroppedError
            case Delay(seconds=seconds):
                await asyncio.sleep(seconds)
            case Hold() as hold:
                while self.faults.plans(hold):  # noqa: ASYNC110 - it is cleared from outside, also by another thread
                    await asyncio.sleep(_LOOK_EVERY_SECONDS)
            case Refuse(code=code, message=text):
                return refuse(message, Refusal(code, text))
            case CutPage() | LimitSize() | Refer() as action:
                return session.answer(message, action.spoil)
        return session.answer(message)

    async def _start_tls(self, message: Message, agreed: bytes, session: Session, writer: asyncio.StreamWriter) -> None:
        if self._tls is None or session.secure:
            refusal = Refusal(
                ResultCode.UNAVAILABLE if self._tls is None else ResultCode.OPERATIONS_ERROR,
                "00000000: LdapErr: DSID-0C0912FA, comment: Error initializing SSL/TLS, data 0, v4563",
            )
            writer.write(refuse(message, refusal))
            await writer.drain()
            return
        writer.write(agreed)
        await writer.start_tls(self._tls, ssl_handshake_timeout=_HANDSHAKE_SECONDS)
        session.secure = True


async def _next_message(reader: asyncio.StreamReader) -> Message | None:
    """The next request, None when the client has closed. Raises MalformedError, also for one that is too large."""
    try:
        header = await reader.readexactly(2)
    except asyncio.IncompleteReadError:
        return None
    while (size := message_size(header)) is None:
        header += await reader.readexactly(1)
    if size > _LARGEST_MESSAGE:
        raise MalformedError(f"a message of {size} bytes is too large")
    return read_message(header + await reader.readexactly(size - len(header)))


def _notice_of_disconnection(reason: str) -> bytes:
    name = responses.extension_name(_DISCONNECTION)
    return responses.result(0, ResponseTag.EXTENDED, ResultCode.PROTOCOL_ERROR, reason, extension=name)


def _port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


def _require_loopback(address: str) -> None:
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(
            f"the directory simulator would listen on {address}",
            todo="It is no product and answers on loopback only: give it 127.0.0.1 or another 127.x.y.z.",
        )
