"""What relay and bridge do not grant, who is told what, and what the audit line says."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import grpc
import grpc.aio
import pytest

from connect_protocol.relay import service
from connect_protocol.relay.control import (
    Hello,
    Open,
    Welcome,
    decode_from_relay,
    encode_from_bridge,
    encode_from_relay,
)
from connect_protocol.relay.errors import StreamBrokenError
from connect_protocol.relay.frames import Credit, Frame, Opened, Reset, ResetCode, Serve, decode, encode
from connect_protocol.relay.pump import FrameStream
from connect_relay.audit import Caller
from connect_relay.credentials import load_certificates
from connect_relay.rpc import Channel, ClientStream, Server
from connect_relay.settings import Address, Limits, Times
from tests.support.relay import (
    OTHER_REALM,
    REALM,
    START_SECONDS,
    Command,
    Pki,
    RelayCommand,
    call,
    dial,
    refusal,
    start_bridge,
    tunnel,
    worker_channel,
)
from tests.support.targets import Targets

TELL_LEAKS = {"PYTHONWARNINGS": "default::ResourceWarning"}


async def test_a_worker_reaches_no_other_realm(channel: Channel, relay: RelayCommand) -> None:
    """Not by naming it, for its certificate says where it belongs."""
    reset = await refusal(channel, dial("echo", realm=OTHER_REALM))
    assert reset.code is ResetCode.REFUSED
    assert reset.message == f"a certificate of realm {REALM} does not reach realm {OTHER_REALM}"
    line = await relay.logged("connect", result="REFUSED")
    assert (line["realm"], line["reason"], line["level"]) == (REALM, reset.message, "warning")


async def test_a_worker_of_another_realm_does_not_find_this_ones_bridge(
    pki: Pki, relay: RelayCommand, bridge: Command
) -> None:
    del bridge
    async with worker_channel(pki.worker(OTHER_REALM), relay.address) as channel:
        reset = await refusal(channel, dial("echo", realm=OTHER_REALM))
    assert reset.code is ResetCode.BRIDGE_ABSENT
    assert f"no bridge of realm {OTHER_REALM} has come since the relay started at 20" in reset.message


async def test_a_bridges_certificate_is_no_workers(pki: Pki, relay: RelayCommand, bridge: Command) -> None:
    del bridge
    async with worker_channel(pki.bridge(), relay.address) as channel:
        reset = await refusal(channel, dial("echo"))
    assert reset == Reset(code=ResetCode.REFUSED, message="only a worker may do this, not a bridge")
    await relay.logged("connect", result="REFUSED", who=f"connect://realm/{REALM}/bridge")


async def test_a_workers_certificate_is_no_bridges(pki: Pki, relay: RelayCommand) -> None:
    """It can neither attach nor take another's connection."""
    async with worker_channel(pki.worker(), relay.address) as channel:
        control = channel.call(service.ATTACH)
        await control.send(encode_from_bridge(Hello(version="1", targets=("database",))))
        with pytest.raises(StreamBrokenError, match="PERMISSION_DENIED: only a bridge may do this, not a worker"):
            await control.receive()
        serving = channel.call(service.SERVE)
        await serving.send(encode(Serve(connection_id="x")))
        assert await _frame(serving.receive) == Reset(
            code=ResetCode.REFUSED, message="only a bridge may do this, not a worker"
        )
        await serving.end()
        assert await serving.receive() is None
    await relay.logged("attach", result="REFUSED", who=f"connect://realm/{REALM}/worker")
    await relay.logged("serve", result="REFUSED", who=f"connect://realm/{REALM}/worker")


