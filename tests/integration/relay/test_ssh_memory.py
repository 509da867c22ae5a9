"""What a relay holds for channels that nobody reads, by stock OpenSSH at both ends, and what is left for others."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from connect_protocol.relay.credit import BASE_WINDOW, FIRST_STEP, LARGEST_BUDGET, ReceiveWindow
from connect_protocol.relay.frames import Data, Reset, ResetCode, encode
from connect_protocol.relay.pump import BUDGET
from connect_relay.ssh_stream import ServedStream
from connect_ssh.fast_path import SWITCH
from connect_ssh.options import CHANNEL
from tests.support.openssh import HOST, SshKeys, local_forward, ssh_port, stock_bridge
from tests.support.relay import Pki, RelayCommand
from tests.support.ssh_channels import channel_pair

MEBIBYTE = 1 << 20
STALLED = 40
BUSY = 8
MOST_SENT = 64 * MEBIBYTE
MOST_HELD = LARGEST_BUDGET + MEBIBYTE * STALLED
"""What windows may have grown by, and what each connection has without that. How far they grow until the target's
sockets are full is chance: a third of this as a rule, two thirds now and then."""


@pytest.mark.parametrize("fast_path", ["on", "off"])
async def test_stalled_channels_hold_their_windows_and_these_are_bounded(
    pki: Pki, ssh_keys: SshKeys, fast_path: str
) -> None:
    """Forty clients send, and the target reads nothing; each has two windows here, and what these hold is bounded."""
    relay = RelayCommand.serve(
        pki, *ssh_port(ssh_keys), "--dials-per-realm", str(STALLED), variables={SWITCH: fast_path}
    )
    with relay, _stalled_way(ssh_keys, relay) as port, ExitStack() as clients:
        before = relay.resident_bytes()
        connections = [clients.enter_context(socket.create_connection((HOST, port))) for _ in range(STALLED)]
        written = await asyncio.gather(*map(_write_until_stuck, connections))
        assert max(written) < MOST_SENT
        assert relay.resident_bytes() - before < MOST_HELD


@contextmanager
def _stalled_way(keys: SshKeys, relay: RelayCommand) -> Iterator[int]:
    """Within: a port from which `ssh -L` and `ssh -R` lead to a target that takes connections and reads nothing."""
    with (
        socket.create_server((HOST, 0), backlog=2 * STALLED) as target,
        stock_bridge(keys, relay.ssh_port, {"stalled": target.getsockname()[1]}),
    ):
        relay.wait_for("attach", result="ATTACHED", transport="SSH")
        with local_forward(keys, relay.ssh_port, "stalled:5432") as (_, (port,)):
            yield port


async def _write_until_stuck(client: socket.socket) -> int:
    """Bytes until nothing has been taken for two seconds."""
    written = 0
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    while written < MOST_SENT:
        try:
            await asyncio.wait_for(loop.sock_sendall(client, bytes(MEBIBYTE // 4)), 2)
        except TimeoutError:
            break
        written += MEBIBYTE // 4
    return written


@pytest.mark.parametrize("fast", [True, False])
async def test_who_comes_when_eight_have_all_that_they_could_get_still_gets_a_larger_window(*, fast: bool) -> None:
    """The eight are windows of this process as large as they come, which rest."""
    with ExitStack() as resting:
        for _ in range(BUSY):
            _grow(resting.enter_context(closing(BUDGET.open())))
        assert BUDGET.left <= LARGEST_BUDGET * 0.4
        async with asyncio.timeout(30), channel_pair(fast=fast) as pair:
            sending = asyncio.create_task(pair.here.send(bytes(8 * MEBIBYTE)))
            received = 0
            while received < 8 * MEBIBYTE:
                received += len(await pair.there.receive() or b"")
            await sending
            assert pair.there._window.size >= FIRST_STEP


async def test_a_peer_that_never_confirms_a_close_keeps_nothing_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    before = BUDGET.left
    async with asyncio.timeout(30), channel_pair() as pair:
        monkeypatch.setattr(pair.there._channel, "_close_send", lambda: None)
        sending = asyncio.create_task(pair.there.send(bytes(8 * MEBIBYTE)))
        received = 0
        while received < 4 * MEBIBYTE:
            received += len(await pair.here.receive() or b"")
        assert before - BUDGET.left >= FIRST_STEP - BASE_WINDOW
        pair.here.abort()
        assert BUDGET.left == before
        sending.cancel()


async def test_what_is_still_written_at_a_break_is_not_taken_from_the_budget() -> None:
    """A window that has had to yield to others gets nothing back by what its channel cannot send any more."""
    order = ServedStream("id", BASE_WINDOW)
    async with asyncio.timeout(30), channel_pair() as pair:
        await pair.connection.create_connection(lambda: order.session, "database", 5432, **CHANNEL)
        order.reached()
        _grow(order._window)
        with ExitStack() as others, closing(order):
            for _ in range(3 * BUSY):
                _grow(others.enter_context(closing(BUDGET.open())))
            left = BUDGET.left
            await order.send(encode(Data(bytes(FIRST_STEP))))
            await order.send(encode(Data(bytes(FIRST_STEP))))
            await order.send(encode(Reset(code=ResetCode.BROKEN, message="the worker is gone")))
            order.session.eof_received()
            assert BUDGET.left >= left


def _grow(window: ReceiveWindow) -> None:
    """As a sender does that nothing but the window limits."""
    for _ in range(30):
        coming = window._credit.available
        window.received(coming)
        window.drained(coming)
