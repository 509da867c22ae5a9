"""A TCP connection that an SSH channel carries, taken from and written to without waiting; somebody is told of changes.

asyncssh calls a session, which is this. What comes is held here, at most a window; the window is the receiver's account
that connections over gRPC have too: who takes bytes grants others, and it grows with what the way carries.
"""

import asyncio
from collections.abc import Callable

import asyncssh
from asyncssh.connection import SSHConnection

from connect_protocol.relay.credit import BASE_WINDOW
from connect_protocol.relay.pump import BUDGET
from connect_ssh.errors import ChannelBrokenError, ConnectionLostError
from connect_ssh.fast_path import speed_up_channel
from connect_ssh.granting import grant, grant_by_hand
from connect_ssh.held import Held
from connect_ssh.options import LARGEST_CHANNEL_WINDOW

MOST_UNTOLD = BASE_WINDOW // 2
"""Bytes that may wait for the other side's window, and go out later without a word of asyncssh's. It is less than the
smallest window: a sender whose whole window waited here would never be granted more."""


class WatchedChannel(asyncssh.SSHTCPSession[bytes]):
    """One channel, which must have been asked for with the options CHANNEL."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """For asyncssh, as the session of a channel that is being opened.

        `changed` is called when the channel is there, when something has come or ended, and when more may be written.
        """
        self._changed = changed
        self._channel: asyncssh.SSHTCPChannel[bytes] | None = None
        self._connection: SSHConnection | None = None
        self._window = BUDGET.open(LARGEST_CHANNEL_WINDOW)
        self._held = Held()
        self._let_go = False
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
    def unsent(self) -> int:
        """Bytes that have been written and the other side's window has not taken yet."""
        return 0 if self._channel is None else self._channel.get_write_buffer_size()

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
        granted = self._window.drained(len(taken))
        if granted and self._channel is not None and not self._ended:
            grant(self._channel, granted)
        self._return_window()
        return taken

    def write(self, payload: bytes | memoryview | bytearray) -> None:
        """Send bytes: what the other side's window does not take is held. Raises ChannelBrokenError."""
        if self._channel is None:
            raise self._broken()
        try:
            self._channel.write(payload)
        except OSError as error:
            raise self._broken() from error

    def end(self) -> None:
        """Say that no more will come from this side. Nothing happens if the channel is gone."""
        if self._channel is None or self._channel.is_closing():
            return
        self._end_said = True
        self._channel.write_eof()
        self._await_the_last_byte(self._channel)

    def close(self) -> None:
        """Let go of the channel, once what was sent has gone out; to the other side that is an end only after `end`."""
        self._drop()
        if self._channel is None:
            return
        # Closed at once, asyncssh would forget an end that could not go out yet.
        self._await_the_last_byte(self._channel)
        self._closing = self._channel.get_write_buffer_size() > 0
        if not self._closing:
            self._channel.close()

    def abort(self) -> None:
        """Let go of the channel at once, or as soon as it is there."""
        self._drop()
        self._aborted = True
        if self._channel is not None:
            self._channel.abort()

    # What asyncssh calls

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        """See asyncssh."""
        self._channel = chan
        self._connection = chan.get_connection()
        speed_up_channel(chan)
        grant_by_hand(chan)
        chan.set_write_buffer_limits(MOST_UNTOLD)
        if self._aborted:
            asyncio.get_running_loop().call_soon(chan.abort)
        self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncssh: after both sides have closed, and when the connection is gone."""
        self._fault = "" if exc is None else str(exc)
        self._lost = True
        self._channel = None
        self._return_window()
        self._changed()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """See asyncssh."""
        del datatype
        self._window.received(len(data))
        if not self._let_go:
            self._held.put(data)
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

    def _await_the_last_byte(self, channel: "asyncssh.SSHTCPChannel[bytes]") -> None:
        """Nothing will be written any more: asyncssh shall tell when the last byte has gone out."""
        channel.set_write_buffer_limits(0)
        self._end_sent = self._end_said and not channel.get_write_buffer_size()

    def _drop(self) -> None:
        """Nobody takes any more what has come or still comes: none of it is held, even if the peer never confirms."""
        self._let_go = True
        self._held = Held()
        self._window.close()

    def _return_window(self) -> None:
        """Nothing more can come, and nothing is held."""
        if self._lost and not self._held:
            self._window.close()

    def _broken(self) -> ChannelBrokenError:
        if self._connection is not None and self._connection.is_closed():
            return ConnectionLostError("the SSH connection is gone")
        return ChannelBrokenError("the SSH channel was closed")