async def test_a_bridge_cannot_answer_for_another_realm(pki: Pki, own_relay: RelayCommand) -> None:
    """Not even when it knows the connection's id."""
    async with (
        worker_channel(pki.bridge(), own_relay.address) as own,
        worker_channel(pki.bridge(OTHER_REALM), own_relay.address) as other,
        worker_channel(pki.worker(), own_relay.address) as worker,
    ):
        control = own.call(service.ATTACH)
        await control.send(encode_from_bridge(Hello(version="1", targets=("database",))))
        await control.receive()
        dialling = asyncio.create_task(call(worker, dial("database")))
        order = await control.receive()
        assert order is not None
        connection_id = _connection_id(order)
        stolen = other.call(service.SERVE)
        await stolen.send(encode(Serve(connection_id=connection_id)))
        assert await _frame(stolen.receive) == Reset(
            code=ResetCode.REFUSED, message="no order for this bridge has this connection's id"
        )
        await stolen.end()
        rightful = own.call(service.SERVE)
        await rightful.send(encode(Serve(connection_id=connection_id)))
        await rightful.send(encode(Opened(window=1000)))
        stream, answer = await dialling
        assert answer == Opened(window=1000)
        stream.close()
        control.close()
    await own_relay.logged("serve", result="REFUSED", realm=OTHER_REALM)


async def test_an_unknown_target_is_named(channel: Channel, relay: RelayCommand) -> None:
    reset = await refusal(channel, dial("payroll"))
    assert reset.code is ResetCode.UNKNOWN_TARGET
    assert reset.message == "the bridge of realm musterwil has no target 'payroll'"
    await relay.logged("connect", result="UNKNOWN_TARGET", target="payroll")


async def test_a_bridge_opens_nothing_that_is_not_on_its_own_list(pki: Pki) -> None:
    """Even if a relay asks for it, as one might that has been taken over."""
    answers: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def on_attach(stream: FrameStream, _caller: Caller) -> None:
        await stream.receive()
        await stream.send(encode_from_relay(Welcome(version="1")))
        await stream.send(encode_from_relay(Open(connection_id="x", target="127.0.0.1:22", window=1000)))
        await stream.receive()

    async def on_serve(stream: FrameStream, _caller: Caller) -> None:
        for _ in range(2):
            await answers.put(await stream.receive())

    handlers = {service.ATTACH: on_attach, service.SERVE: on_serve}
    server = Server(handlers, load_certificates(pki.relay), limits=Limits(), times=Times())
    port = await server.start(Address(host="127.0.0.1", port=0))
    with start_bridge(pki.bridge(), port, {"database": 1}) as bridge:
        assert await _frame(answers.get) == Serve(connection_id="x")
        reset = Reset(code=ResetCode.UNKNOWN_TARGET, message="this bridge has no target '127.0.0.1:22'")
        assert await _frame(answers.get) == reset
        await bridge.logged("connection refused", reason=reset.message)
    await server.stop(0)


async def test_a_dial_ends_with_the_relay_that_wanted_it(pki: Pki) -> None:
    """Nothing is left of it, though the target would be reached later."""
    orders = [Open(connection_id="x", target="slow", window=1000)]

    async def on_attach(stream: FrameStream, _caller: Caller) -> None:
        await stream.receive()
        await stream.send(encode_from_relay(Welcome(version="1")))
        if orders:
            await stream.send(encode_from_relay(orders.pop()))
        while await stream.receive() is not None:
            pass

    server = Server({service.ATTACH: on_attach}, load_certificates(pki.relay), limits=Limits(), times=Times())
    port = await server.start(Address(host="127.0.0.1", port=0))
    quick = ("--heartbeat-seconds", "0.2", "--longest-pause-seconds", "60")
    with socket.create_server(("127.0.0.1", 0), backlog=0) as slow:
        place = slow.getsockname()
        with (
            socket.create_connection(place),
            start_bridge(pki.bridge(), port, {"slow": place[1]}, *quick, variables=TELL_LEAKS) as bridge,
        ):
            await bridge.logged("relay disconnected", cause="the relay has said nothing for 0.6 s")
            await bridge.logged("connection given up", connection="x", opened=False)
            # There is room for the bridge from now on, and it would have come a second later.
            slow.accept()[0].close()
            slow.settimeout(2)
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(slow.accept)
        assert not [line for line in bridge.lines if "unclosed" in str(line)]
    await server.stop(0)


async def test_a_target_that_refuses_is_unreachable(channel: Channel, relay: RelayCommand) -> None:
    reset = await refusal(channel, dial("refusing"))
    expected = Reset(code=ResetCode.TARGET_UNREACHABLE, message="target refusing cannot be reached: Connection refused")
    assert reset == expected
    await relay.logged("connect", result="TARGET_UNREACHABLE", reason=expected.message)


