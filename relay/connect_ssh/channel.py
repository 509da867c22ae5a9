"""A TCP connection that an SSH channel carries, as a duplex stream of bytes whose two ends are told apart exactly.

What WatchedChannel tells of, this one waits for.
"""

import asyncio

from connect_ssh.errors import ChannelBrokenError
from connect_ssh.held import LARGEST_JOINED
from connect_ssh.watched import WatchedChannel


class ByteChannel(WatchedChannel):
    """One channel. One task receives and one sends; both at once."""

    def __init__(self) -> None:
        """For asyncssh, as the session of a channel that is being opened."""
        super().__init__(self._wake)
        self._gone = asyncio.Event()
        self._something_came = asyncio.Event()
        self._writable = asyncio.Event()

    async def receive(self) -> bytes | None:
        """What has come, at least one byte and at most LARGEST_JOINED; None at the other side's end.

        Raises ChannelBrokenError, once everything that had come before has been received.
        """
        while not (self._held or self._ended or self._lost):
            self._something_came.clear()
            await self._something_came.wait()
        if self._held:
            return self.take(LARGEST_JOINED)
        if self._ended:
            return None
        raise self._broken()

    async def send(self, payload: bytes | memoryview | bytearray) -> None:
        """Send bytes; returns when the other side's window has taken nearly all of them. Raises ChannelBrokenError."""
        self.write(payload)
        await self._until_writable()

    async def drained(self) -> None:
        """Wait until the other side's window has taken all that was sent, for the last time. Raises ChannelBrokenError.

        Only then is an `end` that was said before on its way too.
        """
        if self._channel is None:
            raise self._broken()
        self._await_the_last_byte(self._channel)
        await self._until_writable()

    async def lost(self) -> ChannelBrokenError:
        """Wait until the other side has closed the channel, be it in order; returns what to say if it was not.

        What came before may still be waiting for `receive`.
        """
        await self._gone.wait()
        return self._broken()

    def _wake(self) -> None:
        """Whoever may go on."""
        if self._held or self._ended or self._lost:
            self._something_came.set()
        if self._may_write or self._lost:
            self._writable.set()
        if self._lost:
            self._gone.set()

    async def _until_writable(self) -> None:
        while not (self._may_write or self._lost):
            self._writable.clear()
            await self._writable.wait()
        if self._lost:
            raise self._broken()
