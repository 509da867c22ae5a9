"""A forwarded connection over SSH, seen from both ends: every byte, the exact end each way, and the break."""

import asyncio
import os
import pwd
import subprocess
import sys

import pytest

from connect_protocol.relay.credit import BASE_WINDOW
from connect_ssh.channel import ByteChannel
from connect_ssh.errors import ChannelBrokenError, ConnectionLostError
from tests.support.ssh_channels import channel_pair

PIECE = bytes(range(256)) * 256


async def _all(channel: ByteChannel) -> bytes:
    received = bytearray()
    while (piece := await channel.receive()) is not None:
        received += piece
    return bytes(received)


async def test_every_byte_arrives_both_ways_and_each_way_ends_by_itself() -> None:
    async with asyncio.timeout(10), channel_pair() as pair:
        here, there = pair.here, pair.there
        listening = asyncio.create_task(_all(there))
        for _ in range(200):
            await here.send(PIECE)
        here.end()
        assert await listening == PIECE * 200
        await there.send(b"answer after the end")
        there.end()
        assert await _all(here) == b"answer after the end"


async def test_a_channel_closed_without_an_end_is_broken() -> None:
    """What came before is still received."""
    async with asyncio.timeout(10), channel_pair() as pair:
        here, there = pair.here, pair.there
        await here.send(b"half an answer")
        here.close()
        assert await there.receive() == b"half an answer"
        with pytest.raises(ChannelBrokenError):
            await there.receive()
        with pytest.raises(ChannelBrokenError):
            await there.send(b"too late")


async def test_who_receives_nothing_holds_up_the_sender_at_the_window() -> None:
    async with asyncio.timeout(10), channel_pair() as pair:
        here, there = pair.here, pair.there
        sent = 0
        sending = asyncio.create_task(here.send(PIECE))
        while (await asyncio.wait([sending], timeout=0.5))[0]:
            sent += len(PIECE)
            sending = asyncio.create_task(here.send(PIECE))
        assert BASE_WINDOW <= sent <= BASE_WINDOW + 2 * len(PIECE)
        here.end()
        assert len(await _all(there)) == sent + len(PIECE)
        await sending


async def test_a_channel_that_goes_with_its_connection_tells_so() -> None:
    async with asyncio.timeout(10), channel_pair() as pair:
        await pair.here.send(b"last words")
        await pair.here.drained()
        pair.connection.close()
        assert await pair.there.receive() == b"last words"
        with pytest.raises(ConnectionLostError):
            await pair.there.receive()


@pytest.mark.parametrize(("number", "name"), [(os.getuid(), pwd.getpwuid(os.getuid()).pw_name), (54321, "connect")])
def test_an_account_keeps_its_name_and_one_that_has_none_is_given_one(number: int, name: str) -> None:
    """Orders are recorded under it; and asyncssh refuses to work without."""
    program = f"import getpass, os, asyncssh, connect_ssh.options; os.getuid = lambda: {number}\n"
    command = [sys.executable, "-c", program + "import connect_ssh.client; print(getpass.getuser())"]
    ran = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == f"{name}\n"
