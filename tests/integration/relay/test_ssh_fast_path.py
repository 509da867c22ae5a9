"""The fast path carries what asyncssh carries, beside every peer: each byte, each end, each refusal."""

import asyncio
import hashlib
import os
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest
import uvloop

from benchmarks.delay_line import delay_line
from connect_ssh.buffers import BUFFER_BYTES
from connect_ssh.errors import ChannelBrokenError
from connect_ssh.fast_path import PINNED, SWITCH
from tests.support.ssh_channels import channel_pair
from tests.support.ssh_ways import (
    HOST,
    Connected,
    Duplex,
    Way,
    client,
    connected,
    echo_server,
    is_fast,
    open_channel,
)

MIB = 1 << 20
AROUND_BORDERS = [
    *(1, 2, 5, 6, 7, 15, 16, 17, 100, 4095, 4096),
    *(near + by for near in (32 * 1024, 128 * 1024, MIB) for by in (-1, 0, 1)),
    3 * MIB + 5,
]
FAST_ENDS = {
    Way.OURS: 2,
    Way.TO_STOCK: 1,
    Way.FROM_STOCK: 1,
    Way.STOCK: 0,
    Way.TO_SSHD: 1,
    Way.FROM_SSH: 1,
}
CHACHA = "chacha20-poly1305@openssh.com"
every_way = pytest.mark.parametrize("way", Way)


async def _receive_into(received: bytearray, duplex: Duplex) -> None:
    while (piece := await duplex.receive()) is not None:
        received += piece


async def _all(duplex: Duplex) -> bytes:
    received = bytearray()
    await _receive_into(received, duplex)
    return bytes(received)


async def _echoed(duplex: Duplex, pieces: Sequence[bytes]) -> bytes:
    """What comes back while these are sent, to the end of both."""
    listening = asyncio.create_task(_all(duplex))
    for piece in pieces:
        await duplex.send(piece)
    duplex.end()
    return await listening


async def _transfer(way: Way, folder: Path, more: int = 0) -> None:
    async with asyncio.timeout(30), connected(way, folder) as connection:
        pieces = [os.urandom(size) for size in (*AROUND_BORDERS, more)]
        assert await _echoed(await connection.open(), pieces) == b"".join(pieces)
        assert await _echoed(await connection.open(), []) == b""
        assert len(connection.fast_ends) == FAST_ENDS[way]


@every_way
async def test_every_byte_of_pieces_of_all_sizes_comes_both_ways(way: Way, tmp_path: Path) -> None:
    await _transfer(way, tmp_path)


@pytest.mark.parametrize("way", [Way.OURS, Way.FROM_SSH])
def test_so_it_is_on_uvloop(way: Way, tmp_path: Path) -> None:
    """Whose transports keep what they have not written where it is, and do not copy it."""
    uvloop.run(_transfer(way, tmp_path, more=48 * MIB))


@every_way
async def test_many_channels_at_once_keep_their_bytes_apart(way: Way, tmp_path: Path) -> None:
    async with asyncio.timeout(30), connected(way, tmp_path) as connection:
        contents = [bytes([number]) * (MIB + number) for number in range(12)]
        duplexes = [await connection.open() for _ in contents]
        echoes = await asyncio.gather(
            *(_echoed(each, [content]) for each, content in zip(duplexes, contents, strict=True))
        )
        assert echoes == contents


@every_way
async def test_new_keys_in_the_middle_cost_no_byte(way: Way, tmp_path: Path) -> None:
    """Both ends ask for them every 400 KB, of 6 MB that go both ways."""
    async with asyncio.timeout(30), connected(way, tmp_path, rekey_bytes=400_000) as connection:
        await _transfer_with_new_keys(connection, [os.urandom(100_000) for _ in range(60)])


async def test_new_keys_may_come_in_one_piece_with_data() -> None:
    """On a way of 20 ms there and back, much is under way at any time."""
    async with asyncio.timeout(30), echo_server([], rekey_bytes=400_000) as port:
        with delay_line(HOST, port, round_trip=0.02) as line:
            async with client(line.port, rekey_bytes=400_000) as connection:
                made = Connected(open=lambda: open_channel(connection), client=connection)
                await _transfer_with_new_keys(made, [os.urandom(100_000) for _ in range(60)])


