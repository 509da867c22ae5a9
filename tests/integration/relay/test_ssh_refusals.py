"""What the SSH port does not grant: who is told what, and what the audit line says."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import asyncssh
import pytest

from connect_protocol.relay.identity import Role
from connect_relay.server import Relay, running
from connect_relay.settings import Limits, Times
from tests.support.openssh import (
    HOST,
    Ssh,
    SshKeys,
    fingerprint_of,
    generate_key,
    piping,
    public_key,
    run_ssh,
    ssh_command,
    stock_bridge,
)
from tests.support.ports import reserved_port
from tests.support.relay import OTHER_REALM, REALM, START_SECONDS, Pki, RelayCommand
from tests.support.targets import Targets

WORKER = f"connect://realm/{REALM}/worker"
BRIDGE = f"connect://realm/{REALM}/bridge"


async def test_an_unknown_key_is_not_let_in(ssh_keys: SshKeys, ssh_relay: RelayCommand, tmp_path: Path) -> None:
    generate_key(tmp_path / "stranger")
    ran = await run_ssh(ssh_command(ssh_keys, tmp_path / "stranger", ssh_relay.ssh_port, "-N"))
    assert "Permission denied (publickey)" in ran.said
    reason = f"unknown key {fingerprint_of(tmp_path / 'stranger')}"
    line = await ssh_relay.logged("login", result="REFUSED", reason=reason)
    assert {"who": "unknown", "level": "warning", "transport": "SSH", "realm": None}.items() <= line.items()


async def test_whoever_knows_the_public_half_of_a_key_only_is_not_let_in(
    ssh_keys: SshKeys, ssh_relay: RelayCommand, tmp_path: Path
) -> None:
    generate_key(tmp_path / "key")
    known = ssh_keys.of(Role.BRIDGE, REALM)
    (tmp_path / "key.pub").write_text(f"{public_key(known)}\n")
    ran = await run_ssh(ssh_command(ssh_keys, tmp_path / "key", ssh_relay.ssh_port, "-N"))
    assert "Permission denied (publickey)" in ran.said
    reason = f"key {fingerprint_of(known)} is known, and not the caller's"
    line = await ssh_relay.logged("login", result="REFUSED", reason=reason)
    assert line["who"] == "unknown"


async def test_a_key_of_another_kind_is_not_let_in(ssh_keys: SshKeys, ssh_relay: RelayCommand, tmp_path: Path) -> None:
    generate_key(tmp_path / "ecdsa", "ecdsa")
    ran = await run_ssh(ssh_command(ssh_keys, tmp_path / "ecdsa", ssh_relay.ssh_port, "-N"))
    assert ran.status == 255
    assert "publickey" in ran.said


async def test_a_relay_that_is_another_one_is_not_trusted(
    pki: Pki, ssh_keys: SshKeys, ssh_relay: RelayCommand, tmp_path: Path
) -> None:
    """Its host key is pinned: a stock ssh does not even offer its own."""
    del pki
    others = SshKeys.create(tmp_path / "others", REALM)
    command = ssh_command(others, ssh_keys.of(Role.WORKER, REALM), ssh_relay.ssh_port, "-W", "echo:5432")
    ran = await run_ssh(command)
    assert "Host key verification failed" in ran.said


async def test_a_password_is_not_asked_for(ssh_relay: RelayCommand) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            HOST,
            ssh_relay.ssh_port,
            username="root",
            password="secret",
            known_hosts=None,
            config=None,
            client_keys=None,
            agent_path=None,
        )
    await ssh_relay.logged("login", result="REFUSED", reason="no key was offered: Connection lost")
    assert not any("secret" in str(line) for line in ssh_relay.lines)


@pytest.mark.parametrize(
    "wanted",
    [["ls"], ["-T"], ["-A", "-T"], ["-X", "-T"], ["-s", "sftp"], ["-tt"]],
    ids=["command", "shell", "agent", "x11", "subsystem", "terminal"],
)
async def test_there_is_no_shell_and_nothing_like_it(
    ssh_keys: SshKeys, ssh_relay: RelayCommand, wanted: list[str]
) -> None:
    key = ssh_keys.of(Role.WORKER, REALM)
    command = ssh_command(ssh_keys, key, ssh_relay.ssh_port)
    options, words = [word for word in wanted if word.startswith("-")], [w for w in wanted if not w.startswith("-")]
    ran = await run_ssh([*command[:-1], *options, command[-1], *words])
    assert "administratively prohibited: REFUSED: there is no shell and no command here" in ran.said
    assert (ran.status, ran.answer) == (255, b"")
    await ssh_relay.logged("request", result="REFUSED", who=WORKER)


async def test_scp_and_sftp_find_nothing(ssh_keys: SshKeys, ssh_relay: RelayCommand, tmp_path: Path) -> None:
    program = shutil.which("sftp")
    assert program is not None
    key = ssh_keys.of(Role.BRIDGE, REALM)
    options = ssh_command(ssh_keys, key, ssh_relay.ssh_port)[4:-3]
    ran = await run_ssh(
        [program, "-F", "none", *options, "-P", str(ssh_relay.ssh_port), f"x@{HOST}:file", str(tmp_path)]
    )
    assert ran.status == 255
    assert "REFUSED: there is no shell" in ran.said


async def test_unix_sockets_are_not_forwarded(ssh_keys: SshKeys, ssh_relay: RelayCommand, tmp_path: Path) -> None:
    bridge = ssh_keys.of(Role.BRIDGE, REALM)
    to_socket = await run_ssh(
        ssh_command(ssh_keys, bridge, ssh_relay.ssh_port, "-N", "-R", f"{tmp_path}/there:{tmp_path}/here")
    )
    assert "remote port forwarding failed" in to_socket.said or "forwarding failed" in to_socket.said
    worker = ssh_keys.of(Role.WORKER, REALM)
    async with _connected(ssh_relay.ssh_port, worker) as connection:
        with pytest.raises(asyncssh.ChannelOpenError, match="there are no Unix sockets here"):
            await connection.open_unix_connection(f"{tmp_path}/there")
        with pytest.raises(asyncssh.ChannelOpenError, match="there are no network devices here"):
            await connection.open_tun()
    for who in (BRIDGE, WORKER):
        await ssh_relay.logged("request", who=who, reason="there are no Unix sockets here")


@pytest.mark.usefixtures("ssh_bridge")
async def test_a_worker_reaches_no_other_realm(ssh_keys: SshKeys, ssh_relay: RelayCommand) -> None:
    ran = await run_ssh(piping(ssh_keys, ssh_relay.ssh_port, f"[{REALM}/echo]:5432", OTHER_REALM))
    message = f"a key of realm {OTHER_REALM} does not reach realm {REALM}"
    assert f"administratively prohibited: REFUSED: {message}" in ran.said
    await ssh_relay.logged("connect", result="REFUSED", realm=OTHER_REALM, target="echo", reason=message)


@pytest.mark.usefixtures("ssh_bridge")
async def test_socks_leads_to_targets_only(ssh_keys: SshKeys, ssh_relay: RelayCommand) -> None:
    """`ssh -D` asks the relay for whatever its clients name; what is no target is none here either."""
    key = ssh_keys.of(Role.WORKER, REALM)
    with (
        reserved_port() as place,
        Ssh.start(ssh_command(ssh_keys, key, ssh_relay.ssh_port, "-N", "-D", f"{HOST}:{place}")) as worker,
    ):
        await worker.said("Entering interactive session")
        assert await _through_socks(place, "echo", 5432) == b"hello"
        assert await _through_socks(place, "www.example.org", 80) == b""
        await worker.said("REFUSED: www.example.org is no target")


async def test_a_bridges_key_is_no_workers(ssh_keys: SshKeys, ssh_relay: RelayCommand) -> None:
    key = ssh_keys.of(Role.BRIDGE, REALM)
    ran = await run_ssh(ssh_command(ssh_keys, key, ssh_relay.ssh_port, "-W", "echo:5432"))
    assert "REFUSED: only a worker may do this, not a bridge" in ran.said
    await ssh_relay.logged("connect", result="REFUSED", who=BRIDGE)


@pytest.mark.parametrize(
    ("role", "forward", "reason"),
    [
        (Role.WORKER, "echo:5432", "REFUSED: only a bridge may do this, not a worker"),
        (
            Role.BRIDGE,
            f"[{OTHER_REALM}/echo]:5432",
            f"REFUSED: a key of realm {REALM} does not serve realm {OTHER_REALM}",
        ),
        (Role.BRIDGE, "echo:0", "REFUSED: a port must be named: the relay has none to give"),
        (Role.BRIDGE, f"[{'a' * 64}]:5432", "REFUSED: "),
    ],
)
async def test_who_may_not_offer_a_target_learns_so(
    ssh_keys: SshKeys, ssh_relay: RelayCommand, role: Role, forward: str, reason: str
) -> None:
    """By the failure alone, unless it shows what the relay says besides."""
    key = ssh_keys.of(role, REALM)
    ran = await run_ssh(ssh_command(ssh_keys, key, ssh_relay.ssh_port, "-N", "-R", f"{forward}:{HOST}:5432"))
    assert ran.status == 255
    assert "remote port forwarding failed" in ran.said
    assert f"Remote: {reason}" in ran.said
    await ssh_relay.logged("request", result="REFUSED", who=f"connect://realm/{REALM}/{role}")


async def test_a_target_is_offered_once_and_not_too_many_of_them(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand
) -> None:
    async with _connected(own_ssh_relay.ssh_port, ssh_keys.of(Role.BRIDGE, REALM)) as connection:
        first = await connection.forward_remote_port("echo", 5432, HOST, 9)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("echo", 5433, HOST, 9)
        await own_ssh_relay.logged("request", reason="target echo has been forwarded already")
        await own_ssh_relay.logged("attach", targets=["echo"])
        for number in range(63):
            await connection.forward_remote_port(f"target-{number}", 5432, HOST, 9)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("one-more", 5432, HOST, 9)
        await own_ssh_relay.logged("request", result="LIMIT", reason="more than 64 targets")
        first.close()
        await first.wait_closed()
        await connection.forward_remote_port("one-more", 5432, HOST, 9)


async def test_a_bridge_that_withdraws_everything_is_sent_away(ssh_keys: SshKeys, own_ssh_relay: RelayCommand) -> None:
    """It would only stand in the way of those that serve."""
    async with _connected(own_ssh_relay.ssh_port, ssh_keys.of(Role.BRIDGE, REALM)) as connection:
        only = await connection.forward_remote_port("echo", 5432, HOST, 9)
        await own_ssh_relay.logged("attach", targets=["echo"])
        only.close()
        await asyncio.wait_for(connection.wait_closed(), START_SECONDS)
    await own_ssh_relay.logged("detach", reason="the bridge has withdrawn all its targets")


async def test_the_fifth_bridge_of_a_realm_replaces_the_oldest(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, goals: Targets
) -> None:
    port = own_ssh_relay.ssh_port
    with stock_bridge(ssh_keys, port, {"echo": goals.echo}) as oldest, ExitStack() as others:
        for _ in range(4):
            seen = len(own_ssh_relay.lines)
            others.enter_context(stock_bridge(ssh_keys, port, {"echo": goals.echo}))
            await own_ssh_relay.logged("attach", after=seen)
        assert await oldest.ended() == 255
    await own_ssh_relay.logged("detach", reason="newer bridges of this realm have come")


async def test_who_asks_again_and_again_for_what_is_not_here_is_sent_away(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand
) -> None:
    async with _connected(own_ssh_relay.ssh_port, ssh_keys.of(Role.WORKER, REALM)) as connection:
        for _ in range(16):
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.run("ls")
        await asyncio.wait_for(connection.wait_closed(), START_SECONDS)


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-x\r\n" + b"\xff" * 10_000,
        b"\xff" * 10_000,
        b"SSH-2.0-\xff\xfe\r\n",
    ],
)
async def test_garbage_is_hung_up_on(ssh_relay: RelayCommand, said: bytes) -> None:
    reader, writer = await asyncio.open_connection(HOST, ssh_relay.ssh_port)
    peer = _peer(writer)
    writer.write(said)
    async with asyncio.timeout(START_SECONDS):
        with suppress(ConnectionResetError):
            await reader.read()
    writer.close()
    line = await ssh_relay.logged("login", peer=peer)
    assert line["reason"].startswith("no key was offered: ")


async def test_who_only_looks_whether_the_port_is_open_is_no_attempt(ssh_relay: RelayCommand) -> None:
    """As the cluster does, every few seconds."""
    seen, looked = len(ssh_relay.lines), set()
    for _ in range(3):
        _, writer = await asyncio.open_connection(HOST, ssh_relay.ssh_port)
        looked.add(_peer(writer))
        writer.close()
        await writer.wait_closed()
    _, writer = await asyncio.open_connection(HOST, ssh_relay.ssh_port)
    peer = _peer(writer)
    writer.write(b"garbage\n")
    await ssh_relay.logged("login", after=seen, peer=peer)
    writer.close()
    assert not [line for line in ssh_relay.lines[seen:] if line.get("peer") in looked]


async def test_who_does_not_log_in_is_sent_away_in_time(pki: Pki, ssh_keys: SshKeys) -> None:
    """Whether it says nothing, one byte at a time, or its version and no more."""
    async with _running(pki, ssh_keys, times=Times(first_frame=0.5, drain=0.1)) as relay:
        assert relay.ssh_port is not None
        pairs = [await asyncio.open_connection(HOST, relay.ssh_port) for _ in range(3)]
        slow = asyncio.create_task(_drip(pairs[1][1]))
        pairs[2][1].write(b"SSH-2.0-Slow\r\n")
        async with asyncio.timeout(START_SECONDS):
            for reader, writer in pairs:
                with suppress(ConnectionResetError):
                    await reader.read()
                writer.close()
        slow.cancel()


async def test_strangers_at_the_door_are_not_too_many(pki: Pki, ssh_keys: SshKeys) -> None:
    """Beyond the limit they are hung up on; who has a key and comes when there is room is let in."""
    async with _running(pki, ssh_keys, limits=Limits(ssh_logins=3)) as relay:
        assert relay.ssh_port is not None
        waiting = [await asyncio.open_connection(HOST, relay.ssh_port) for _ in range(12)]
        async with asyncio.timeout(START_SECONDS):
            greetings = await asyncio.gather(*(_greeting(reader) for reader, _ in waiting))
        assert 1 <= sum(greeting.startswith(b"SSH-2.0-") for greeting in greetings) <= 3
        for _, writer in waiting:
            writer.close()
        async with asyncio.timeout(START_SECONDS), _connected(relay.ssh_port, ssh_keys.of(Role.WORKER, REALM)):
            pass


async def test_a_realm_has_so_many_ssh_connections_and_no_more(pki: Pki, ssh_keys: SshKeys) -> None:
    """Its workers do not shut out its bridge, nor another realm."""
    async with _running(pki, ssh_keys, limits=Limits(ssh_connections_per_realm=1)) as relay:
        assert relay.ssh_port is not None
        async with _connected(relay.ssh_port, ssh_keys.of(Role.WORKER, REALM)) as first:
            ran = await run_ssh(piping(ssh_keys, relay.ssh_port, "echo:5432"))
            assert f"LIMIT: realm {REALM} has 1 SSH connections of workers already" in ran.said
            async with _connected(relay.ssh_port, ssh_keys.of(Role.BRIDGE, REALM)):
                pass
            async with _connected(relay.ssh_port, ssh_keys.of(Role.WORKER, OTHER_REALM)):
                pass
            assert not first.is_closed()
        await first.wait_closed()
        async with asyncio.timeout(START_SECONDS), _connected(relay.ssh_port, ssh_keys.of(Role.WORKER, REALM)):
            pass


@asynccontextmanager
async def _running(
    pki: Pki, keys: SshKeys, *, limits: Limits | None = None, times: Times | None = None
) -> AsyncIterator[Relay]:
    async with running(keys.settings(pki.relay, limits=limits, times=times or Times(drain=0.1))) as relay:
        yield relay


@asynccontextmanager
async def _connected(port: int, key: Path) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with asyncssh.connect(
        HOST, port, username="x", client_keys=[str(key)], known_hosts=None, config=None, agent_path=None
    ) as connection:
        yield connection


def _peer(writer: asyncio.StreamWriter) -> str:
    """How the relay's lines name this end of a connection."""
    host, port = writer.get_extra_info("sockname")
    return f"ipv4:{host}:{port}"


async def _greeting(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ConnectionResetError:
        return b""


async def _drip(writer: asyncio.StreamWriter) -> None:
    for byte in b"SSH-2.0-" + b"a" * 100:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.1)


async def _through_socks(port: int, host: str, target_port: int) -> bytes:
    """Say hello through SOCKS 5 (RFC 1928), and return what comes back until the end."""
    reader, writer = await asyncio.open_connection(HOST, port)
    async with asyncio.timeout(START_SECONDS):
        writer.write(b"\5\1\0")
        assert await reader.readexactly(2) == b"\5\0"
        writer.write(b"\5\1\0\3" + bytes([len(host)]) + host.encode() + target_port.to_bytes(2))
        writer.write(b"hello")
        writer.write_eof()
        try:
            return (await reader.read())[10:]
        except ConnectionResetError:
            return b""
        finally:
            writer.close()