async def test_a_target_that_hangs_is_unreachable_after_the_bridges_patience(channel: Channel) -> None:
    async with asyncio.timeout(START_SECONDS):
        reset = await refusal(channel, dial("hanging"))
    assert reset.code is ResetCode.TARGET_UNREACHABLE
    assert reset.message == "target hanging has not answered within 1 s"


async def test_a_bridge_that_does_not_answer_is_unreachable_after_the_relays_patience(pki: Pki, goals: Targets) -> None:
    with (
        RelayCommand.serve(pki, "--dial-seconds", "0.5") as relay,
        start_bridge(pki.bridge(), relay.port, goals.by_name(), "--dial-seconds", "60") as bridge,
    ):
        await bridge.logged("relay connected")
        async with worker_channel(pki.worker(), relay.address) as channel, asyncio.timeout(START_SECONDS):
            reset = await refusal(channel, dial("hanging"))
    message = "the bridge has not reached hanging within 0.5 s"
    assert reset == Reset(code=ResetCode.TARGET_UNREACHABLE, message=message)


async def test_an_absent_bridge_is_waited_for_then_told_since_when(
    own_channel: Channel, own_relay: RelayCommand, own_bridge: Command
) -> None:
    own_bridge.stop()
    line = await own_relay.logged("detach", realm=REALM)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    reset = await refusal(own_channel, dial("echo", wait_seconds=1))
    assert loop.time() - begun > 0.9
    assert reset.code is ResetCode.BRIDGE_ABSENT
    since = reset.message.removeprefix(f"no bridge serves realm {REALM} since ").split()[0]
    away = datetime.fromisoformat(line["timestamp"]) - datetime.fromisoformat(since)
    assert timedelta() <= away < timedelta(minutes=1)


async def test_nobody_waits_longer_than_the_relay_allows(pki: Pki) -> None:
    with RelayCommand.serve(pki, "--wait-seconds", "0.3") as relay:
        async with worker_channel(pki.worker(), relay.address) as channel, asyncio.timeout(START_SECONDS):
            reset = await refusal(channel, dial("echo", wait_seconds=300))
    assert reset.code is ResetCode.BRIDGE_ABSENT


async def test_a_realm_gets_no_more_connections_than_its_share(pki: Pki, goals: Targets) -> None:
    with (
        RelayCommand.serve(pki, "--connections-per-realm", "2") as relay,
        start_bridge(pki.bridge(), relay.port, goals.by_name()) as bridge,
    ):
        await bridge.logged("relay connected")
        async with worker_channel(pki.worker(), relay.address) as channel:
            async with tunnel(channel, dial("echo")), tunnel(channel, dial("echo")) as last:
                reset = await refusal(channel, dial("echo"))
                last.end()
                await last.ending()
            await relay.logged("connect", result="CLOSED")
            async with tunnel(channel, dial("echo")):
                pass
    assert reset == Reset(code=ResetCode.LIMIT, message="realm musterwil has 2 connections already")


async def test_a_realm_gets_no_more_dials_than_its_share(pki: Pki, goals: Targets) -> None:
    with (
        RelayCommand.serve(pki, "--dials-per-realm", "1", "--dial-seconds", "2") as relay,
        start_bridge(pki.bridge(), relay.port, goals.by_name()) as bridge,
    ):
        await bridge.logged("relay connected")
        async with worker_channel(pki.worker(), relay.address) as channel:
            dialling = asyncio.create_task(refusal(channel, dial("hanging")))
            await relay.counted("dials_under_way", 1)
            reset = await refusal(channel, dial("echo"))
            assert (await dialling).code is ResetCode.TARGET_UNREACHABLE
    assert reset == Reset(code=ResetCode.LIMIT, message="realm musterwil has 1 dials already")


