"""A TCP connection that an SSH channel carries, taken from and written to without waiting; somebody is told of changes.

Beside ByteChannel, whose calls wait: for who has other things to wait for as well. What nobody takes stays with the
sender: the channel stops reading, and its window fills.
"""

import asyncio
from collections.abc import Callable

import asyncssh

from connect_ssh.channel import MOST_HELD
from connect_ssh.closing import tell_at_close
from connect_ssh.errors import ChannelBrokenError
from connect_ssh.fast_path import speed_up_channel
from connect_ssh.held import Held


class WatchedChannel(asyncssh.SSHTCPSession[bytes]):
    """One channel."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """For asyncssh, as the session of a channel that is being opened.

        `changed` is called when the channel is there, when something has come or ended, and when more may be written.
        """
        self._changed = changed
        self._channel: asyncssh.SSHTCPChannel[bytes] | None = None
        self._held = Held()
        self._paused = False
        self._may_write = True
        self._ended = False
        self._lost = False
        self._fault = ""
        self._end_said = False
        self._end_sent = False
        self._closing = False
        self._aborted = False

    @property
    def there(self) -> bool:
        """Whether the channel is open: neither still to come nor gone."""
        return self._channel is not None

    @property
    def may_write(self) -> bool:
        """Whether the other side's window takes more now."""
        return self._channel is not None and self._may_write

    @property
    def ended(self) -> bool:
        """Whether the other side has said its end, and everything has been taken."""
        return self._ended and not self._held

    @property
    def broken(self) -> bool:
        """Whether the other side has closed the channel, or is gone, before both had said their end."""
        return self._lost and not (self._ended and self._end_sent)

    @property
    def fault(self) -> str:
        """What has ended the SSH connection itself, if that is what has ended the channel."""
        return self._fault

    @property
    def end_sent(self) -> bool:
        """Whether everything has gone out, this side's end too."""
        return self._end_sent

    def take(self, most: int) -> bytes:
        """What has come, at most so many bytes; empty if nothing has."""
        taken = self._held.take(most)
        if self._paused and self._channel is not None and len(self._held) <= MOST_HELD // 2:
            self._paused = False
            self._channel.resume_reading()
        return taken

    def write(self, payload: bytes | memoryview | bytearray) -> None:
        """Send bytes: what the other side's window does not take is held. Raises ChannelBrokenError."""
        if self._channel is None:
            raise ChannelBrokenError("the SSH channel was closed")
        try:
            self._channel.write(payload)
        except OSError as error:
            raise ChannelBrokenError("the SSH channel was closed") from error

    def end(self) -> None:
        """Say that no more will come from this side. Nothing happens if the channel is gone."""
        if self._channel is None or self._channel.is_closing():
            return
        self._end_said = True
        self._channel.write_eof()
        self._await_the_last_byte(self._channel)

    def close(self) -> None:
        """Let go of the channel, once what was sent has gone out; to the other side that is an end only after `end`."""
        if self._channel is None:
            return
        # Closed at once, asyncssh would forget an end that could not go out yet.
        self._await_the_last_byte(self._channel)
        self._closing = self._channel.get_write_buffer_size() > 0
        if not self._closing:
            self._channel.close()

    def abort(self) -> None:
        """Let go of the channel at once, or as soon as it is there."""
        self._aborted = True
        if self._channel is not None:
            self._channel.abort()

    # What asyncssh calls

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        """See asyncssh."""
        self._channel = chan
        speed_up_channel(chan)
        tell_at_close(chan, self._close_came)
        if self._aborted:
            asyncio.get_running_loop().call_soon(chan.abort)
        self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncssh: after both sides have closed, and when the connection is gone."""
        self._fault = "" if exc is None else str(exc)
        self._lost = True
        self._channel = None
        self._changed()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """See asyncssh."""
        del datatype
        self._held.put(data)
        if len(self._held) > MOST_HELD and not self._paused and self._channel is not None:
            self._paused = True
            self._channel.pause_reading()
        self._changed()

    def eof_received(self) -> bool:
        """See asyncssh; True: this side may go on sending."""
        self._ended = True
        self._changed()
        return True

    def pause_writing(self) -> None:
        """See asyncssh."""
        self._may_write = False

    def resume_writing(self) -> None:
        """See asyncssh."""
        self._may_write = True
        self._end_sent = self._end_said
        if self._closing and self._channel is not None:
            # The end goes out only after this call.
            asyncio.get_running_loop().call_soon(self._channel.close)
        self._changed()

    def _close_came(self, ended: bool) -> None:
        """What has not been sent never will be; what has not been taken still can be."""
        self._ended = self._ended or ended
        self._lost = True
        asyncio.get_running_loop().call_soon(self._changed)

    def _await_the_last_byte(self, channel: "asyncssh.SSHTCPChannel[bytes]") -> None:
        """Nothing will be written any more: asyncssh shall tell when the last byte has gone out."""
        channel.set_write_buffer_limits(0)
        self._end_sent = self._end_said and not channel.get_write_buffer_size()
