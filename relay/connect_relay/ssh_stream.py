"""An SSH channel as a stream of frames: what the relay's switchboard joins to the other end, whatever carries that.

A bridge or worker that speaks gRPC has a pump, which gives and takes credit. A stock ssh has none, so the pump's part
is played here, between the frames and the channel: data go out as the channel's window takes them, and only then is
credit granted for more; what comes in waits until there is credit for it. Nothing here waits but `receive`.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import ClassVar

import asyncssh

from connect_protocol.relay.credit import SendCredit
from connect_protocol.relay.errors import ProtocolError
from connect_protocol.relay.frames import (
    LARGEST_DATA,
    Credit,
    Data,
    Dial,
    Frame,
    HalfClose,
    Opened,
    Reset,
    ResetCode,
    Serve,
    decode,
    encode,
)
from connect_protocol.relay.inbox import Inbox
from connect_protocol.relay.pump import BUDGET, REST_SECONDS, FrameStream
from connect_relay.ssh_names import TargetName
from connect_ssh.errors import ChannelBrokenError
from connect_ssh.options import LARGEST_CHANNEL_WINDOW
from connect_ssh.watched import WatchedChannel

LARGEST_BETWEEN_CHANNELS = 4 * 1024 * 1024
"""Bytes that a stalled reader may hold within the relay; less costs CPU, for then they come in small pieces."""

_CODES = {
    ResetCode.REFUSED: asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED,
    ResetCode.LIMIT: asyncssh.OPEN_RESOURCE_SHORTAGE,
    ResetCode.DRAINING: asyncssh.OPEN_RESOURCE_SHORTAGE,
}


def channel_refusal(reset: Reset) -> asyncssh.ChannelOpenError:
    """What refuses a channel."""
    return asyncssh.ChannelOpenError(_CODES.get(reset.code, asyncssh.OPEN_CONNECT_FAILED), told(reset))


def told(reset: Reset) -> str:
    """A reset in SSH's words: its code's name and the message."""
    return f"{reset.code.name}: {reset.message}"


def reset_told(text: str, target: str) -> Reset:
    """The reset that `told` has put into words, or what a stock ssh says of a target that it has not reached."""
    name, _, message = text.partition(": ")
    if message and name in ResetCode.__members__:
        return Reset(code=ResetCode[name], message=message)
    reason = text or "the bridge gives no reason"
    return Reset(code=ResetCode.TARGET_UNREACHABLE, message=f"target {target} cannot be reached: {reason}")


def keep_small_between(one: FrameStream, other: FrameStream) -> None:
    """Have two streams that are joined hold little for each other if both are channels, for these hold enough.

    Between them is no way, and bytes come in bursts at the speed of memory: a window would grow without any use.
    """
    if isinstance(one, ChannelStream) and isinstance(other, ChannelStream):
        one.keep_small()
        other.keep_small()


class ChannelStream:
    """See FrameStream. `session` is what asyncssh needs for the channel."""

    side: ClassVar[str]
    """Whose channel it is, in messages."""

    def __init__(self) -> None:
        self.session = WatchedChannel(self._changed)
        self._from_channel = deque[bytes]()
        self._window = BUDGET.open(LARGEST_CHANNEL_WINDOW)
        self._credit: SendCredit | None = None
        self._to_channel = Inbox()
        self._unsent = 0
        self._input_ended = False
        self._output_ended = False
        self._over = False
        self._change = asyncio.Event()

    async def receive(self) -> bytes | None:
        """See FrameStream."""
        while (frame := self._next()) is None and not self._over:
            self._change.clear()
            await self._change.wait()
        return frame

    async def send(self, frame: bytes) -> None:
        """See FrameStream; never waits, for who sends keeps to the window."""
        if not self._over:
            self._take(decode(frame))

    async def end(self) -> None:
        """Nothing to do: the channel has ends of its own."""

    def keep_small(self) -> None:
        """Hold little that the channel does not take yet."""
        self._window.grow_only_to(LARGEST_BETWEEN_CHANNELS)

    def close(self) -> None:
        """Let go of the channel: the connection is over."""
        self._window.close()
        if not self._over:
            self.session.abort()
            return
        self.session.close()
        asyncio.get_running_loop().call_later(REST_SECONDS, self.session.abort)

    def _begin(self, *frames: Frame) -> None:
        """What the relay receives first."""
        self._from_channel.extend(map(encode, frames))

    def _next(self) -> bytes | None:
        """What the relay gets now, if anything."""
        if self._from_channel:
            return self._from_channel.popleft()
        if self._over or self._credit is None:
            return None
        if self._credit.available and (payload := self.session.take(min(LARGEST_DATA, self._credit.available))):
            self._credit.spend(len(payload))
            return encode(Data(payload))
        if self.session.ended and not self._output_ended:
            self._output_ended = True
            return encode(HalfClose())
        if self._output_ended and self.session.end_sent:
            self._over = True
        elif self.session.broken:
            self._over = True
            return encode(self._gone())
        return None

    def _take(self, frame: Frame | None) -> None:
        match frame:
            case Data():
                self._window.received(len(frame.payload))
                self._to_channel.put(frame.payload)
                self._changed()
            case HalfClose():
                self._input_ended = True
                self._changed()
            case Credit() if self._credit is not None:
                self._credit.grant(frame.count)
                self._change.set()
            case Opened():
                self._opened(frame.window)
            case Reset():
                self._break_off(frame)
            case None:
                pass
            case _:
                raise ProtocolError(f"a frame {type(frame).__name__} where none may come")

    def _gone(self) -> Reset:
        fault = self.session.fault
        message = f"{self.side} is gone: {fault}" if fault else f"{self.side}'s SSH channel was closed before its end"
        return Reset(code=ResetCode.BROKEN, message=message)

    def _opened(self, window: int) -> None:
        self._credit = SendCredit(window)

    def _changed(self) -> None:
        """Write what the channel takes, and wake who receives."""
        # A broken channel is told to who receives, as soon as asyncssh has told of it.
        with suppress(ChannelBrokenError):
            self._write()
        self._change.set()

    def _write(self) -> None:
        while self._to_channel and self.session.may_write:
            self._pass_on()
        self._grant()
        if self._input_ended and not self._to_channel and self.session.there:
            self.session.end()

    def _pass_on(self) -> None:
        """Counted first: while it is written, the channel may tell that more can be, and what has gone be counted."""
        payload = self._to_channel.take()
        self._unsent += len(payload)
        self.session.write(payload)

    def _grant(self) -> None:
        """What the channel's window has taken is not held here any more."""
        gone = self._unsent - self.session.unsent
        self._unsent -= gone
        grant = self._window.drained(gone)
        if grant and not self._input_ended:
            self._from_channel.append(encode(Credit(grant)))

    def _break_off(self, _reset: Reset) -> None:
        """What came before is still the channel's; then it is closed, which without an end is a break."""
        self._over = True
        self._change.set()
        try:
            while self._to_channel:
                self._pass_on()
        except ChannelBrokenError:
            return
        self.session.close()


