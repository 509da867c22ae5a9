"""Callers who are slow, talk garbage, lie or talk out of turn: told or cut off, and nothing is left over."""

import asyncio
import random
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc
import grpc.aio
import pytest

from connect_protocol.relay import service
from connect_protocol.relay.control import Heartbeat, Hello, encode_from_bridge
from connect_protocol.relay.credit import BASE_WINDOW, LARGEST_WINDOW
from connect_protocol.relay.errors import StreamBrokenError
from connect_protocol.relay.frames import (
    LARGEST_DATA,
    Credit,
    Data,
    Frame,
    HalfClose,
    Opened,
    Reset,
    ResetCode,
    Serve,
    decode,
    encode,
)
from connect_relay.credentials import load_certificates
from connect_relay.rpc import Channel, ClientStream
from tests.support.frame_streams import NEWER
from tests.support.leaks import Stage
from tests.support.raw_http2 import GREETING, PREFACE, Kind, frame, heard, message, messages, request, spoken_to
from tests.support.relay import HOST, OTHER_REALM, START_SECONDS, Pki, RelayCommand, dial, worker_channel

FUZZED = 60
SEED = 20261122


# Slow


async def test_who_says_nothing_in_tls_is_cut_off(stage: Stage) -> None:
    async with stage.withstood():
        assert await asyncio.to_thread(_dribbled, stage.relay.port, b"") == b""
        await stage.relay.logged("handshake", result="TIMEOUT", reason="not done in time")


async def test_who_says_hello_a_byte_at_a_time_is_cut_off(stage: Stage) -> None:
    """Each byte is no new beginning."""
    begun = len(stage.relay.lines)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    async with stage.withstood():
        await asyncio.to_thread(_dribbled, stage.relay.port, hello)
        await stage.relay.logged("handshake", after=begun, result="TIMEOUT")


async def test_who_hangs_up_in_tls_has_a_line(stage: Stage) -> None:
    """No warning: a load balancer's probe does so all day."""
    begun = len(stage.relay.lines)
    async with stage.withstood():
        with socket.create_connection((HOST, stage.relay.port)) as connection:
            peer = f"ipv4:127.0.0.1:{connection.getsockname()[1]}"
        await stage.relay.logged("handshake", after=begun, result="HUNG_UP", peer=peer, level="info")


@pytest.mark.parametrize("said", [b"", PREFACE[:10], b"GET / HTTP/1.1\r\n\r\n"], ids=["nothing", "half", "other"])
async def test_who_speaks_no_http2_after_tls_is_cut_off(stage: Stage, pki: Pki, said: bytes) -> None:
    async with stage.withstood():
        with spoken_to(stage.relay.port, pki.worker()) as connection:
            connection.sendall(said)
            await asyncio.to_thread(heard, connection)


async def test_who_calls_and_says_nothing_is_told(stage: Stage) -> None:
    async with stage.withstood():
        assert await _told(stage, []) == Reset(code=ResetCode.PROTOCOL, message="no Dial within 1 s")
        await stage.relay.logged("connect", result="PROTOCOL", reason="no Dial within 1 s")


async def test_who_says_his_first_frame_a_byte_at_a_time_is_told(stage: Stage, pki: Pki) -> None:
    begun = len(stage.relay.lines)
    async with stage.withstood():
        with spoken_to(stage.relay.port, pki.worker()) as connection:
            connection.sendall(GREETING + request(service.CONNECT))
            answered = asyncio.create_task(asyncio.to_thread(connection.recv, 1))
            for byte in message(encode(dial("echo")))[:20]:
                connection.sendall(frame(Kind.DATA, bytes([byte]), stream=1))
                await asyncio.sleep(0.1)
            await answered
        await stage.relay.logged("connect", after=begun, result="PROTOCOL", reason="no Dial within 1 s")


