"""A bridge that is attached, as the relay sees it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from connect_protocol.relay.control import Open
from connect_protocol.relay.frames import Reset
from connect_relay.settings import Transport

MOST_ORDERS = 1000
"""That wait for a bridge to take them; one that takes none is overrun after hours only, by workers who keep calling."""


@dataclass(kw_only=True, slots=True, eq=False)
class AttachedBridge:
    """Its orders go out on the control stream.

    `dismissed` is set, to the reason, when the relay sends it away: its connections go on. `lost` is set when it is
    silent for too long: they do not.
    """

    realm: str
    since: datetime
    version: str
    targets: tuple[str, ...]
    transport: Transport = Transport.GRPC
    certificate_end: datetime | None = None
    """When it will be sent away, unless it has come again by then; None: an SSH key, which has no end."""
    orders: asyncio.Queue[Open] = field(default_factory=lambda: asyncio.Queue(MOST_ORDERS))
    dismissed: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    lost: asyncio.Future[Reset] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def dismiss(self, reason: str) -> None:
        """Send it away; it may come again."""
        if not self.dismissed.done():
            self.dismissed.set_result(reason)

    def lose(self, reset: Reset) -> None:
        """Give it up, with all its connections."""
        if not self.lost.done():
            self.lost.set_result(reset)