class DialledStream(ChannelStream):
    """A worker's channel, which is opened when the target has been reached."""

    side = "the worker"

    def __init__(self, target: TargetName) -> None:
        super().__init__()
        self._begin(Dial(target=target.name, realm=target.realm, window=self._window.size))
        self._answer: asyncio.Future[WatchedChannel] = asyncio.get_running_loop().create_future()

    async def opened(self) -> WatchedChannel:
        """The session, once the target has been reached. Raises asyncssh.ChannelOpenError with the reason."""
        return await self._answer

    def close(self) -> None:
        """See ChannelStream."""
        self._refuse(self._gone())
        super().close()

    def _opened(self, window: int) -> None:
        super()._opened(window)
        if not self._answer.done():
            self._answer.set_result(self.session)

    def _break_off(self, reset: Reset) -> None:
        self._refuse(reset)
        super()._break_off(reset)

    def _refuse(self, reset: Reset) -> None:
        if not self._answer.done():
            self._answer.set_exception(channel_refusal(reset))
            # asyncssh asks no more once its connection is gone.
            self._answer.exception()


class ServedStream(ChannelStream):
    """A bridge's channel, which is opened because an order wants it; the order's `window` is the worker's."""

    side = "the bridge"

    def __init__(self, connection_id: str, window: int) -> None:
        super().__init__()
        self._window_there = window
        self._begin(Serve(connection_id=connection_id))

    def reached(self) -> None:
        """The channel is open."""
        self._begin(Opened(window=self._window.size))
        self._opened(self._window_there)

    def missed(self, reset: Reset) -> None:
        """There is no channel."""
        self._begin(reset)
        self._over = True
