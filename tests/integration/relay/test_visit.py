"""A visit: whether the relay would let a bridge in, without any bridge noticing it."""

import asyncio
import time

import pytest

from connect_protocol.relay import service
from connect_protocol.relay.control import Heartbeat, Hello, encode_from_bridge
from connect_protocol.relay.errors import StreamBrokenError
from connect_relay.bridge.visiting import visit
from connect_relay.server import running
from connect_relay.settings import Address, RelaySettings, Times
from tests.support.relay import HOST, REALM, START_SECONDS, Command, Pki, RelayCommand, dial, tunnel, worker_channel

HELLO = Hello(version="test", targets=("database",))
ANY = Address(host=HOST, port=0)


async def test_a_visitor_learns_what_he_asked_and_takes_no_bridges_place(
    pki: Pki, own_relay: RelayCommand, own_bridge: Command
) -> None:
    """The bridge goes on to serve, what is open stays open, and no target of the visitor's is known."""
    async with worker_channel(pki.worker(), own_relay.address) as worker, tunnel(worker, dial("echo")) as connection:
        async with worker_channel(pki.bridge(), own_relay.address) as channel:
            begun = time.monotonic()
            found = await visit(channel, HELLO, START_SECONDS)
            lasted = time.monotonic() - begun
            async with tunnel(worker, dial("echo")) as second:
                await second.write(b"served")
                assert await second.read_exactly(6) == b"served"
        await connection.write(b"still open")
        assert await connection.read_exactly(10) == b"still open"
    assert found.bridges == 1
    assert found.relay_version == "0.1.0"
    assert 0 < found.round_trip < lasted
    assert abs(found.ahead) <= lasted, "both have the same clock, and the relay looked at it during the visit"
    line = await own_relay.logged("visit")
    assert (line["result"], line["realm"], line["level"]) == ("CLOSED", REALM, "info")
    assert not [
        line for line in [*own_relay.lines, *own_bridge.lines] if line.get("event") in {"detach", "relay disconnected"}
    ]


async def test_a_workers_certificate_does_not_let_a_bridge_in(pki: Pki, relay: RelayCommand) -> None:
    async with worker_channel(pki.worker(), relay.address) as channel:
        with pytest.raises(StreamBrokenError, match="PERMISSION_DENIED: only a bridge may do this, not a worker"):
            await visit(channel, HELLO, 5)
    assert (await relay.logged("visit", result="REFUSED"))["who"] == "connect://realm/musterwil/worker"


async def test_a_visitor_who_does_not_greet_is_sent_away(pki: Pki, relay: RelayCommand) -> None:
    async with worker_channel(pki.bridge(), relay.address) as channel:
        stream = channel.call(service.VISIT)
        await stream.send(encode_from_bridge(Heartbeat(1)))
        with pytest.raises(StreamBrokenError, match="something in place of Hello"):
            await asyncio.wait_for(stream.receive(), START_SECONDS)


async def test_a_visitor_cannot_stay(pki: Pki) -> None:
    settings = RelaySettings(listen=ANY, admin=ANY, tls=pki.relay, times=Times(first_frame=0.3))
    async with running(settings) as relay:
        address = Address(host=HOST, port=relay.port)
        async with worker_channel(pki.bridge(), address) as channel:
            stream = channel.call(service.VISIT)
            await stream.send(encode_from_bridge(HELLO))
            assert await stream.receive() is not None
            with pytest.raises(StreamBrokenError, match="not over within"):
                await asyncio.wait_for(stream.receive(), START_SECONDS)
