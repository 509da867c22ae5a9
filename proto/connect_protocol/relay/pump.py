"""The pump between a TCP connection and a stream of frames: what the worker's and the bridge's end have alike."""

import asyncio
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from connect_protocol.relay.credit import Budget, ReceiveWindow, SendCredit
from connect_protocol.relay.ending import BrokenError, End, Ending
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_protocol.relay.frames import LARGEST_DATA, Credit, Data, Frame, HalfClose, Reset, ResetCode, decode, encode
from connect_protocol.relay.gathering import Gathering
from connect_protocol.relay.inbox import Inbox
from connect_protocol.relay.tcp import end_on_close, prepare
from connect_protocol.relay.tcp_end import TcpEnd

BUDGET = Budget(time.monotonic)
"""Of this process: memory is what all its connections share, whichever relay or transport they go by."""
FAREWELL_SECONDS = 5.0
"""How long a reset may take to be told, and the stream to end after it."""
REST_SECONDS = 1.0
"""How long the socket's peer may take for what came before the other side's end."""


class FrameStream(Protocol):
    """A duplex stream of encoded frames. One task receives and one at a time sends; both at once.

    A worker's and a bridge's streams end in order when they have said `end` and the relay, having heard it, ends them:
    who writes to a stream that is over loses what could still have been read from it.
    """

    async def receive(self) -> bytes | None:
        """The next frame; None when the stream has ended in order. Raises StreamBrokenError."""

    async def send(self, frame: bytes) -> None:
        """Send a frame. Raises StreamBrokenError."""

    async def end(self) -> None:
        """Say that this side sends no more frames. Nothing happens if the stream is over."""


async def pump(
    connection: socket.socket, stream: FrameStream, *, send_window: int, receive_window: ReceiveWindow
) -> Ending:
    """Move bytes both ways until both sides have closed or something breaks; the socket is closed in the end.

    `connection` is a connected TCP socket that does not block; nobody else may use it. `send_window`: what the other
    side said it takes (Opened, Open); `receive_window`: its size is what the other side was told (Dial, Opened). If the
    connection ends out of order, the socket's peer gets a TCP reset, for a plain end could be taken for the whole.
    Raises ProtocolError for a window that cannot be.
    """
    try:
        prepare(connection)
        flow = _Flow(TcpEnd(connection), stream, SendCredit(send_window), receive_window)
        ending = await flow.run()
        if ending.reset is None:
            end_on_close(connection)
        return ending
    finally:
        connection.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tasks:
    receiving: asyncio.Task[None]
    reading: asyncio.Task[None]
    writing: asyncio.Task[None]

    @property
    def all(self) -> tuple[asyncio.Task[None], ...]:
        return self.receiving, self.reading, self.writing


