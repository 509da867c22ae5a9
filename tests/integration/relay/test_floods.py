"""Too many of everything at once: refused, counted, and nothing left over; a worker beside it does not notice."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack

import pytest

from connect_protocol.relay import service
from connect_protocol.relay.control import Heartbeat, Hello, encode_from_bridge
from connect_protocol.relay.errors import StreamBrokenError
from connect_protocol.relay.frames import Reset, ResetCode
from connect_relay.attachment import MOST_MESSAGES_PER_SECOND
from connect_relay.line_budget import MOST_PER_SECOND
from connect_relay.rpc import Channel, ClientStream
from tests.support.leaks import Stage
from tests.support.raw_http2 import GREETING, Kind, frame, heard, messages, request, spoken_to
from tests.support.relay import (
    HOST,
    OTHER_REALM,
    START_SECONDS,
    Line,
    Pki,
    RelayCommand,
    call,
    dial,
    worker_channel,
)

CALLERS = 300
CALLS = 150


@pytest.fixture
async def stranger(pki: Pki, stage: Stage) -> AsyncIterator[Channel]:
    """A worker of a realm that has no bridge."""
    async with worker_channel(pki.worker(OTHER_REALM), stage.relay.address) as channel:
        yield channel


async def test_a_flood_of_callers_without_certificates(stage: Stage) -> None:
    """All are counted; twenty a second have a line, and the others a sum."""
    await _shouted(stage.relay)
    async with stage.withstood():
        lines = await _shouted(stage.relay)
    assert {line["result"] for line in lines} == {"NO_TLS", "LEFT_OUT"}
    assert max(_by_second(lines)) <= 3 * MOST_PER_SECOND


async def test_a_flood_of_callers_with_certificates_who_call_nothing(stage: Stage, pki: Pki) -> None:
    counted = await _handshakes(stage.relay, "THROUGH")
    await asyncio.to_thread(_crowd, stage.relay.port, pki, CALLS)
    await stage.relay.counted('handshakes_total{result="THROUGH"}', counted + CALLS)
    async with stage.withstood():
        await asyncio.to_thread(_crowd, stage.relay.port, pki, CALLS)
        await stage.relay.counted('handshakes_total{result="THROUGH"}', counted + 2 * CALLS + 1)


async def test_a_flood_of_dials_is_refused_beyond_the_realms_share(stage: Stage, stranger: Channel) -> None:
    """Those that may wait for a bridge do; all others are told at once."""
    await _dials(stranger)
    refused = f'refusals_total{{code="LIMIT",realm="{OTHER_REALM}"}}'
    before = await stage.relay.metric(refused)
    async with stage.withstood():
        resets = await _dials(stranger)
    codes = [reset.code for reset in resets]
    assert codes.count(ResetCode.BRIDGE_ABSENT) >= 32
    assert codes.count(ResetCode.LIMIT) + codes.count(ResetCode.BRIDGE_ABSENT) == CALLS
    assert await stage.relay.metric(refused) - before == codes.count(ResetCode.LIMIT) > 0


async def test_a_flood_of_bridges_replaces_itself(stage: Stage, pki: Pki) -> None:
    """The newest four of a realm stay; whoever comes too much is told why he must go."""
    await _attachments(stage, pki)
    async with stage.withstood():
        reasons = await _attachments(stage, pki)
    assert len(reasons) == 40 - 4
    assert set(reasons) == {"ABORTED: newer bridges of this realm have come"}


async def test_a_flood_of_calls_that_say_nothing_is_refused_beyond_what_a_realm_needs(stage: Stage, pki: Pki) -> None:
    """Over several connections, for one alone may not even begin so many."""
    async with stage.withstood():
        failures = await _silent_calls(stage, pki)
    assert len(failures) == 2 * CALLS
    assert sum("calls already" in failure for failure in failures) == 2 * CALLS - 240
    assert sum("no Hello within 1 s" in failure for failure in failures) == 240


async def test_a_bridge_that_floods_its_control_stream_is_sent_away(stage: Stage, pki: Pki) -> None:
    hello = encode_from_bridge(Hello(version="1", targets=("echo",)))
    beats = [encode_from_bridge(Heartbeat(number)) for number in range(10 * MOST_MESSAGES_PER_SECOND)]
    async with stage.withstood():
        with spoken_to(stage.relay.port, pki.bridge(OTHER_REALM)) as connection:
            connection.sendall(GREETING + request(service.ATTACH) + messages(hello, *beats))
            await stage.relay.logged("detach", realm=OTHER_REALM, reason="more than 50 messages a second")


async def test_a_flood_of_pings_ends_the_connection(stage: Stage, pki: Pki) -> None:
    """HTTP/2's own, which no call sees."""
    async with stage.withstood():
        with spoken_to(stage.relay.port, pki.worker(OTHER_REALM)) as connection:
            connection.sendall(GREETING + frame(Kind.PING, bytes(8)) * 200)
            assert b"too_many_pings" in await asyncio.to_thread(heard, connection)


