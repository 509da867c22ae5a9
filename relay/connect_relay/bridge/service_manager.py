"""What the bridge tells systemd of itself: that it runs, that it lives, and to which relays it is attached."""

import asyncio
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from connect_relay.settings import RelayName, RelayPlace

ATTACHED = "Attached to"
NOT_ATTACHED = "Not attached to"


class ServiceManager:
    """systemd, where it has started us (sd_notify(3)); elsewhere nobody listens."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """What systemd has put into the environment."""
        self._address = environment.get("NOTIFY_SOCKET", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "0")
        self._patience = int(microseconds) / 1e6 if ours and microseconds.isdigit() else 0.0

    def tell(self, message: str) -> None:
        """Say it; nothing is lost but this word if nobody hears it."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
            line.connect(self._address.replace("@", "\0", 1) if self._address.startswith("@") else self._address)
            line.send(message.encode())

    async def live(self) -> None:
        """Show that the event loop turns, without end, if somebody watches."""
        if not self._patience:
            return
        while True:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self._patience / 3)


class Presence:
    """At which relays the bridge is attached now, in the words of `systemctl status`."""

    def __init__(self, manager: ServiceManager, relays: Sequence[RelayName]) -> None:
        self._manager = manager
        self._relays = relays
        self._places: list[RelayPlace] = []

    def ready(self) -> None:
        """The bridge runs; whether a relay is there or not, it goes on."""
        self._manager.tell(f"READY=1\nSTATUS={self.words}")

    @contextmanager
    def at(self, place: RelayPlace) -> Iterator[None]:
        """Within: this relay has let us in."""
        self._places.append(place)
        self._manager.tell(f"STATUS={self.words}")
        try:
            yield
        finally:
            self._places.remove(place)
            self._manager.tell(f"STATUS={self.words}")

    @property
    def words(self) -> str:
        """For people."""
        if not self._places:
            return f"{NOT_ATTACHED} {', '.join(map(str, self._relays))} yet; connect-bridge doctor says why"
        return f"{ATTACHED} {', '.join(sorted(f'{place.relay} ({place.host})' for place in self._places))}"
