"""Our own bridge and our own worker by SSH, at the relay and beside those that speak gRPC."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connect_protocol.relay.frames import ResetCode
from connect_protocol.relay.identity import Role
from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.tunnel.base import Obstacle, PassedOverError, Target
from connect_worker.tunnel.ssh_client import SshTunnel
from tests.support.bridge_doctor import asked
from tests.support.http_proxy import http_proxy
from tests.support.openssh import HOST, HOST_KEY, SshKeys, generate_key, ssh_port
from tests.support.relay import (
    OTHER_REALM,
    REALM,
    Command,
    Pki,
    RelayCommand,
    dial,
    refusal,
    tunnel,
    worker_channel,
)
from tests.support.ssh_ends import carried, ssh_bridge, ssh_folder, ssh_worker
from tests.support.targets import ANSWER, Targets

MEGABYTES = bytes(range(256)) * 40_000
LATE = f"{10:10}".encode() + ANSWER
NO_WAIT = timedelta()


def named(goals: Targets) -> dict[str, int | str]:
    """Under the names that a worker asks for."""
    return {"database": goals.echo, "directory": goals.late, "global-catalog": goals.refusing}


@pytest.fixture(scope="module")
def relay(pki: Pki, ssh_keys: SshKeys) -> Iterator[RelayCommand]:
    """For all who change nothing."""
    with RelayCommand.serve(pki, *ssh_port(ssh_keys)) as running:
        yield running


@pytest.fixture(scope="module")
def bridge(
    ssh_keys: SshKeys, relay: RelayCommand, goals: Targets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Command]:
    folder = ssh_folder(ssh_keys, tmp_path_factory.mktemp("bridge"), relay.ssh_port)
    with ssh_bridge(folder, relay.ssh_port, named(goals)) as running:
        relay.wait_for("attach", result="ATTACHED", transport="SSH")
        yield running


@pytest.fixture
async def worker(ssh_keys: SshKeys, relay: RelayCommand, bridge: Command) -> AsyncIterator[SshTunnel]:
    """While the bridge is there."""
    del bridge
    async with ssh_worker(ssh_keys, relay.ssh_port) as running:
        yield running


@pytest.fixture
def folder(ssh_keys: SshKeys, own_ssh_relay: RelayCommand, tmp_path: Path) -> Path:
    """A bridge's, for one test alone, as all that is called own."""
    return ssh_folder(ssh_keys, tmp_path / "bridge", own_ssh_relay.ssh_port)


@pytest.fixture
def own_bridge_by_ssh(own_ssh_relay: RelayCommand, folder: Path, goals: Targets) -> Iterator[Command]:
    with ssh_bridge(folder, own_ssh_relay.ssh_port, named(goals)) as running:
        own_ssh_relay.wait_for("attach", result="ATTACHED", transport="SSH")
        yield running


@pytest.fixture
async def own_worker(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, own_bridge_by_ssh: Command
) -> AsyncIterator[SshTunnel]:
    del own_bridge_by_ssh
    async with ssh_worker(ssh_keys, own_ssh_relay.ssh_port) as running:
        yield running


async def failure(worker: SshTunnel, target: Target, *, wait: timedelta = NO_WAIT) -> Exception:
    with pytest.raises((ConnectError, PassedOverError)) as caught:
        await worker.reach(target, wait=wait)
    return caught.value


# What comes through


async def test_every_byte_comes_back_and_both_logs_know_the_connection(
    worker: SshTunnel, relay: RelayCommand, bridge: Command
) -> None:
    async with asyncio.timeout(20), carried(worker, Target.DATABASE) as line:
        writing = asyncio.create_task(line.write(MEGABYTES))
        received = bytearray()
        while len(received) < len(MEGABYTES):
            received += await line.read()
        await writing
        assert received == MEGABYTES
        line.end()
        assert await line.read() == b""
        await line.carrying
    told = await relay.logged("connect", target="database", result="CLOSED", sent=len(MEGABYTES))
    known = await bridge.logged("connection closed", connection=told["connection"], end="closed")
    assert (known["target"], known["sent"], known["received"]) == ("database", len(MEGABYTES), len(MEGABYTES))