@pytest.mark.parametrize("part", [5, 16, 700])
async def test_what_asyncssh_holds_of_a_packet_is_taken_back(part: int) -> None:
    """It is given what comes while it has a packet in work that it awaits, such as one for new keys."""
    servers: list[asyncssh.SSHServerConnection] = []
    async with asyncio.timeout(10), echo_server(servers) as port, client(port, fast=False) as connection:
        channel = await open_channel(connection)
        assert connection._transport is not None
        on_hold: list[bytes] = []
        connection._send = on_hold.append  # type: ignore[assignment, method-assign]
        content = os.urandom(3000)
        await channel.send(content)
        del connection._send
        packets = b"".join(on_hold)
        servers[0].data_received(packets[:part])
        connection._send(packets[part:])
        assert await _echoed(channel, []) == content


async def _transfer_with_new_keys(connection: Connected, pieces: Sequence[bytes]) -> None:
    duplex = await connection.open()
    await duplex.send(b"before")
    received = await duplex.receive() or b""
    ends = [end for end in (connection.client, connection.server) if end is not None]
    first_keys = [end._send_encryption for end in ends]
    received += await _echoed(duplex, pieces)
    assert received == b"before" + b"".join(pieces)
    assert [end for end, first in zip(ends, first_keys, strict=True) if end._send_encryption is first] == []


@pytest.mark.parametrize("way", [Way.OURS, Way.TO_STOCK, Way.FROM_STOCK])
async def test_both_ends_count_the_same_packets(way: Way, tmp_path: Path) -> None:
    """The numbers are nobody's nonce under AES-GCM, but what other ciphers and error messages go by."""
    async with asyncio.timeout(10), connected(way, tmp_path) as connection:
        await _echoed(await connection.open(), [bytes(MIB)] * 3)
        await connection.client._make_global_request(b"keepalive@openssh.com")
        assert connection.client._recv_seq == connection.server._send_seq
        assert connection.client._send_seq == connection.server._recv_seq


@every_way
async def test_a_full_window_stops_the_sender_and_loses_nothing(way: Way, tmp_path: Path) -> None:
    """Who sends may use his memory again as soon as `send` returns, wherever the bytes are."""
    async with asyncio.timeout(30), connected(way, tmp_path) as connection:
        duplex = await connection.open()
        sending = asyncio.create_task(_send_from_one_place(duplex))
        assert (await asyncio.wait([sending], timeout=0.7))[0] == set()
        listening = asyncio.create_task(_all(duplex))
        sent = await sending
        assert hashlib.sha256(await listening).digest() == sent


async def _send_from_one_place(duplex: Duplex) -> bytes:
    """Send 48 MB and the end; returns their digest."""
    sent = hashlib.sha256()
    place = bytearray(50_000)
    for number in range(960):
        place[:] = number.to_bytes(2, "big") * 25_000
        sent.update(place)
        await duplex.send(place)
    duplex.end()
    return sent.digest()


@pytest.mark.parametrize("fast", [True, False])
async def test_a_slow_reader_is_never_owed_more_than_its_window(*, fast: bool) -> None:
    """By itself, asyncssh grants a whole window for each megabyte that is read, and holds what comes: without end."""
    async with asyncio.timeout(30), channel_pair(fast=fast) as pair:
        sent = received = 0
        sending = asyncio.create_task(pair.here.send(bytes(MIB)))
        for _ in range(8):
            while (await asyncio.wait([sending], timeout=0.2))[0]:
                sent += MIB
                sending = asyncio.create_task(pair.here.send(bytes(MIB)))
            assert sent - received <= pair.there._window.size + MIB
            assert len(pair.there._held) <= pair.there._window.size
            received += len(await pair.there.receive() or b"")
        sending.cancel()


async def test_what_a_peer_does_not_take_waits_in_the_channels_and_one_buffer() -> None:
    """A hundred channels write to a connection whose socket nobody reads; only what `send` was given is held."""
    async with asyncio.timeout(30), _tampered() as tampering, client(tampering.port) as connection:
        channels = [await open_channel(connection) for _ in range(100)]
        tampering.reads.clear()
        sending = [asyncio.create_task(channel.send(bytes(MIB))) for channel in channels]
        await asyncio.wait(sending, timeout=0.5)
        assert connection._transport is not None
        assert 0 < connection._transport.get_write_buffer_size() <= BUFFER_BYTES
        tampering.reads.set()
        await asyncio.gather(*sending)


