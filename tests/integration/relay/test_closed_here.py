"""What becomes of calls when this end closes the connection under them, as a bridge does with a silent relay."""

import asyncio

import pytest

from connect_protocol.relay import service
from connect_protocol.relay.control import Hello, Welcome, decode_from_relay, encode_from_bridge
from connect_protocol.relay.ending import End
from connect_protocol.relay.errors import StreamBrokenError
from connect_relay.rpc import Channel
from tests.support.relay import START_SECONDS, Pki, RelayCommand, dial, tunnel, worker_channel


async def test_a_connection_ends_that_only_waits_for_the_other_side(channel: Channel) -> None:
    """Nothing more comes out of the socket, nothing goes in: only the call tells that it is over."""
    async with tunnel(channel, dial("echo")) as connection:
        await connection.write(b"x")
        assert await connection.read_exactly(1) == b"x"
        await channel.close()
        assert (await connection.ending()).end is End.STREAM_BROKEN


async def test_who_waits_for_a_message_is_told_that_the_call_is_broken(pki: Pki, own_relay: RelayCommand) -> None:
    async with worker_channel(pki.bridge(), own_relay.address) as channel:
        stream = channel.call(service.ATTACH)
        await stream.send(encode_from_bridge(Hello(version="1", targets=("echo",))))
        assert isinstance(decode_from_relay(await stream.receive() or b""), Welcome)
        waiting = asyncio.create_task(stream.receive())
        await asyncio.sleep(0)
        await channel.close()
        async with asyncio.timeout(START_SECONDS):
            with pytest.raises(StreamBrokenError, match="this side has closed the connection"):
                await waiting
            with pytest.raises(StreamBrokenError, match="this side has closed the connection"):
                await stream.receive()
            with pytest.raises(StreamBrokenError):
                await stream.send(b"")


async def test_who_is_cancelled_while_he_waits_for_a_message_stays_so(pki: Pki, own_relay: RelayCommand) -> None:
    async with worker_channel(pki.bridge(), own_relay.address) as channel:
        waiting = asyncio.create_task(channel.call(service.ATTACH).receive())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(waiting), START_SECONDS)