async def test_who_has_said_its_end_still_gets_the_whole_answer(worker: SshTunnel) -> None:
    async with asyncio.timeout(20), carried(worker, Target.DIRECTORY) as line:
        await line.write(b"a question")
        line.end()
        assert await line.read_to_end() == LATE
        await line.carrying


async def test_connections_stand_side_by_side_on_one_ssh_connection(worker: SshTunnel, relay: RelayCommand) -> None:
    async def ask(number: int) -> bytes:
        async with carried(worker, Target.DATABASE) as line:
            await line.write(bytes([number]) * 100_000)
            line.end()
            return await line.read_to_end()

    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(ask(number) for number in range(16)))
    assert answers == [bytes([number]) * 100_000 for number in range(16)]
    await relay.counted("connections", 0)


async def test_a_worker_that_speaks_grpc_reaches_it(pki: Pki, relay: RelayCommand, bridge: Command) -> None:
    async with worker_channel(pki.worker(), relay.address) as channel:
        async with tunnel(channel, dial("directory")) as line:
            await line.write(b"a question")
            line.end()
            assert await line.read_exactly(len(LATE)) == LATE
            assert await line.read() == b""
        refused = await refusal(channel, dial("global-catalog"))
    assert refused.code is ResetCode.TARGET_UNREACHABLE
    assert refused.message == "target global-catalog cannot be reached: Connection refused"
    await bridge.logged("connection refused", target="global-catalog")


async def test_one_bridge_serves_both_transports(
    pki: Pki, own_ssh_relay: RelayCommand, folder: Path, goals: Targets
) -> None:
    """With one list; each connection goes to one of both."""
    options = ("--relay", f"{HOST}:{own_ssh_relay.port}", "--tls", str(pki.bridge()))
    with ssh_bridge(folder, own_ssh_relay.ssh_port, named(goals), *options) as running:
        assert (await running.logged("bridge runs"))["realm"] == REALM
        for transport in ("gRPC", "SSH"):
            await own_ssh_relay.logged("attach", result="ATTACHED", transport=transport)


async def test_it_goes_out_through_an_http_proxy(
    own_ssh_relay: RelayCommand, folder: Path, goals: Targets, tmp_path: Path
) -> None:
    with (
        http_proxy(tmp_path / "proxy") as proxy,
        ssh_bridge(folder, own_ssh_relay.ssh_port, named(goals), "--proxy", proxy.url) as running,
    ):
        await running.logged("relay connected")
        assert proxy.connections() == [f"{HOST}:{own_ssh_relay.ssh_port}"]


# What does not


async def test_a_target_that_is_away_is_told_without_its_address(worker: SshTunnel, goals: Targets) -> None:
    error = await failure(worker, Target.CATALOG)
    assert isinstance(error, ConnectionFailedError)
    assert error.reason == "DirectoryUnreachable"
    assert "target global-catalog cannot be reached: Connection refused" in error.what
    assert str(goals.refusing) not in error.what


async def test_a_target_that_is_not_on_the_list_is_for_a_person(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, folder: Path, goals: Targets
) -> None:
    with ssh_bridge(folder, own_ssh_relay.ssh_port, {"database": goals.echo}):
        await own_ssh_relay.logged("attach", result="ATTACHED")
        async with ssh_worker(ssh_keys, own_ssh_relay.ssh_port) as worker:
            error = await failure(worker, Target.DIRECTORY)
    assert isinstance(error, ConfigurationError)
    assert error.reason == "RelayTargetUnknown"


async def test_an_absent_bridge_is_told_at_once_or_waited_for(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, folder: Path, goals: Targets
) -> None:
    async with asyncio.timeout(20), ssh_worker(ssh_keys, own_ssh_relay.ssh_port) as worker:
        error = await failure(worker, Target.DATABASE)
        assert isinstance(error, PassedOverError)
        assert error.obstacle is Obstacle.BRIDGE_ABSENT
        assert "no bridge" in error.failure.what
        waiting = asyncio.create_task(worker.reach(Target.DATABASE, wait=timedelta(seconds=15)))
        await own_ssh_relay.logged("connect", result="BRIDGE_ABSENT", after=len(own_ssh_relay.lines))
        with ssh_bridge(folder, own_ssh_relay.ssh_port, named(goals)):
            await waiting