async def test_who_waits_for_a_bridge_is_in_nobodys_way(pki: Pki, goals: Targets) -> None:
    """Of one realm as many wait as it may have dials, and one more is refused; the other realm's have their bridge."""
    with (
        RelayCommand.serve(pki, "--dials", "1", "--dials-per-realm", "1") as relay,
        start_bridge(pki.bridge(OTHER_REALM), relay.port, goals.by_name()) as bridge,
    ):
        await bridge.logged("relay connected")
        async with (
            worker_channel(pki.worker(), relay.address) as absent,
            worker_channel(pki.worker(OTHER_REALM), relay.address) as there,
        ):
            waiting = asyncio.create_task(call(absent, dial("echo", wait_seconds=60)))
            await relay.counted("dials_waiting", 1)
            await relay.counted("dials_under_way", 0)
            async with tunnel(there, dial("echo", realm=OTHER_REALM)) as connection:
                await connection.write(b"there")
                assert await connection.read_exactly(5) == b"there"
            reset = await refusal(absent, dial("echo", wait_seconds=60))
            assert reset.message == "realm musterwil has 1 dials that wait for a bridge already"
            assert (await refusal(absent, dial("echo"))).code is ResetCode.BRIDGE_ABSENT
            assert not waiting.done()
            waiting.cancel()
        await relay.counted("dials_waiting", 0)


@pytest.mark.parametrize("name", ["Database", "data base", "a=b", "x" * 64, "db\n{}", "d\u202eb"])
async def test_a_bridge_with_a_target_of_no_name_is_told(pki: Pki, relay: RelayCommand, name: str) -> None:
    """In words that can stand in any log."""
    async with worker_channel(pki.bridge(OTHER_REALM), relay.address) as channel:
        control = channel.call(service.ATTACH)
        await control.send(encode_from_bridge(Hello(version="1", targets=("database", name))))
        with pytest.raises(StreamBrokenError) as broken:
            await control.receive()
    said = str(broken.value)
    assert said.startswith("PERMISSION_DENIED: ")
    assert "is no name for a target: lower-case letters, digits and hyphens between them" in said
    assert said.isascii()
    assert said.isprintable()
    await relay.logged("attach", result="REFUSED", reason=said.removeprefix("PERMISSION_DENIED: "))


async def test_what_a_worker_asks_for_is_cut_off_and_escaped_in_the_audit_line(
    channel: Channel, relay: RelayCommand
) -> None:
    reset = await refusal(channel, dial("d\u202eb" + "x" * 4000))
    assert reset.code is ResetCode.UNKNOWN_TARGET
    line = await relay.logged("connect", reason=reset.message)
    for text in (line["target"], line["reason"]):
        assert len(text) < 200
        assert text.isascii()


@pytest.mark.parametrize(
    ("first", "what"),
    [
        (encode(Credit(5)), "a frame Credit in place of Dial"),
        (b"\xff\xff", "bytes that are no frame"),
        (encode(dial("echo", window=0)), "a window of 0 bytes"),
        (encode(dial("echo", window=2**31)), "a window of 2147483648 bytes"),
    ],
)
async def test_a_worker_that_breaks_the_protocol_is_told(
    channel: Channel, relay: RelayCommand, first: bytes, what: str
) -> None:
    stream = channel.call(service.CONNECT)
    await stream.send(first)
    reset = await _frame(stream.receive)
    assert isinstance(reset, Reset)
    assert reset.code is ResetCode.PROTOCOL
    assert what in reset.message
    await stream.end()
    await relay.logged("connect", result="PROTOCOL")


async def test_a_frame_that_is_too_large_ends_the_call(pki: Pki, channel: Channel, relay: RelayCommand) -> None:
    """GRPC itself refuses it, before it is in memory as a whole."""
    certificates = load_certificates(pki.worker())
    credentials = grpc.ssl_channel_credentials(certificates.ca, certificates.key, certificates.certificate)
    async with grpc.aio.secure_channel(str(relay.address), credentials) as unlimited:
        stream = ClientStream(unlimited.stream_stream(service.CONNECT)())
        with pytest.raises(StreamBrokenError, match="RESOURCE_EXHAUSTED"):
            await _exchange(stream, bytes(2 << 20))
    async with tunnel(channel, dial("echo")) as connection:
        await connection.write(b"the relay goes on")
        assert await connection.read_exactly(17) == b"the relay goes on"
    assert relay.process.poll() is None


