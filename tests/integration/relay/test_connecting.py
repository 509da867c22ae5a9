"""A worker reaches a target through relay and bridge, and what flows comes out as it went in."""

import asyncio
import json
from datetime import datetime
from hashlib import sha256
from random import Random
from typing import Any

import pytest
import uvloop

from connect_protocol.relay.ending import End, Ending
from connect_relay.rpc import Channel
from connect_relay.trust import serial_of
from tests.support.relay import (
    Command,
    Pki,
    RelayCommand,
    Tunnelled,
    certificate_in,
    dial,
    start_bridge,
    tunnel,
    worker_channel,
)
from tests.support.targets import ANSWER, Targets

MEGABYTE = 1 << 20


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_many_megabytes_come_back_byte_for_byte(pki: Pki, relay: RelayCommand, bridge: Command, run: Any) -> None:
    """On either event loop at the worker's end."""
    del bridge
    run(_echo_much(pki, relay))


async def _echo_much(pki: Pki, relay: RelayCommand) -> None:
    async with worker_channel(pki.worker(), relay.address) as channel, tunnel(channel, dial("echo")) as connection:
        sent, received = await asyncio.wait_for(asyncio.gather(_send_much(connection), _receive_all(connection)), 60)
        assert received == sent
        ending = await connection.ending()
        assert ending == Ending(end=End.CLOSED, sent=ending.received, received=ending.sent)
        assert ending.sent > 20 * MEGABYTE


async def _send_much(connection: Tunnelled) -> str:
    random = Random(1)  # noqa: S311 - test data
    digest = sha256()
    for _ in range(100):
        piece = random.randbytes(random.choice((1, 1000, 300_000, MEGABYTE)))
        digest.update(piece)
        await connection.write(piece)
    connection.end()
    return digest.hexdigest()


async def _receive_all(connection: Tunnelled) -> str:
    digest = sha256()
    while piece := await connection.read():
        digest.update(piece)
    return digest.hexdigest()


async def test_a_request_its_end_then_a_long_answer(channel: Channel, relay: RelayCommand, bridge: Command) -> None:
    """The half-close reaches the target, and the other direction goes on to its own end."""
    async with tunnel(channel, dial("late")) as connection:
        await connection.write(b"request")
        connection.end()
        assert await connection.read_exactly(10) == b"         7"
        assert await connection.read_exactly(len(ANSWER)) == ANSWER
        assert await connection.read() == b""
        assert await connection.ending() == Ending(end=End.CLOSED, sent=7, received=10 + len(ANSWER))
    line = await relay.logged("connect", target="late")
    assert (line["result"], line["sent"], line["received"]) == ("CLOSED", 7, 10 + len(ANSWER))
    line = await bridge.logged("connection closed", target="late")
    assert (line["end"], line["sent"], line["received"]) == ("closed", 7, 10 + len(ANSWER))


async def test_many_connections_at_once_do_not_mix(channel: Channel) -> None:
    async def echo(number: int) -> None:
        async with tunnel(channel, dial("echo")) as connection:
            message = f"connection {number} ".encode() * 5000
            await connection.write(message)
            assert await connection.read_exactly(len(message)) == message

    await asyncio.wait_for(asyncio.gather(*map(echo, range(20))), 60)


async def test_a_worker_that_comes_first_waits_for_the_bridge(
    pki: Pki, own_relay: RelayCommand, goals: Targets
) -> None:
    async with worker_channel(pki.worker(), own_relay.address) as channel:
        opening = asyncio.create_task(_open_echo(channel))
        await own_relay.counted("dials_waiting", 1)
        assert not opening.done()
        with start_bridge(pki.bridge(), own_relay.port, goals.by_name()):
            assert await asyncio.wait_for(opening, 20) == b"there"


async def _open_echo(channel: Channel) -> bytes:
    async with tunnel(channel, dial("echo", wait_seconds=15)) as connection:
        await connection.write(b"there")
        return await connection.read_exactly(5)


async def test_the_audit_line_tells_who_reached_what(pki: Pki, own_channel: Channel, own_relay: RelayCommand) -> None:
    async with tunnel(own_channel, dial("echo")) as connection:
        await connection.write(b"secret")
        assert await connection.read_exactly(6) == b"secret"
        connection.end()
        await connection.ending()
    line = dict(await own_relay.logged("connect"))
    assert line.pop("peer").startswith("ipv4:127.0.0.1:")
    assert line.pop("timestamp").endswith("Z")
    assert 0 < line.pop("dial_seconds") < line.pop("seconds")
    assert len(line.pop("connection")) == 32
    assert line.pop("credential") == serial_of(certificate_in(pki.worker()))
    assert line == {
        "event": "connect",
        "level": "info",
        "audit": True,
        "who": "connect://realm/musterwil/worker",
        "transport": "gRPC",
        "realm": "musterwil",
        "target": "echo",
        "result": "CLOSED",
        "reason": "",
        "sent": 6,
        "received": 6,
    }
    assert "secret" not in str(own_relay.lines)


async def test_the_admin_port_tells_who_is_there(
    pki: Pki, own_channel: Channel, own_relay: RelayCommand, own_bridge: Command, goals: Targets
) -> None:
    del own_channel
    document = json.loads((await own_relay.fetch("/bridges"))[1])
    (row,) = document["bridges"]
    since = row.pop("since")
    assert datetime.fromisoformat(row.pop("certificateEnd")) == certificate_in(pki.bridge()).not_valid_after_utc
    assert row == {
        "realm": "musterwil",
        "version": "0.1.0",
        "transport": "gRPC",
        "targets": list(goals.by_name()),
    }
    assert document["absent"] == []
    own_bridge.stop()
    await own_relay.logged("detach", realm="musterwil")
    document = json.loads((await own_relay.fetch("/bridges"))[1])
    assert document["bridges"] == []
    assert [row["realm"] for row in document["absent"]] == ["musterwil"]
    assert document["absent"][0]["since"] >= since


async def test_health_and_readiness(own_relay: RelayCommand) -> None:
    assert await own_relay.fetch("/healthz") == (200, "ok\n")
    assert await own_relay.fetch("/readyz") == (200, "ready\n")


async def test_the_metrics_count_what_has_happened(own_channel: Channel, own_relay: RelayCommand) -> None:
    async with tunnel(own_channel, dial("echo")) as connection:
        await connection.write(b"12345")
        await connection.read_exactly(5)
        _, text = await own_relay.fetch("/metrics")
        assert "connect_relay_bridges 1.0\n" in text
        assert "connect_relay_connections 1.0\n" in text
        assert 'connect_relay_dials_total{result="OPENED"} 1.0\n' in text
        assert 'connect_relay_bytes_total{direction="to_target"} 5.0\n' in text
        connection.end()
        await connection.ending()
    assert (await own_relay.logged("connect"))["reason"] == ""
    _, text = await own_relay.fetch("/metrics")
    assert "connect_relay_connections 0.0\n" in text
    assert 'connect_relay_connections_ended_total{result="CLOSED"} 1.0\n' in text
    assert 'connect_relay_connections_ended_total{result="BROKEN"} 0.0\n' in text
    assert "connect_relay_dial_seconds_count 1.0\n" in text