async def test_another_realms_key_leads_nowhere(ssh_keys: SshKeys, relay: RelayCommand, bridge: Command) -> None:
    """A Secret of another customer, mounted by mistake."""
    del bridge
    async with ssh_worker(ssh_keys, relay.ssh_port, owner=OTHER_REALM) as worker:
        error = await failure(worker, Target.DATABASE)
    assert isinstance(error, LoginRefusedError)
    assert error.reason == "RelayLoginFailed"


async def test_a_bridges_key_is_no_workers(ssh_keys: SshKeys, relay: RelayCommand, bridge: Command) -> None:
    del bridge
    async with ssh_worker(ssh_keys, relay.ssh_port, role=Role.BRIDGE) as worker:
        error = await failure(worker, Target.DATABASE)
    assert isinstance(error, LoginRefusedError)


async def doctor(folder: Path, port: int, goals: Targets) -> dict[str, str]:
    """What `connect-bridge doctor` says of each step on the way to the relay: result, and what was found."""
    relay = ("--relay", f"ssh://{HOST}:{port}", "--ssh", folder)
    _, steps = await asked(*relay, "--target", f"echo={HOST}:{goals.echo}")
    return {row["step"]: f"{row['result']}: {row['found']}" for row in steps}


async def test_the_bridges_doctor_logs_in_and_out_again(
    ssh_keys: SshKeys, relay: RelayCommand, bridge: Command, goals: Targets, tmp_path: Path
) -> None:
    """The bridge that runs notices nothing."""
    folder = ssh_folder(ssh_keys, tmp_path / "own", relay.ssh_port)
    (folder / "sshPrivateKey").chmod(0o600)
    before = len(relay.lines)
    found = await doctor(folder, relay.ssh_port, goals)
    assert found["SSH"] == "ok: the relay is the known one, and lets this bridge in"
    assert found["SSH key"].startswith("ok: ")
    assert not [line for line in relay.lines[before:] if line.get("event") in {"attach", "detach"}]
    assert bridge.process.poll() is None
    generate_key(tmp_path / "stranger")
    (folder / "sshPrivateKey").write_text((tmp_path / "stranger").read_text())
    assert (await doctor(folder, relay.ssh_port, goals))["SSH"].startswith("fault: the relay refuses this bridge's key")


# Whoever dies


@pytest.fixture
def revocable(tmp_path: Path) -> SshKeys:
    """Keys that one test may take back."""
    return SshKeys.create(tmp_path / "keys", REALM)


async def test_keys_that_are_taken_back_end_what_they_carry(
    pki: Pki, revocable: SshKeys, tmp_path: Path, goals: Targets
) -> None:
    with RelayCommand.serve(pki, *ssh_port(revocable), "--heartbeat-seconds", "1") as relay:
        folder = ssh_folder(revocable, tmp_path / "bridge", relay.ssh_port)
        with ssh_bridge(folder, relay.ssh_port, named(goals)) as bridge:
            await relay.logged("attach", result="ATTACHED")
            async with asyncio.timeout(20), ssh_worker(revocable, relay.ssh_port) as worker:
                async with carried(worker, Target.DATABASE) as line:
                    await line.write(b"x")
                    assert await line.read() == b"x"
                    revocable.authorize()
                    with pytest.raises(ConnectionResetError):
                        await line.read()
                    with pytest.raises(ConnectError):
                        await line.carrying
                error = await failure(worker, Target.DATABASE)
                refused = error.failure if isinstance(error, PassedOverError) else error
                assert isinstance(refused, LoginRefusedError)
                assert refused.reason == "RelayLoginFailed"
            told = await bridge.logged("relay not reached")
            assert "Permission denied" in told["cause"]