async def test_a_certificate_of_another_authority_is_refused(pki: Pki, relay: RelayCommand, tmp_path: Path) -> None:
    """By TLS, before anything is said."""
    foreign = load_certificates(Pki.create(tmp_path).worker())
    trusting = replace(foreign, ca=load_certificates(pki.relay).ca)
    channel = Channel(relay.address, trusting, service.HEARTBEAT_SECONDS)
    stream = channel.call(service.CONNECT)
    with pytest.raises(StreamBrokenError, match="UNAVAILABLE"):
        await _exchange(stream, encode(dial("echo")))
    await channel.close()
    reason = "the caller's certificate is not accepted: unable to get local issuer certificate"
    line = await relay.logged("handshake", result="CERTIFICATE_REFUSED", reason=reason)
    assert line["peer"].startswith("ipv4:127.0.0.1:")
    assert (line["who"], line["realm"], line["audit"], line["level"]) == ("unknown", None, True, "warning")


async def test_a_caller_without_certificate_is_refused(pki: Pki, relay: RelayCommand) -> None:
    context = ssl.create_default_context(cafile=str(pki.relay / "ca.crt"))
    context.set_alpn_protocols(["h2"])
    assert await asyncio.to_thread(_says_nothing, context, relay.port)
    await relay.logged("handshake", result="NO_CERTIFICATE", reason="the caller has no certificate")


async def test_plain_text_on_the_port_is_refused(relay: RelayCommand) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    port = writer.get_extra_info("sockname")[1]
    writer.write(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
    async with asyncio.timeout(15):
        assert b"HTTP/1.1 200" not in await _all_of(reader)
    writer.close()
    await relay.logged("handshake", result="NO_TLS", peer=f"ipv4:127.0.0.1:{port}", reason="plain HTTP in place of TLS")


@pytest.mark.parametrize(("option", "works"), [("-tls1_2", False), ("-tls1_3", True)])
async def test_only_tls_1_3_is_spoken(pki: Pki, relay: RelayCommand, option: str, works: bool) -> None:
    """OpenSSL's own client, with a certificate that the relay accepts, shows what is negotiated."""
    folder = pki.worker()
    client = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{relay.port}", option, "-brief", "-alpn", "h2"),
        *("-cert", folder / "tls.crt", "-key", folder / "tls.key", "-CAfile", folder / "ca.crt"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = (await asyncio.wait_for(client.communicate(), 20))[0].decode(errors="replace")
    assert ("Protocol version: TLSv1.3" in output) is works
    assert ("CONNECTION ESTABLISHED" in output) is works
    if not works:
        await relay.logged("handshake", result="TLS_TOO_OLD")


async def test_a_bridge_that_mistrusts_the_relay_says_so(relay: RelayCommand, tmp_path: Path) -> None:
    """Its own authority is another one."""
    with start_bridge(Pki.create(tmp_path).bridge(), relay.port, {"echo": 1}) as bridge:
        line = await bridge.logged("relay not reached")
    assert "the relay's certificate does not verify: unable to get local issuer" in line["cause"]
    assert "connect-bridge doctor" in line["todo"]
    await relay.logged("handshake", result="HUNG_UP", level="info")


def _says_nothing(context: ssl.SSLContext, port: int) -> bool:
    """Whether TLS ends before a byte of HTTP/2 has come. In TLS 1.3 the refusal comes after the client is done."""
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            return secure.recv(100) == b""
    except (ssl.SSLError, ConnectionError):
        return True


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def _exchange(stream: ClientStream, frame: bytes) -> bytes | None:
    await stream.send(frame)
    return await stream.receive()


async def _frame(receive: Callable[[], Awaitable[bytes | None]]) -> Frame:
    async with asyncio.timeout(START_SECONDS):
        message = await receive()
    assert message is not None
    frame = decode(message)
    assert frame is not None
    return frame


def _connection_id(order: bytes) -> str:
    message = decode_from_relay(order)
    assert isinstance(message, Open)
    return message.connection_id