async def test_what_else_is_written_to_stderr_arrives_and_a_crash_tells_where(pki: Pki) -> None:
    """The relay reads its own stderr; the last words of Python go to the real one."""
    with RelayCommand.serve(pki) as relay:
        relay.process.send_signal(signal.SIGSEGV)
        await relay.mentioned("Fatal Python error: Segmentation fault")
        await relay.mentioned("in run")


# Too large


async def test_metadata_that_are_too_large_end_the_call(stage: Stage) -> None:
    async with stage.withstood():
        assert await _heavy(stage) is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_message_that_is_too_large_ends_the_call_before_it_has_come(stage: Stage, pki: Pki) -> None:
    """What counts is what is announced."""
    async with stage.withstood():
        with spoken_to(stage.relay.port, pki.worker()) as connection:
            head = message(b"")[:1] + (1 << 31).to_bytes(4, "big")
            connection.sendall(GREETING + request(service.CONNECT) + frame(Kind.DATA, head + bytes(100), stream=1))
            assert b"larger than max" in await asyncio.to_thread(_until, connection, b"larger than max")


async def test_a_control_message_that_is_too_large_sends_the_bridge_away(stage: Stage, pki: Pki) -> None:
    begun = len(stage.relay.lines)
    async with stage.withstood(), worker_channel(pki.bridge(OTHER_REALM), stage.relay.address) as channel:
        await _told_off(channel, bytes(100_000))
        line = await stage.relay.logged("detach", after=begun, realm=OTHER_REALM)
        assert line["reason"] == "a message of 100000 bytes; at most 65536 are allowed"


# Out of turn, and lies


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ([Opened(window=5)], "the worker broke the protocol: a frame Opened where none may come"),
        ([Serve(connection_id="x")], "the worker broke the protocol: a frame Serve where none may come"),
        ([dial("echo")], "the worker broke the protocol: a frame Dial where none may come"),
        ([HalfClose(), Data(b"x")], "the worker broke the protocol: a frame Data where none may come"),
        ([HalfClose(), HalfClose()], "the worker broke the protocol: a frame HalfClose where none may come"),
        ([Credit(LARGEST_WINDOW)], "the worker broke the protocol: a credit of"),
        ([Credit(2**32 - 1)], "the worker broke the protocol: a credit of"),
    ],
)
async def test_what_may_not_come_on_an_open_connection_ends_it(stage: Stage, said: Sequence[Frame], what: str) -> None:
    async with stage.withstood():
        reset = await _told(stage, [dial("echo"), *said])
        assert reset.code is ResetCode.PROTOCOL
        assert reset.message.startswith(what)
        await stage.relay.logged("connect", result="PROTOCOL", reason=reset.message)


