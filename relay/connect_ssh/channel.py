"""A TCP connection that an SSH channel carries, as a duplex stream of bytes whose two ends are told apart exactly.

asyncssh calls a session; this one turns the calls into `receive` and `send`, which wait. What nobody receives stays
with the sender: the channel stops reading, and its window fills.
"""

import asyncio

import asyncssh
from asyncssh.connection import SSHConnection

from connect_ssh.closing import tell_at_close
from connect_ssh.errors import ChannelBrokenError, ConnectionLostError
from connect_ssh.fast_path import speed_up_channel
from connect_ssh.held import LARGEST_JOINED, Held

MOST_HELD = 1024 * 1024
"""Bytes that may wait here for `receive` before the channel stops reading; its window may fill besides."""


class ByteChannel(asyncssh.SSHTCPSession[bytes]):
    """One channel. One task receives and one sends; both at once."""

    def __init__(self) -> None:
        """For asyncssh, as the session of a channel that is being opened."""
        self._channel: asyncssh.SSHTCPChannel[bytes] | None = None
        self._connection: SSHConnection | None = None
        self._held = Held()
        self._paused = False
        self._ended = False
        self._ended_before_close = False
        self._lost = False
        self._gone = asyncio.Event()
        self._something_came = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()

    async def receive(self) -> bytes | None:
        """What has come, at least one byte and at most LARGEST_JOINED; None at the other side's end.

        Raises ChannelBrokenError, once everything that had come before has been received.
        """
        while not (self._held or self._ended or self._lost):
            self._something_came.clear()
            await self._something_came.wait()
        if self._held:
            return self._take()
        if self._ended:
            return None
        raise self._broken()

    async def send(self, payload: bytes | memoryview | bytearray) -> None:
        """Send bytes; returns when the other side's window has taken nearly all of them. Raises ChannelBrokenError."""
        self._write(payload)
        await self._until_writable()

    async def drained(self) -> None:
        """Wait until the other side's window has taken all that was sent, for the last time. Raises ChannelBrokenError.

        Only then is an `end` that was said before on its way too.
        """
        if self._channel is None:
            raise self._broken()
        self._channel.set_write_buffer_limits(high=0)
        await self._until_writable()

    async def lost(self) -> ChannelBrokenError:
        """Wait until the other side has closed the channel, be it in order; returns what to say if it was not.

        What came before may still be waiting for `receive`.
        """
        await self._gone.wait()
        return self._broken()

    @property
    def ended(self) -> bool:
        """Whether the other side has said its end, received or not."""
        return self._ended or self._ended_before_close

    def end(self) -> None:
        """Say that no more will come from this side. Nothing happens if the channel is gone."""
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write_eof()

    def close(self) -> None:
        """Let go of the channel, once what was sent has gone out; to the other side that is an end only after `end`."""
        if self._channel is not None:
            self._channel.close()

    def abort(self) -> None:
        """Let go of the channel at once."""
        if self._channel is not None:
            self._channel.abort()

    # What asyncssh calls

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        """See asyncssh."""
        self._channel = chan
        self._connection = chan.get_connection()
        speed_up_channel(chan)
        tell_at_close(chan, self._close_came)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncssh: after both sides have closed, and when the connection is gone."""
        del exc
        self._ended = self._ended or self._ended_before_close
        self._lost = True
        self._gone.set()
        self._channel = None
        self._something_came.set()
        self._may_write.set()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """See asyncssh."""
        del datatype
        self._held.put(data)
        self._something_came.set()
        if len(self._held) > MOST_HELD and not self._paused and self._channel is not None:
            self._paused = True
            self._channel.pause_reading()

    def eof_received(self) -> bool:
        """See asyncssh; True: this side may go on sending."""
        self._ended = True
        self._something_came.set()
        return True

    def pause_writing(self) -> None:
        """See asyncssh."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """See asyncssh."""
        self._may_write.set()

    def _close_came(self, ended: bool) -> None:
        """What has not been sent never will be; what has not been received still can be."""
        self._ended_before_close = ended
        self._gone.set()
        self._may_write.set()

    def _take(self) -> bytes:
        taken = self._held.take(LARGEST_JOINED)
        if self._paused and self._channel is not None and len(self._held) <= MOST_HELD // 2:
            self._paused = False
            self._channel.resume_reading()
        return taken

    def _write(self, payload: bytes | memoryview | bytearray) -> None:
        if self._channel is None:
            raise self._broken()
        try:
            self._channel.write(payload)
        except OSError as error:
            raise self._broken() from error

    async def _until_writable(self) -> None:
        await self._may_write.wait()
        if self._gone.is_set():
            raise self._broken()

    def _broken(self) -> ChannelBrokenError:
        if self._connection is not None and self._connection.is_closed():
            return ConnectionLostError("the SSH connection is gone")
        return ChannelBrokenError("the SSH channel was closed")
