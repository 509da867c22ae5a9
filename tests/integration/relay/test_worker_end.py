"""The worker's end of a tunnel: at a relay that does wrong, and in a process that has no descriptors left."""

import asyncio
import os
import resource
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from connect_protocol.relay import service
from connect_protocol.relay.frames import Data, Dial, HalfClose, Opened, decode, encode
from connect_protocol.relay.pump import FrameStream
from connect_relay.audit import Caller
from connect_relay.credentials import load_certificates
from connect_relay.errors import AbortedError
from connect_relay.rpc import Handler, Server
from connect_relay.settings import Address, Limits, Times
from connect_worker.model.secret import Secret
from connect_worker.settings import GrpcRelay
from connect_worker.tunnel.any_relay import AnyRelay
from connect_worker.tunnel.base import Target
from connect_worker.tunnel.grpc_client import GrpcTunnel
from connect_worker.tunnel.listener import Listener
from connect_worker.tunnel.places import Place
from tests.support.chain import connected
from tests.support.relay import HOST, REALM, START_SECONDS, Pki

WHOLE = b"an answer"


@asynccontextmanager
async def _listener(pki: Pki, on_connect: Handler) -> AsyncIterator[Listener]:
    """Within: a worker's way to the database, through a relay that does this."""
    handlers = {service.CONNECT: on_connect}
    server = Server(handlers, load_certificates(pki.relay), limits=Limits(), times=Times())
    port = await server.start(Address(host=HOST, port=0))
    try:
        async with _tunnel(pki.worker(), port) as tunnel, Listener(tunnel, Target.DATABASE) as listener:
            yield listener
    finally:
        await server.stop(0)


def _tunnel(tls: Path, port: int) -> AnyRelay:
    certificate, key, ca = ((tls / name).read_text() for name in ("tls.crt", "tls.key", "ca.crt"))
    addresses = (f"{HOST}:{port}",)
    settings = GrpcRelay(addresses=addresses, certificate=certificate, key=Secret(key), ca=ca, wait=timedelta())

    def call(place: Place) -> GrpcTunnel:
        return GrpcTunnel(settings, REALM, place)

    return AnyRelay(addresses, call)


async def _answered(port: int) -> bytes:
    """What comes on a connection until its end."""
    with await connected(port) as connection:
        loop = asyncio.get_running_loop()
        connection.shutdown(socket.SHUT_WR)
        received = bytearray()
        async with asyncio.timeout(START_SECONDS):
            while piece := await loop.sock_recv(connection, 1 << 16):
                received += piece
        return bytes(received)


async def _end(stream: FrameStream, window: int) -> None:
    """Open, answer, and end the connection in order."""
    await stream.send(encode(Opened(window=window)))
    await stream.send(encode(Data(WHOLE)))
    await stream.send(encode(HalfClose()))
    while await stream.receive() is not None:
        pass


@pytest.mark.parametrize("window", [0, 2**31])
async def test_an_impossible_window_costs_one_connection_and_is_told(pki: Pki, window: int) -> None:
    """The listener goes on: the next connection, which is opened as it should be, is whole."""
    windows = [window, 1 << 16]

    async def on_connect(stream: FrameStream, _caller: Caller) -> None:
        message = await stream.receive()
        assert message is not None
        assert isinstance(decode(message), Dial)
        await _end(stream, windows.pop(0))

    async with _listener(pki, on_connect) as listener:
        with structlog.testing.capture_logs() as lines:
            assert await _answered(listener.port) == b""
            failure = await listener.explanation()
        assert failure is not None
        said = f"it breaks the protocol: it opens with a window of {window} bytes"
        assert said in failure.what
        assert failure.reason == "RelayUnreachable"
        (line,) = (line for line in lines if line["event"] == "the tunnel failed")
        assert said in line["cause"]
        assert await _answered(listener.port) == WHOLE


async def test_a_relay_that_ends_calls_is_told_without_words_of_grpcs_own(pki: Pki) -> None:
    """The library says "Internal error" where its own write fails as the call ends: half of the time here."""

    async def on_connect(stream: FrameStream, _caller: Caller) -> None:
        await stream.receive()
        await stream.send(encode(Opened(window=1 << 24)))
        await stream.receive()
        raise AbortedError("enough")

    async with _listener(pki, on_connect) as listener:
        with structlog.testing.capture_logs() as lines:
            await asyncio.gather(*(_flooded(listener.port) for _ in range(20)))
            await listener.explanation()
        causes = {line["cause"] for line in lines if line["event"] == "the tunnel failed"}
    assert causes
    assert not [cause for cause in causes if "Internal" in cause or "INTERNAL" in cause]


async def _flooded(port: int) -> None:
    """Send until the connection breaks."""
    with await connected(port) as connection:
        async with asyncio.timeout(START_SECONDS):
            try:
                while True:
                    await asyncio.get_running_loop().sock_sendall(connection, bytes(1 << 18))
            except (ConnectionResetError, BrokenPipeError):
                pass


async def test_a_lack_of_descriptors_is_told_waited_out_and_healed(pki: Pki) -> None:
    """Without a busy loop: while nothing can be taken, hardly any time is computed."""

    async def on_connect(stream: FrameStream, _caller: Caller) -> None:
        await stream.receive()
        await _end(stream, 1 << 16)

    async with _listener(pki, on_connect) as listener:
        assert await _answered(listener.port) == WHOLE
        # It has let go of its descriptors then.
        assert await listener.explanation() is None
        with structlog.testing.capture_logs() as lines:
            with _no_descriptors_left():
                waiting = asyncio.create_task(_answered(listener.port))
                await asyncio.sleep(0)
                begun = os.times().user
                # There is nothing to wait for: that hardly anything happens is the fact.
                await asyncio.sleep(1.2)
                assert os.times().user - begun < 0.6
                assert not waiting.done()
            assert await waiting == WHOLE
            assert await _answered(listener.port) == WHOLE
    events = [line["event"] for line in lines]
    assert events == ["no connection can be taken", "connections can be taken again"]
    assert lines[0]["cause"] == "Too many open files"


@contextmanager
def _no_descriptors_left() -> Iterator[None]:
    """Within: this process can open one file more, and that is all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as held:
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        last = os.dup(sys.stderr.fileno())
        resource.setrlimit(resource.RLIMIT_NOFILE, (last + 2, hard))
        with suppress(OSError):
            while True:
                held.callback(os.close, os.dup(last))
        os.close(last)
        yield
