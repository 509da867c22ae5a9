"""Private parts of asyncssh 2.24.1: what a channel's window takes is granted by who takes it.

By itself asyncssh grants a whole window at each delivery, however much of one waits for a reader already.
"""

import asyncssh
from asyncssh.constants import MSG_CHANNEL_WINDOW_ADJUST
from asyncssh.packet import UInt32


def grant_by_hand(channel: "asyncssh.SSHTCPChannel[bytes]") -> None:
    """Let asyncssh grant nothing on this channel, on which nothing has been delivered yet."""
    # It grants when what is left of the window is less than half of this.
    channel._init_recv_window = 0  # noqa: SLF001 - see above


def grant(channel: "asyncssh.SSHTCPChannel[bytes]", count: int) -> None:
    """Let so many bytes more come (RFC 4254, 5.2). Nothing happens once the channel is being closed."""
    channel._recv_window += count  # noqa: SLF001 - see above
    channel.send_packet(MSG_CHANNEL_WINDOW_ADJUST, UInt32(count))
