"""Where relays are: what the names that a worker is told stand for at the moment."""

import asyncio
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

RESOLVE_SECONDS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One relay: `name` is its HOST:PORT as configured, `host` an IP address of it, by which it is dialled."""

    name: str
    host: str

    @property
    def port(self) -> int:
        """The name's."""
        return urlsplit(f"//{self.name}").port or 0

    @property
    def server_name(self) -> str:
        """What the relay's certificate must have, whatever the address."""
        return urlsplit(f"//{self.name}").hostname or ""

    @property
    def address(self) -> str:
        """The IP address with the port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def places_of(name: str) -> list[Place]:
    """Every relay behind a name (HOST:PORT). Raises OSError, TimeoutError included."""
    parts = urlsplit(f"//{name}")
    async with asyncio.timeout(RESOLVE_SECONDS):
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(Place(name=name, host=str(place[0])) for *_, place in found))
