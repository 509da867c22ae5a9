"""A bridge's visit to the relay: whether it would be let in, what the relay's clock says, and how far away it is."""

import asyncio
import time
from dataclasses import dataclass

from connect_protocol.relay import service
from connect_protocol.relay.control import (
    BridgeMessage,
    Heartbeat,
    Hello,
    RelayMessage,
    Visited,
    decode_from_relay,
    encode_from_bridge,
)
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_relay.rpc import Channel, ClientStream

ROUNDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """What a visitor has learnt. `ahead`: by how many seconds the relay's clock is before ours.

    `round_trip`: seconds for a heartbeat to come back, the shortest of some. `bridges`: of our realm, there now.
    """

    relay_version: str
    ahead: float
    round_trip: float
    bridges: int


async def visit(channel: Channel, hello: Hello, seconds: float) -> Visit:
    """Look in and leave again. Raises StreamBrokenError, ProtocolError, TimeoutError."""
    stream = channel.call(service.VISIT)
    try:
        async with asyncio.timeout(seconds):
            visited = await _ask(stream, hello)
            now = time.time()
            if not isinstance(visited, Visited):
                raise ProtocolError("the relay has not said Visited")
            trips = [await _round_trip(stream, number) for number in range(ROUNDS)]
            await stream.end()
            await stream.receive()
    finally:
        stream.close()
    nearest = min(trips)
    return Visit(
        relay_version=visited.version,
        ahead=visited.unix_time - (now - nearest / 2),
        round_trip=nearest,
        bridges=visited.bridges,
    )


async def _round_trip(stream: ClientStream, number: int) -> float:
    begun = time.monotonic()
    await _ask(stream, Heartbeat(number))
    return time.monotonic() - begun


async def _ask(stream: ClientStream, message: BridgeMessage) -> RelayMessage | None:
    await stream.send(encode_from_bridge(message))
    data = await stream.receive()
    if data is None:
        raise StreamBrokenError("the relay has ended the visit")
    return decode_from_relay(data)