async def test_a_relay_that_comes_back_is_found_again(
    pki: Pki, ssh_keys: SshKeys, tmp_path: Path, goals: Targets
) -> None:
    """By bridge and worker, each on a new connection; what had been open is reset."""
    with RelayCommand.serve(pki, *ssh_port(ssh_keys)) as relay:
        port = relay.ssh_port
        folder = ssh_folder(ssh_keys, tmp_path / "bridge", port)
        with ssh_bridge(folder, port, named(goals)) as bridge:
            await relay.logged("attach", result="ATTACHED")
            async with asyncio.timeout(30), ssh_worker(ssh_keys, port) as worker:
                async with carried(worker, Target.DATABASE) as line:
                    await line.write(b"x")
                    assert await line.read() == b"x"
                    relay.kill()
                    with pytest.raises(ConnectionResetError):
                        await line.read()
                    with pytest.raises(ConnectError, match="relay at"):
                        await line.carrying
                assert isinstance(await failure(worker, Target.DATABASE), PassedOverError)
                options = [*ssh_port(ssh_keys)[:-1], f"{HOST}:{port}"]
                with RelayCommand.serve(pki, *options) as again:
                    await again.logged("attach", result="ATTACHED")
                    await worker.reach(Target.DATABASE, wait=NO_WAIT)
            await bridge.logged("relay disconnected")


async def test_a_relay_that_falls_silent_is_noticed_by_both(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, own_bridge_by_ssh: Command, own_worker: SshTunnel
) -> None:
    """After three beats; its connections are reset, lest the customer's lock be kept."""
    del ssh_keys
    async with asyncio.timeout(20), carried(own_worker, Target.DATABASE) as line:
        await line.write(b"x")
        assert await line.read() == b"x"
        own_ssh_relay.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(ConnectionResetError):
                await line.read()
            told = await own_bridge_by_ssh.logged("relay disconnected")
        finally:
            own_ssh_relay.process.send_signal(signal.SIGCONT)
    assert "keepalive" in told["cause"]


async def test_a_target_that_breaks_is_a_reset_at_the_worker(own_worker: SshTunnel, own_bridge_by_ssh: Command) -> None:
    async with asyncio.timeout(20), carried(own_worker, Target.DATABASE) as line:
        await line.write(b"x")
        assert await line.read() == b"x"
        own_bridge_by_ssh.kill()
        with pytest.raises(ConnectionResetError):
            await line.read()
        with pytest.raises(ConnectionFailedError) as caught:
            await line.carrying
        assert caught.value.reason == "DatabaseUnreachable"


async def test_a_worker_that_breaks_is_a_reset_at_the_target(worker: SshTunnel, bridge: Command) -> None:
    async with asyncio.timeout(20), carried(worker, Target.DATABASE) as line:
        await line.write(b"x")
        assert await line.read() == b"x"
        line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        line.connection.close()
        await line.carrying
    await bridge.logged("connection closed", target="database", end="reset_by_peer")


async def test_another_host_key_is_nobodys_relay(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, folder: Path, goals: Targets, tmp_path: Path
) -> None:
    """Neither bridge nor worker say who they are there."""
    other = SshKeys(root=tmp_path / "other")
    other.relay.mkdir(parents=True)
    generate_key(other.relay / HOST_KEY)
    (folder / "knownHosts").write_text(other.known_hosts(own_ssh_relay.ssh_port).read_text())
    with ssh_bridge(folder, own_ssh_relay.ssh_port, named(goals)) as bridge:
        told = await bridge.logged("relay not reached")
        assert "host key" in told["cause"]
    (other.root / f"{REALM}-worker").write_text(ssh_keys.of(Role.WORKER, REALM).read_text())
    async with ssh_worker(other, own_ssh_relay.ssh_port) as worker:
        error = await failure(worker, Target.DATABASE)
    assert isinstance(error, PassedOverError)
    assert error.failure.reason == "RelayCertificateInvalid"
    assert not [line for line in own_ssh_relay.lines if line.get("who", "unknown") != "unknown"]