@pytest.mark.parametrize("towards_server", [True, False])
@pytest.mark.parametrize("after", [200_000, 200_007, 333_333, 4_000_000])
async def test_a_bit_that_flips_on_the_way_ends_the_connection_and_is_never_delivered(
    after: int, *, towards_server: bool
) -> None:
    async with asyncio.timeout(20), _tampered() as tampering, client(tampering.port) as connection:
        channel = await open_channel(connection)
        tampering.flip(after, towards_server=towards_server)
        content = os.urandom(6 * MIB)
        received = bytearray()
        sending = asyncio.create_task(channel.send(content))
        with pytest.raises(ChannelBrokenError):
            await _receive_into(received, channel)
        assert content.startswith(received)
        assert len(received) < len(content)
        await asyncio.gather(sending, return_exceptions=True)
        await connection.wait_closed()


@pytest.mark.parametrize("length", [0, 1, 12, 15, 17, 300 * 1024, MIB, 2**31, 2**32 - 1])
async def test_a_packet_of_a_length_that_cannot_be_ends_the_connection(length: int) -> None:
    """Before anything of it is waited for."""
    connections: list[asyncssh.SSHServerConnection] = []
    async with asyncio.timeout(10), echo_server(connections) as port, client(port, fast=False) as connection:
        channel = await open_channel(connection)
        await channel.send(b"before")
        assert await channel.receive() == b"before"
        assert is_fast(connections[0])
        connection._send(struct.pack(">I", length) + bytes(64))
        await connections[0].wait_closed()
        await connection.wait_closed()


async def test_other_ciphers_are_asyncsshs() -> None:
    """They are slower, and as exact."""
    async with asyncio.timeout(20), echo_server([]) as port, client(port, ciphers=[CHACHA]) as connection:
        content = os.urandom(9 * MIB)
        assert await _echoed(await open_channel(connection), [content]) == content


def test_the_version_is_the_one_that_the_fast_path_was_made_for() -> None:
    assert asyncssh.__version__ == PINNED


def test_beside_another_version_the_fast_path_steps_aside_and_says_so() -> None:
    told = _python("import asyncssh; asyncssh.__version__ = '2.99.0'")
    assert told.stdout == "False\n"
    assert "asyncssh is 2.99.0, not 2.24.1" in told.stderr


def test_the_fast_path_can_be_switched_off() -> None:
    told = _python("", **{SWITCH: "off"})
    assert (told.stdout, told.stderr) == ("False\n", "")


def _python(before: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Another Python, which tells whether it would use the fast path."""
    script = f"{before}\nfrom connect_ssh import fast_path\nprint(fast_path._USABLE)"
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)


class _Tampering:
    """A way to an echo through which bytes go as they come, or one bit of them does not."""

    def __init__(self, server: int) -> None:
        self.port = 0
        self.reads = asyncio.Event()
        self.reads.set()
        self._server = server
        self._flips: dict[bool, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def flip(self, after: int, *, towards_server: bool) -> None:
        """Flip a bit of the byte that comes after so many."""
        self._flips[towards_server] = after

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(HOST, self._server)
        for source, sink, towards_server in ((reader, there_writer, True), (there_reader, writer, False)):
            self._tasks.add(asyncio.create_task(self._carry_one_way(source, sink, towards_server=towards_server)))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry_one_way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, towards_server: bool
    ) -> None:
        try:
            while piece := bytearray(await reader.read(1 << 16)):
                self._flip_in(piece, towards_server)
                writer.write(piece)
                await writer.drain()
                await self.reads.wait()
        except ConnectionError:
            return
        finally:
            writer.close()

    def _flip_in(self, piece: bytearray, towards_server: bool) -> None:
        after = self._flips.pop(towards_server, None)
        if after is None:
            return
        if after < len(piece):
            piece[after] ^= 0x10
        else:
            self._flips[towards_server] = after - len(piece)


@asynccontextmanager
async def _tampered() -> AsyncIterator[_Tampering]:
    """Within: an echo server of ours, and such a way to it."""
    async with echo_server([]) as port:
        tampering = _Tampering(port)
        server = await asyncio.start_server(tampering.carry, HOST, 0)
        tampering.port = server.sockets[0].getsockname()[1]
        try:
            async with server:
                yield tampering
        finally:
            await tampering.stop()
