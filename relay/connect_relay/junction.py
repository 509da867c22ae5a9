"""Joins the worker's stream of a connection to the bridge's, and watches that both keep to the protocol.

Frames pass through as they are. The relay holds one frame in each direction and what gRPC has buffered; because it
keeps account of the credit that the two ends grant each other, an end that ignores it is cut off.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from connect_protocol.relay.credit import SendCredit
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_protocol.relay.frames import Credit, Data, HalfClose, Reset, ResetCode, decode, encode
from connect_protocol.relay.pump import FrameStream

FAREWELL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """One end of a connection: its stream, its name in messages, and how many bytes it takes before the first Credit.

    `carried` is told of each piece of data that has gone to this end.
    """

    name: str
    stream: FrameStream
    window: int
    carried: Callable[[int], None]


async def join(worker: End, bridge: End, stops: Sequence[asyncio.Future[Reset]]) -> Reset | None:
    """Pass frames both ways until both ends have closed (None) or something breaks: then both are told why.

    Each of `stops` ends it from outside. When this task is cancelled, the worker has gone: the bridge is told.
    """
    junction = _Junction(worker, bridge)
    try:
        return await junction.run(stops)
    except asyncio.CancelledError:
        await junction.tell(Reset(code=ResetCode.BROKEN, message=f"{worker.name} is gone"))
        raise
    finally:
        await junction.close()


async def tell(stream: FrameStream, reset: Reset) -> None:
    """Send a reset to somebody who may be gone already or may not listen."""
    with suppress(TimeoutError, StreamBrokenError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await stream.send(encode(reset))


class _OverError(Exception):
    """Ends a junction; `told` needs no reset any more, for it has sent one."""

    def __init__(self, reset: Reset, told: "_Outlet | None" = None) -> None:
        super().__init__(reset.message)
        self.reset = reset
        self.told = told


@dataclass(kw_only=True, slots=True, eq=False)
class _Outlet:
    """What goes to one end: one message at a time, and none after a reset."""

    end: End
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: bool = False

    async def send(self, message: bytes) -> None:
        async with self.lock:
            if self.over:
                return
            try:
                await self.end.stream.send(message)
            except StreamBrokenError as error:
                raise _broken(f"{self.end.name} is gone") from error

    async def send_last(self, reset: Reset) -> None:
        with suppress(TimeoutError, StreamBrokenError):
            async with asyncio.timeout(FAREWELL_SECONDS), self.lock:
                self.over = True
                await self.end.stream.send(encode(reset))


@dataclass(kw_only=True, slots=True, eq=False)
class _Direction:
    """From one end to the other: how much may still be sent, and whether it has closed."""

    source: _Outlet
    sink: _Outlet
    credit: SendCredit
    closed: bool = False


class _Junction:
    def __init__(self, worker: End, bridge: End) -> None:
        here, there = _Outlet(end=worker), _Outlet(end=bridge)
        self._outlets = (here, there)
        to_target = _Direction(source=here, sink=there, credit=SendCredit(bridge.window))
        from_target = _Direction(source=there, sink=here, credit=SendCredit(worker.window))
        self._tasks: Sequence[asyncio.Task[None]] = (
            asyncio.create_task(_forward(to_target, from_target)),
            asyncio.create_task(_forward(from_target, to_target)),
        )

    async def run(self, stops: Sequence[asyncio.Future[Reset]]) -> Reset | None:
        try:
            await self._until_over(stops)
        except _OverError as over:
            await self.tell(over.reset, over.told)
            return over.reset
        return None

    async def _until_over(self, stops: Sequence[asyncio.Future[Reset]]) -> None:
        waited_for: list[asyncio.Future[Any]] = [*self._tasks, *stops]
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        for task in self._tasks:
            if task.done():
                task.result()
                return
        raise _OverError(next(stop.result() for stop in stops if stop.done()))

    async def tell(self, reset: Reset, told: _Outlet | None = None) -> None:
        await asyncio.gather(*(outlet.send_last(reset) for outlet in self._outlets if outlet is not told))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _forward(direction: _Direction, back: _Direction) -> None:
    """Pass on what one end sends, until both directions have closed. Raises _OverError."""
    source = direction.source.end
    try:
        while (message := await source.stream.receive()) is not None:
            closes = _admit(message, direction, back)
            await direction.sink.send(message)
            direction.closed = direction.closed or closes
            if direction.closed and back.closed:
                return
    except ProtocolError as error:
        reset = Reset(code=ResetCode.PROTOCOL, message=f"{source.name} broke the protocol: {error}")
        raise _OverError(reset) from error
    except StreamBrokenError as error:
        raise _broken(f"{source.name} is gone") from error
    raise _broken(f"{source.name} is gone")


def _admit(message: bytes, direction: _Direction, back: _Direction) -> bool:
    """Keep account of a frame; whether it is the direction's last. Raises ProtocolError for what may not come."""
    frame = decode(message)
    match frame:
        case Data() if not direction.closed:
            direction.credit.spend(len(frame.payload))
            direction.sink.end.carried(len(frame.payload))
        case HalfClose() if not direction.closed:
            return True
        case Credit():
            back.credit.grant(frame.count)
        case Reset():
            raise _OverError(frame, told=direction.source)
        case _:
            raise ProtocolError(f"a frame {type(frame).__name__} where none may come")
    return False


def _broken(message: str) -> _OverError:
    return _OverError(Reset(code=ResetCode.BROKEN, message=message))
