"""The tunnel over gRPC: one bidirectional stream for each connection, on one channel with the worker's certificate."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

import grpc
import grpc.aio

from connect_protocol.relay.allocator import keep_freed
from connect_protocol.relay.credit import LARGEST_WINDOW
from connect_protocol.relay.ending import End
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_protocol.relay.frames import Dial, Frame, HalfClose, Opened, Reset, decode, encode
from connect_protocol.relay.pump import BUDGET, pump
from connect_protocol.relay.service import CONNECT, client_options, in_plain_words
from connect_worker.settings import GrpcRelay
from connect_worker.tunnel import failures
from connect_worker.tunnel.base import Obstacle, PassedOverError, Target
from connect_worker.tunnel.knock import knock
from connect_worker.tunnel.places import Place

keep_freed()

OPEN_SECONDS = 25
"""How long opening may take beside the wait for a bridge: 10 s to the relay, 10 s from bridge to target, and some."""
CLOSE_SECONDS = 5
CONNECT_SECONDS = 10
_OPTIONS = (
    # gRPC's name for the time that one attempt to connect may take.
    ("grpc.min_reconnect_backoff_ms", CONNECT_SECONDS * 1000),
    # The relay is in the same cluster, whatever HTTPS_PROXY says of the way to the internet.
    ("grpc.enable_http_proxy", 0),
)
_NO_WAIT = timedelta()
_REFUSED = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


class GrpcTunnel:
    """Implements `connect_worker.tunnel.base.Tunnel` through one relay. Used as an async context manager."""

    def __init__(self, settings: GrpcRelay, realm: str, place: Place) -> None:
        """For a worker of this realm; the relay refuses it if its certificate is another realm's."""
        self._settings = settings
        self._realm = realm
        self._place = place

    async def __aenter__(self) -> Self:
        settings = self._settings
        credentials = grpc.ssl_channel_credentials(
            root_certificates=settings.ca.encode(),
            private_key=settings.key.reveal().encode(),
            certificate_chain=settings.certificate.encode(),
        )
        heartbeat = client_options(settings.heartbeat.total_seconds())
        options = [*heartbeat, *_OPTIONS, ("grpc.ssl_target_name_override", self._place.server_name)]
        self._channel = grpc.aio.secure_channel(self._place.address, credentials, options=options)
        self._connect = self._channel.stream_stream(CONNECT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def reach(self, target: Target, *, wait: timedelta) -> None:
        """See the port."""
        async with self._opened(target, wait) as (stream, _):
            # It was there; how it takes a connection without a word is its own affair.
            with suppress(TimeoutError, StreamBrokenError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await stream.send(encode(HalfClose()))
                    await stream.end()
                    while await stream.receive() is not None:
                        pass

    async def carry(self, target: Target, connection: socket.socket) -> None:
        """See the port."""
        async with self._opened(target, _NO_WAIT) as (stream, window):
            ending = await pump(connection, stream, send_window=window, receive_window=stream.window)
        if ending.reset is None:
            return
        if ending.end is End.STREAM_BROKEN:
            raise failures.relay_unreachable(self._place.name, ending.reset.message)
        if ending.end is End.RESET_BY_PEER:
            raise failures.reset_error(ending.reset, target, self._place.name)

    @asynccontextmanager
    async def _opened(self, target: Target, wait: timedelta) -> AsyncIterator[tuple["_Stream", int]]:
        """A stream that leads to the target, and how many bytes may be sent at first."""
        stream = _Stream(self._connect())
        try:
            yield stream, await self._window(stream, target, wait)
        finally:
            stream.cancel()

    async def _window(self, stream: "_Stream", target: Target, wait: timedelta) -> int:
        limit = wait.total_seconds() + OPEN_SECONDS
        try:
            async with asyncio.timeout(limit):
                return await self._dial(stream, target, wait)
        except StreamBrokenError as broken:
            raise await self._kept_out(stream, broken) from broken
        except TimeoutError as late:
            raise self._unreachable(f"no answer within {limit:.0f} s") from late
        except ProtocolError as wrong:
            raise self._unreachable(f"it breaks the protocol: {wrong}") from wrong

    async def _dial(self, stream: "_Stream", target: Target, wait: timedelta) -> int:
        seconds = math.ceil(wait.total_seconds())
        window = stream.window.size
        await stream.send(encode(Dial(target=target, realm=self._realm, window=window, wait_seconds=seconds)))
        answer = await _answer(stream)
        match answer:
            case Opened():
                return _possible(answer.window)
            case Reset():
                raise failures.not_opened(answer, target, self._place.name)
            case _:
                raise ProtocolError("a dial was answered by neither Opened nor Reset")

    async def _kept_out(self, stream: "_Stream", broken: StreamBrokenError) -> PassedOverError:
        """What to tell of a relay that ended the stream without a word."""
        status = await stream.status()
        if status in _REFUSED:
            failure = failures.refused(f"the relay at {self._place.name} refuses this worker: {broken}")
            return PassedOverError(Obstacle.NOT_ADMITTED, failure)
        found = await knock(self._settings, self._place) if status is grpc.StatusCode.UNAVAILABLE else None
        return found or self._unreachable(str(broken))

    def _unreachable(self, why: str) -> PassedOverError:
        return PassedOverError(Obstacle.UNREACHABLE, failures.relay_unreachable(self._place.name, why))


async def _answer(stream: "_Stream") -> Frame | None:
    """The first frame that this version knows; None when the stream has ended before it."""
    while (message := await stream.receive()) is not None:
        if (frame := decode(message)) is not None:
            return frame
    return None


def _possible(window: int) -> int:
    if not 0 < window <= LARGEST_WINDOW:
        raise ProtocolError(f"it opens with a window of {window} bytes; 1 to {LARGEST_WINDOW} are allowed")
    return window


class _Stream:
    """A call as the pump's stream of frames."""

    def __init__(self, call: grpc.aio.StreamStreamCall) -> None:
        self._call = call
        self.window = BUDGET.open()

    async def receive(self) -> bytes | None:
        try:
            frame = await self._call.read()
        except (grpc.RpcError, grpc.aio.BaseError) as error:
            raise await self._broken() from error
        return None if frame is grpc.aio.EOF else bytes(frame)

    async def send(self, frame: bytes) -> None:
        try:
            await self._call.write(frame)
        except (grpc.RpcError, grpc.aio.BaseError, asyncio.InvalidStateError) as error:
            raise await self._broken() from error

    async def end(self) -> None:
        with suppress(grpc.RpcError, grpc.aio.BaseError, asyncio.InvalidStateError):
            await self._call.done_writing()

    async def status(self) -> grpc.StatusCode:
        """How the call ended."""
        return await self._call.code()

    def cancel(self) -> None:
        """Nothing more comes or goes."""
        self._call.cancel()
        self.window.close()

    async def _broken(self) -> StreamBrokenError:
        details = await self._call.details()
        return StreamBrokenError(in_plain_words(details) if details else str(await self._call.code()))