class _Flow:
    """One connection's two directions, and the three tasks that move them."""

    def __init__(self, socket_end: TcpEnd, stream: FrameStream, credit: SendCredit, window: ReceiveWindow) -> None:
        self._socket = socket_end
        self._stream = stream
        self._credit = credit
        self._window = window
        self._sending = asyncio.Lock()
        self._credit_granted = asyncio.Event()
        self._inbox = Inbox()
        self._inbox_filled = asyncio.Event()
        self._input_ended = False
        self._output_ended = False
        self._writing = False
        self._to_grant = 0
        self._gathering = Gathering(time.monotonic)
        self._ways = 2
        self._sent = 0
        self._received = 0

    async def run(self) -> Ending:
        tasks = _Tasks(
            receiving=asyncio.create_task(self._receive_frames()),
            reading=asyncio.create_task(self._socket_to_stream()),
            writing=asyncio.create_task(self._stream_to_socket()),
        )
        try:
            broken = await _first_failure(tasks.all)
            if broken is not None:
                await self._break_off(broken, tasks)
        finally:
            await _stop(tasks.all)
        end, reset = (End.CLOSED, None) if broken is None else (broken.end, broken.reset)
        return Ending(end=end, sent=self._sent, received=self._received, reset=reset)

    async def _receive_frames(self) -> None:
        """Take in what the other side sends until the stream ends; nothing here waits for the socket."""
        while (message := await self._receive()) is not None:
            try:
                self._take(decode(message))
            except ProtocolError as error:
                raise BrokenError(End.RESET_HERE, Reset(code=ResetCode.PROTOCOL, message=str(error))) from error
        if not (self._input_ended and self._output_ended):
            raise _stream_broken("the stream ended before the connection did")

    def _take(self, frame: Frame | None) -> None:
        match frame:
            case None:
                pass
            case Data() if not self._input_ended:
                self._window.received(len(frame.payload))
                self._take_in(frame.payload)
            case HalfClose() if not self._input_ended:
                self._input_ended = True
                self._inbox_filled.set()
            case Credit():
                self._credit.grant(frame.count)
                self._credit_granted.set()
            case Reset():
                raise BrokenError(End.RESET_BY_PEER, frame)
            case _:
                raise ProtocolError(f"a frame {type(frame).__name__} where none may come")

    def _take_in(self, payload: bytes | memoryview) -> None:
        """Give the socket what it takes at once: to wake the writing task costs as much as the rest of a frame."""
        written = 0 if self._writing or self._inbox else self._write_at_once(payload)
        if written < len(payload):
            self._inbox.put(payload[written:])
            self._inbox_filled.set()

    def _write_at_once(self, payload: bytes | memoryview) -> int:
        written = self._socket.write_at_once(payload)
        if written:
            self._has_written(written)
        return written

    def _has_written(self, count: int) -> None:
        self._received += count
        self._to_grant += self._window.drained(count)
        if self._to_grant:
            self._inbox_filled.set()

    async def _socket_to_stream(self) -> None:
        while payload := await self._read():
            self._credit.spend(len(payload))
            self._sent += len(payload)
            await self._send(Data(payload))
        if self._socket.broken:
            return
        self._output_ended = True
        await self._send(HalfClose())
        await self._end_way()

    async def _read(self) -> bytes:
        """What the socket has, as much as there is credit for; empty at its end."""
        while not self._credit.available:
            self._credit_granted.clear()
            await self._credit_granted.wait()
        if pause := self._gathering.pause(self._received):
            await asyncio.sleep(pause)
        self._gathering.begin()
        payload = await self._socket.read(min(LARGEST_DATA, self._credit.available))
        self._gathering.end(len(payload))
        return payload

    async def _stream_to_socket(self) -> None:
        """What the socket has not taken at once, and credit for all that it has taken."""
        while await self._has_input():
            if self._inbox:
                await self._write(self._inbox.take())
            await self._grant()
        if self._socket.broken:
            return
        self._socket.end()
        await self._end_way()

    async def _has_input(self) -> bool:
        """Wait for something to write or to grant; False when all has been written and no more will come."""
        while not (self._inbox or self._to_grant or self._input_ended or self._socket.broken):
            self._inbox_filled.clear()
            await self._inbox_filled.wait()
        return bool(self._inbox or self._to_grant)

    async def _write(self, payload: bytes | memoryview | bytearray) -> None:
        self._writing = True
        await self._socket.write(payload)
        self._writing = False
        self._has_written(len(payload))

    async def _grant(self) -> None:
        grant, self._to_grant = self._to_grant, 0
        if grant and not (self._input_ended or self._socket.broken):
            await self._send(Credit(grant))

    async def _receive(self) -> bytes | None:
        try:
            return await self._stream.receive()
        except StreamBrokenError as error:
            raise _stream_broken(str(error)) from error

    async def _send(self, frame: Frame) -> None:
        async with self._sending:
            try:
                await self._stream.send(encode(frame))
            except StreamBrokenError as error:
                raise _stream_broken(str(error)) from error

    async def _end_way(self) -> None:
        """One of both directions is over; after the other, there is nothing more to send."""
        self._ways -= 1
        if not self._ways:
            async with self._sending:
                await self._stream.end()

    async def _break_off(self, broken: BrokenError, tasks: _Tasks) -> None:
        if broken.end is not End.RESET_HERE:
            await self._move_the_rest(tasks.writing)
        elif broken.reset.code is ResetCode.BROKEN:
            await self._move_the_rest(tasks.reading)
        if broken.end is not End.STREAM_BROKEN:
            await self._take_leave(broken, tasks)

    async def _move_the_rest(self, direction: asyncio.Task[None]) -> None:
        """What came before the end still belongs to the side that is left, and is often the message that says why."""
        self._socket.broken = True
        self._inbox_filled.set()
        await asyncio.wait([direction], timeout=REST_SECONDS)

    async def _take_leave(self, broken: BrokenError, tasks: _Tasks) -> None:
        """Tell the other side, if it does not know, and wait for the stream's end, lest what was said last be lost."""
        with suppress(TimeoutError, StreamBrokenError):
            async with asyncio.timeout(FAREWELL_SECONDS), self._sending:
                await _stop([tasks.reading, tasks.writing])
                self._socket.close()
                if broken.end is End.RESET_HERE:
                    await self._stream.send(encode(broken.reset))
                await self._stream.end()
                await self._wait_for_end(tasks.receiving)

    async def _wait_for_end(self, receiving: asyncio.Task[None]) -> None:
        await asyncio.wait([receiving])
        failure = receiving.exception()
        if isinstance(failure, BrokenError) and failure.end is not End.STREAM_BROKEN:
            while await self._stream.receive() is not None:
                pass


async def _first_failure(tasks: Sequence[asyncio.Task[None]]) -> BrokenError | None:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        try:
            task.result()
        except BrokenError as broken:
            return broken
    return None


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _stream_broken(message: str) -> BrokenError:
    return BrokenError.broken(End.STREAM_BROKEN, message)