async def _shouted(relay: RelayCommand) -> list[Line]:
    """A flood of callers who speak no TLS; the lines that tell of them, which come to as many as they were."""
    begun, counted = len(relay.lines), await _handshakes(relay, "NO_TLS")
    await asyncio.to_thread(_shout, relay.port)
    await relay.counted('handshakes_total{result="NO_TLS"}', counted + CALLERS)

    def lines() -> list[Line]:
        return [line for line in relay.lines[begun:] if line.get("event") == "handshake"]

    async with asyncio.timeout(START_SECONDS):
        # Another process writes them: each is of one caller, or tells how many more there were.
        while sum(line.get("count", 1) for line in lines()) < CALLERS:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert sum(line.get("count", 1) for line in lines()) == CALLERS
    return lines()


def _shout(port: int) -> None:
    """Many callers at once who speak no TLS, and wait for their end."""
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection((HOST, port), timeout=30)) for _ in range(CALLERS)]
        for connection in connections:
            connection.sendall(b"what is this port?\r\n")
        for connection in connections:
            try:
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass


def _crowd(port: int, pki: Pki, callers: int) -> None:
    """So many callers at once with a certificate, all there at the same time."""
    with ExitStack() as stack:
        for _ in range(callers):
            connection = stack.enter_context(spoken_to(port, pki.worker(OTHER_REALM)))
            connection.sendall(GREETING)


async def _handshakes(relay: RelayCommand, result: str) -> float:
    return await relay.metric(f'handshakes_total{{result="{result}"}}')


def _by_second(lines: Sequence[Line]) -> list[int]:
    seconds = [line["timestamp"][:19] for line in lines]
    return [seconds.count(second) for second in set(seconds)]


async def _dials(channel: Channel) -> list[Reset]:
    """Many dials at once that wait for a bridge for a second; how they were refused."""
    calls = await asyncio.gather(
        *(call(channel, dial("echo", realm=OTHER_REALM, wait_seconds=1)) for _ in range(CALLS))
    )
    resets = []
    for stream, answer in calls:
        assert isinstance(answer, Reset)
        resets.append(answer)
        await stream.end()
        assert await stream.receive() is None
    return resets


async def _attached(channel: Channel) -> ClientStream:
    control = channel.call(service.ATTACH)
    await control.send(encode_from_bridge(Hello(version="1", targets=("echo",))))
    async with asyncio.timeout(START_SECONDS):
        assert await control.receive()
    return control


async def _attachments(stage: Stage, pki: Pki) -> list[str]:
    """Forty bridges of one realm, one after the other; what those were told who had to go."""
    async with worker_channel(pki.bridge(OTHER_REALM), stage.relay.address) as channel:
        controls = [await _attached(channel) for _ in range(40)]
        reasons = []
        for control in controls[:-4]:
            with pytest.raises(StreamBrokenError) as broken:
                await control.receive()
            reasons.append(str(broken.value))
        document = (await stage.relay.fetch("/bridges"))[1]
        assert document.count(OTHER_REALM) == 4
        for control in controls:
            control.close()
    await stage.relay.counted("bridges", 1)
    return reasons


async def _silent_calls(stage: Stage, pki: Pki) -> list[str]:
    """More calls than a realm needs, over three connections; what each was told in the end."""
    failures = []
    async with (
        worker_channel(pki.bridge(OTHER_REALM), stage.relay.address) as one,
        worker_channel(pki.bridge(OTHER_REALM), stage.relay.address) as two,
        worker_channel(pki.bridge(OTHER_REALM), stage.relay.address) as three,
    ):
        calls = [channel.call(service.ATTACH) for channel in (one, two, three) for _ in range(2 * CALLS // 3)]
        for outcome in await asyncio.gather(*(each.receive() for each in calls), return_exceptions=True):
            assert isinstance(outcome, StreamBrokenError)
            failures.append(str(outcome))
    return failures
