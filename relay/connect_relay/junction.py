"""Joins the worker's stream of a connection to the bridge's, and watches that both keep to the protocol.

Frames pass through as they are. The relay holds one frame in each direction and what gRPC has buffered; because it
keeps account of the credit that the two ends grant each other, an end that ignores it is cut off. Data that must wait,
for the realm has used up its share, hold up what comes behind them on the same stream, until no more credit is left.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from connect_protocol.relay.credit import SendCredit
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_protocol.relay.frames import Credit, Data, HalfClose, Reset, ResetCode, decode, encode
from connect_protocol.relay.pump import FrameStream

FAREWELL_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """One end of a connection: its stream, its name in messages, and how many bytes it takes before the first Credit.

    `carried` is told of each piece of data that has gone to this end; `delays` says for how many seconds so many bytes
    must wait first, one wait after the other.
    """

    name: str
    stream: FrameStream
    window: int
    carried: Callable[[int], None]
    delays: Callable[[int], Iterable[float]] = lambda _: ()


async def join(worker: End, bridge: End, stops: Sequence[asyncio.Future[Reset]]) -> Reset | None:
    """Pass frames both ways until both ends have closed (None) or something breaks: then both are told why.

    Each of `stops` ends it from outside. When this task is cancelled, the worker has gone: the bridge is told.
    """
    junction = _Junction(worker, bridge)
    try:
        await junction.until_over(stops)
    except _OverError as over:
        await junction.tell(over.reset, over.told)
        return over.reset
    except asyncio.CancelledError:
        await junction.tell(Reset(code=ResetCode.BROKEN, message=f"{worker.name} is gone"))
        raise
    else:
        return None
    finally:
        await junction.close()


async def tell(stream: FrameStream, reset: Reset) -> None:
    """Send a reset to somebody who may be gone already, and let him end his stream.

    Who writes to a stream that is over may lose what he has not read yet.
    """
    with suppress(TimeoutError, StreamBrokenError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await stream.send(encode(reset))
            while await stream.receive() is not None:
                pass


class _OverError(Exception):
    """Ends a junction; `told` needs no reset any more, for it has sent one."""

    def __init__(self, reset: Reset, told: "_Side | None" = None) -> None:
        super().__init__(reset.message)
        self.reset = reset
        self.told = told


@dataclass(kw_only=True, slots=True, eq=False)
class _Side:
    """One end: it gets one message at a time, and none after a reset."""

    end: End
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: bool = False
    ended: bool = False

    async def send(self, message: bytes) -> None:
        async with self.lock:
            if self.over:
                return
            try:
                await self.end.stream.send(message)
            except StreamBrokenError as error:
                raise _broken(f"{self.end.name} is gone") from error

    async def receive(self) -> bytes | None:
        """What the end sends; None again and again once it has ended its stream."""
        message = None if self.ended else await self.end.stream.receive()
        self.ended = message is None
        return message


@dataclass(kw_only=True, slots=True, eq=False)
class _Direction:
    """From one end to the other: how much may still be sent, and whether it has closed.

    `hurry` is set when the connection breaks: then nothing waits any more.
    """

    source: _Side
    sink: _Side
    credit: SendCredit
    hurry: asyncio.Event
    closed: bool = False

    async def wait(self, delays: Iterable[float]) -> None:
        for seconds in delays:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.hurry.wait()


class _Junction:
    def __init__(self, worker: End, bridge: End) -> None:
        here, there = _Side(end=worker), _Side(end=bridge)
        self._hurry = asyncio.Event()
        to_target = _Direction(source=here, sink=there, credit=SendCredit(bridge.window), hurry=self._hurry)
        from_target = _Direction(source=there, sink=here, credit=SendCredit(worker.window), hurry=self._hurry)
        self._tasks = {
            here: asyncio.create_task(_forward(to_target, from_target)),
            there: asyncio.create_task(_forward(from_target, to_target)),
        }

    async def until_over(self, stops: Sequence[asyncio.Future[Reset]]) -> None:
        """Both ends have ended their streams in order, or _OverError is raised."""
        running: set[asyncio.Future[Any]] = {*self._tasks.values(), *stops}
        while not all(task.done() for task in self._tasks.values()):
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                if future in stops:
                    raise _OverError(future.result())
                future.result()

    async def tell(self, reset: Reset, told: _Side | None = None) -> None:
        """Tell both, but not who has said it himself; each gets time to take note."""
        self._hurry.set()
        await asyncio.gather(*(self._tell(side, task, reset, told) for side, task in self._tasks.items()))

    async def _tell(self, side: _Side, task: asyncio.Task[None], reset: Reset, told: _Side | None) -> None:
        with suppress(TimeoutError, StreamBrokenError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                async with side.lock:
                    side.over = True
                    if side is not told:
                        await side.end.stream.send(encode(reset))
                await asyncio.wait([task])
                while await side.receive() is not None:
                    pass

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def _forward(direction: _Direction, back: _Direction) -> None:
    """Pass on what one end sends, until it ends its stream after both directions have closed. Raises _OverError."""
    source = direction.source
    try:
        while (message := await source.receive()) is not None:
            await direction.wait(_admit(message, direction, back))
            await direction.sink.send(message)
    except ProtocolError as error:
        reset = Reset(code=ResetCode.PROTOCOL, message=f"{source.end.name} broke the protocol: {error}")
        raise _OverError(reset) from error
    except StreamBrokenError as error:
        raise _broken(f"{source.end.name} is gone") from error
    if not (direction.closed and back.closed):
        raise _broken(f"{source.end.name} is gone")


def _admit(message: bytes, direction: _Direction, back: _Direction) -> Iterable[float]:
    """Keep account of a frame before it is passed on; returns its delays. Raises ProtocolError for one out of place."""
    end = direction.sink.end
    frame = decode(message)
    match frame:
        case Data() if not direction.closed:
            direction.credit.spend(len(frame.payload))
            end.carried(len(frame.payload))
            return end.delays(len(frame.payload))
        case HalfClose() if not direction.closed:
            direction.closed = True
        case Credit():
            back.credit.grant(frame.count)
        case Reset():
            raise _OverError(frame, told=direction.source)
        case None:
            return end.delays(len(message))
        case _:
            raise ProtocolError(f"a frame {type(frame).__name__} where none may come")
    return ()


def _broken(message: str) -> _OverError:
    return _OverError(Reset(code=ResetCode.BROKEN, message=message))
