"""Private parts of asyncssh 2.24.1: a channel's close is noticed when it comes, read or not.

A channel whose reading is paused tells of the close only when all has been read, and forgets the end that came before
it. What ended in order would look broken, only because the reader was slow; and what broke would look alive.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncssh
from asyncssh.constants import MSG_CHANNEL_CLOSE
from asyncssh.packet import SSHPacket

_ENDED = ("eof_pending", "eof")


def tell_at_close(channel: "asyncssh.SSHTCPChannel[bytes]", closed: Callable[[bool], None]) -> None:
    """Call `closed` when the other side closes the channel, with whether it has said its end before."""
    process_close = channel._packet_handlers[MSG_CHANNEL_CLOSE]  # noqa: SLF001 - see above

    def process(handler: Any, kind: int, number: int, packet: SSHPacket) -> Awaitable[None] | None:
        closed(channel._recv_state in _ENDED)  # noqa: SLF001 - see above
        return process_close(handler, kind, number, packet)

    channel._packet_handlers = {**channel._packet_handlers, MSG_CHANNEL_CLOSE: process}  # noqa: SLF001 - see above
