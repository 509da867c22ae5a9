"""A relay or bridge that has no descriptors left: what is open goes on, and the rest comes back with them."""

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from connect_protocol.relay.frames import ResetCode
from connect_relay.rpc import Channel
from tests.support.relay import HOST, Command, Pki, RelayCommand, dial, refusal, tunnel, worker_channel

PLENTY = 4096


@contextmanager
def _no_descriptors_left(command: Command) -> Iterator[None]:
    """Within: the process can open nothing more."""
    pid = command.process.pid
    used = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    first_free = next(number for number in count() if number not in used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (first_free, PLENTY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (PLENTY, PLENTY))


async def test_a_relay_serves_those_who_are_there_and_then_everybody(
    pki: Pki, own_channel: Channel, own_relay: RelayCommand
) -> None:
    async with tunnel(own_channel, dial("echo")) as there:
        with _no_descriptors_left(own_relay):
            caller = socket.create_connection((HOST, own_relay.port))
            await own_relay.mentioned("File descriptor limit reached")
            await there.write(b"still here")
            assert await there.read_exactly(10) == b"still here"
        caller.close()
        async with worker_channel(pki.worker(), own_relay.address) as late, tunnel(late, dial("echo")) as connection:
            await connection.write(b"again")
            assert await connection.read_exactly(5) == b"again"


async def test_a_bridge_tells_who_cannot_be_served(own_channel: Channel, own_bridge: Command) -> None:
    async with tunnel(own_channel, dial("echo")) as there:
        with _no_descriptors_left(own_bridge):
            reset = await refusal(own_channel, dial("echo"))
            await there.write(b"still here")
            assert await there.read_exactly(10) == b"still here"
    assert reset.code is ResetCode.TARGET_UNREACHABLE
    assert reset.message == "target echo cannot be reached: Too many open files"
    async with tunnel(own_channel, dial("echo")) as connection:
        await connection.write(b"again")
        assert await connection.read_exactly(5) == b"again"