async def test_who_sends_more_than_he_was_granted_is_cut_off(stage: Stage) -> None:
    """A target that reads nothing grants nothing; the relay counts, and holds none of what was too much."""
    too_much = [Data(bytes(LARGEST_DATA))] * (LARGEST_WINDOW // LARGEST_DATA + 8)
    await _told(stage, [dial("stalled"), *too_much])
    async with stage.withstood():
        reset = await _told(stage, [dial("stalled"), *too_much])
        assert reset.code is ResetCode.PROTOCOL
        assert "bytes sent with a credit of" in reset.message


async def test_a_bridge_that_answers_what_nobody_asked_is_refused(stage: Stage) -> None:
    begun = len(stage.relay.lines)
    async with stage.withstood():
        reset = await _told(stage, [Serve(connection_id="0" * 32)], method=service.SERVE, folder=stage.pki.bridge())
        assert reset.code is ResetCode.REFUSED
        await stage.relay.logged("serve", after=begun, result="REFUSED")


async def test_a_frame_of_a_newer_version_passes_the_relay_and_ends_nothing(stage: Stage) -> None:
    """Nor before the connection is open: neither relay nor bridge stumbles."""
    async with stage.withstood():
        assert await _echoed(stage) == b"known"
        await stage.relay.logged("connect", result="CLOSED", sent=5, received=5)


# Garbage


async def test_fuzzed_first_frames(stage: Stage, pki: Pki) -> None:
    """Whatever begins a call: it ends, with a reset or an error, and each has its audit line."""
    begun = len(stage.relay.lines)
    async with stage.withstood(), worker_channel(pki.worker(), stage.relay.address) as worker:
        chance = _chance()
        await asyncio.gather(*(_spoken(worker, service.CONNECT, [_garbage(chance)]) for _ in range(FUZZED)))
        await _lines(stage, "connect", begun, FUZZED)


async def test_fuzzed_connections(stage: Stage, pki: Pki) -> None:
    """Damaged frames, whole ones out of turn, and garbage on connections that are open."""
    begun = len(stage.relay.lines)
    async with stage.withstood(), worker_channel(pki.worker(), stage.relay.address) as worker:
        chance = _chance()
        speeches = [[encode(dial("echo")), *(_garbage(chance) for _ in range(5))] for _ in range(FUZZED // 2)]
        await asyncio.gather(*(_spoken(worker, service.CONNECT, speech) for speech in speeches))
        await _lines(stage, "connect", begun, FUZZED // 2)


async def test_fuzzed_control_streams(stage: Stage, pki: Pki) -> None:
    begun = len(stage.relay.lines)
    hello = encode_from_bridge(Hello(version="1", targets=("a",)))
    async with stage.withstood():
        chance = _chance()
        with ExitStack() as stack:
            for _ in range(FUZZED):
                connection = stack.enter_context(spoken_to(stage.relay.port, pki.bridge(OTHER_REALM)))
                said = [*chance.choice([[], [hello]]), _noise(chance), _noise(chance)]
                connection.sendall(GREETING + request(service.ATTACH) + messages(*said))
            await _lines(stage, "attach", begun, FUZZED)
        await stage.relay.logged("attach", after=begun, realm=OTHER_REALM, result="PROTOCOL")
        await stage.relay.logged("detach", after=begun, realm=OTHER_REALM)


async def test_fuzzed_http2(stage: Stage, pki: Pki) -> None:
    """What is no HTTP/2 after its greeting ends that TCP connection alone."""
    chance = _chance()

    def fuzz() -> None:
        for _ in range(FUZZED // 2):
            with spoken_to(stage.relay.port, pki.worker()) as connection, suppress(OSError):
                connection.settimeout(0.05)
                kind, flags, stream = chance.randrange(12), chance.randrange(256), chance.randrange(4)
                junk = frame(Kind.DATA, chance.randbytes(60), flags=flags, stream=stream)
                connection.sendall(GREETING + junk[:3] + bytes([kind]) + junk[4:] + chance.randbytes(40))
                connection.recv(4096)

    async with stage.withstood():
        await asyncio.to_thread(fuzz)


def _dribbled(port: int, text: bytes) -> bytes:
    """Say it a byte at a time until the other side ends the connection; what came of it."""
    with socket.create_connection((HOST, port), timeout=0.05) as connection:
        for position in range(200):
            try:
                connection.sendall(text[position : position + 1])
                return connection.recv(100)
            except TimeoutError:
                continue
            except ConnectionError:
                return b""
    raise AssertionError("nobody has ended the connection")


def _until(connection: socket.socket, mark: bytes) -> bytes:
    """What comes up to some bytes, or to the end."""
    parts = bytearray()
    while mark not in parts and (piece := connection.recv(1 << 16)):
        parts += piece
    return bytes(parts)


async def _frame(stream: ClientStream) -> Frame | None:
    async with asyncio.timeout(START_SECONDS):
        data = await stream.receive()
    return None if data is None else decode(data)


async def _left(stream: ClientStream) -> None:
    """End the stream in order."""
    await stream.end()
    async with asyncio.timeout(START_SECONDS):
        while await stream.receive() is not None:
            pass


async def _told(
    stage: Stage, said: Sequence[Frame], *, method: str = service.CONNECT, folder: Path | None = None
) -> Reset:
    """Say all this, as a worker if no other folder is named; the reset that comes, behind whatever else."""
    async with worker_channel(folder or stage.pki.worker(), stage.relay.address) as channel:
        stream = channel.call(method)
        with suppress(StreamBrokenError):
            for each in said:
                await stream.send(encode(each))
        while not isinstance(frame := await _frame(stream), Reset):
            assert frame is not None
        await _left(stream)
    return frame


async def _heavy(stage: Stage) -> grpc.StatusCode:
    """How a call with large metadata ends."""
    mine = load_certificates(stage.pki.worker())
    credentials = grpc.ssl_channel_credentials(mine.ca, mine.key, mine.certificate)
    async with grpc.aio.secure_channel(str(stage.relay.address), credentials) as channel:
        dialling = channel.stream_stream(service.CONNECT)(metadata=(("ballast", "x" * 12_000),))
        async with asyncio.timeout(START_SECONDS):
            return await dialling.code()


async def _echoed(stage: Stage) -> bytes:
    """What comes back of an exchange between frames that nobody knows yet."""
    async with worker_channel(stage.pki.worker(), stage.relay.address) as channel:
        stream = channel.call(service.CONNECT)
        for each in (NEWER, encode(dial("echo")), NEWER, encode(Data(b"known")), encode(HalfClose())):
            await stream.send(each)
        assert isinstance(await _frame(stream), Opened)
        echo = await _frame(stream)
        assert isinstance(echo, Data)
        assert await _frame(stream) == HalfClose()
        await _left(stream)
    return bytes(echo.payload)


async def _told_off(channel: Channel, data: bytes) -> None:
    """Attach as a bridge, say something, and be sent away."""
    control = channel.call(service.ATTACH)
    await control.send(encode_from_bridge(Hello(version="1", targets=("echo",))))
    assert await control.receive()
    await control.send(data)
    with suppress(StreamBrokenError):
        while await control.receive():
            pass


async def _spoken(channel: Channel, method: str, messages: Sequence[bytes]) -> None:
    """Say all this, then end the stream; and hear what comes, until its end."""
    stream = channel.call(method)
    with suppress(StreamBrokenError):
        async with asyncio.timeout(START_SECONDS):
            for each in messages:
                await stream.send(each)
            await stream.end()
            while await stream.receive() is not None:
                pass


async def _lines(stage: Stage, event: str, begun: int, count: int) -> None:
    """Wait until so many audit lines of an event have come."""

    def found() -> int:
        return sum(line.get("event") == event for line in stage.relay.lines[begun:])

    async with asyncio.timeout(START_SECONDS):
        # Another process writes them.
        while found() < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _chance() -> random.Random:
    """The same each time."""
    return random.Random(SEED)  # noqa: S311 - it makes garbage, not keys


def _garbage(chance: random.Random) -> bytes:
    """A frame, whole, damaged or cut off; or noise."""
    whole: Sequence[Frame] = (
        Data(chance.randbytes(chance.randrange(1, 5000))),
        Credit(chance.choice([1, BASE_WINDOW, LARGEST_WINDOW, 2**32 - 1])),
        Opened(window=chance.randrange(2**32)),
        dial("echo", window=chance.randrange(2**32)),
        Reset(code=chance.choice(list(ResetCode)), message="x" * chance.randrange(500)),
        HalfClose(),
    )
    data = bytearray(encode(chance.choice(whole)))
    match chance.randrange(4):
        case 0:
            data[chance.randrange(len(data))] = chance.randrange(256)
        case 1:
            del data[chance.randrange(len(data)) :]
        case 2:
            data = bytearray(_noise(chance))
        case _:
            pass
    return bytes(data)


def _noise(chance: random.Random) -> bytes:
    return chance.choice([chance.randbytes(chance.randrange(1, 200)), encode_from_bridge(Heartbeat(1)), NEWER])
