"""Too many, too slow and senseless callers on the SSH port: sent away, told of, and nothing is left over."""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import asyncssh
import pytest

from connect_protocol.relay.identity import Role
from connect_relay.line_budget import MOST_PER_SECOND
from tests.support.leaks import Stage
from tests.support.openssh import SshKeys, ssh_port
from tests.support.relay import HOST, OTHER_REALM, START_SECONDS, Pki, RelayCommand, start_bridge
from tests.support.targets import Targets

CALLERS = 150
LOGINS = 20
DIALS = 200
SEED = 20261123


@pytest.fixture(scope="module")
def stage(pki: Pki, ssh_keys: SshKeys, goals: Targets) -> Iterator[Stage]:
    options = ("--patience-seconds", "1", "--drain-seconds", "1")
    with (
        RelayCommand.serve(pki, *ssh_port(ssh_keys), *options) as relay,
        start_bridge(pki.bridge(), relay.port, goals.by_name()) as bridge,
    ):
        yield Stage.set_up(pki, relay, bridge)


async def test_a_flood_of_strangers_has_a_sum_and_leaves_nothing(stage: Stage) -> None:
    await asyncio.to_thread(_shout, stage.relay.ssh_port)
    begun = len(stage.relay.lines)
    refused = 'refusals_total{code="LIMIT",realm="(nobody)"}'
    before = await stage.relay.metric(refused)
    async with stage.withstood():
        await asyncio.to_thread(_shout, stage.relay.ssh_port)
        await stage.relay.logged("login", after=begun, result="LEFT_OUT")
    logins = [line for line in stage.relay.lines[begun:] if line.get("event") == "login"]
    seconds = Counter(line["timestamp"][:19] for line in logins)
    assert max(seconds.values()) <= 3 * MOST_PER_SECOND
    assert await stage.relay.metric(refused) > before


async def test_strangers_who_only_dribble_are_sent_away_and_leave_nothing(stage: Stage) -> None:
    """A byte at a time, in the version's line and behind it."""
    async with stage.withstood():
        await asyncio.gather(*(_dribble(stage.relay.ssh_port, text) for text in (b"", b"SSH-2.0-x" * 50)))


async def test_fuzzed_packets_end_that_connection_alone(stage: Stage) -> None:
    chance = random.Random(SEED)  # noqa: S311 - it makes garbage, not keys
    async with stage.withstood():
        for _ in range(LOGINS):
            noise = chance.randbytes(chance.randrange(1, 2000))
            length = chance.choice([0, 5, 12, 2**31, chance.randrange(40_000)])
            said = b"SSH-2.0-fuzz\r\n" + length.to_bytes(4, "big") + noise
            await asyncio.to_thread(_said, stage.relay.ssh_port, said)


async def test_a_flood_of_dials_by_ssh_is_refused_beyond_the_realms_share(stage: Stage, ssh_keys: SshKeys) -> None:
    """On one connection; nobody serves this realm."""
    await _dials(stage, ssh_keys)
    async with stage.withstood():
        reasons = await _dials(stage, ssh_keys)
    assert len(reasons) == DIALS
    assert {reason.split(":")[0] for reason in reasons} <= {"LIMIT", "BRIDGE_ABSENT"}


def _shout(port: int) -> None:
    """Many at once who speak no SSH."""
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection((HOST, port), timeout=10)) for _ in range(CALLERS)]
        for connection in connections:
            with suppress(OSError):
                connection.sendall(b"what is this port?\r\n" * 10)
        for connection in connections:
            _heard(connection)


def _said(port: int, data: bytes) -> None:
    with socket.create_connection((HOST, port), timeout=10) as connection, suppress(ConnectionError):
        connection.sendall(data)
        _heard(connection)


def _heard(connection: socket.socket) -> None:
    """Wait for the end."""
    with suppress(ConnectionError):
        while connection.recv(4096):
            pass


async def _dribble(port: int, text: bytes) -> None:
    """Say it a byte at a time until somebody has had enough."""
    reader, writer = await asyncio.open_connection(HOST, port)
    ended = asyncio.create_task(reader.read())
    for position in range(100):
        with suppress(ConnectionError):
            writer.write(text[position : position + 1])
            await writer.drain()
        if (await asyncio.wait([ended], timeout=0.05))[0]:
            break
    assert ended.done()
    await asyncio.gather(ended, return_exceptions=True)
    writer.close()


async def _dials(stage: Stage, keys: SshKeys) -> list[str]:
    """Many dials on one connection; how they were refused."""
    async with asyncssh.connect(
        HOST,
        stage.relay.ssh_port,
        config=None,
        username="connect",
        known_hosts=None,
        client_keys=[str(keys.of(Role.WORKER, OTHER_REALM))],
    ) as connection:
        opening = (connection.open_connection("echo", 0) for _ in range(DIALS))
        outcomes = await asyncio.wait_for(asyncio.gather(*opening, return_exceptions=True), START_SECONDS)
    return [outcome.reason for outcome in outcomes if isinstance(outcome, asyncssh.ChannelOpenError)]
