"""Several relays: a bridge stays at all of them, a worker takes any, and one may go down under way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from connect_protocol.relay.identity import Role
from connect_ssh.client import Login
from connect_worker.model.secret import Secret
from connect_worker.settings import GrpcRelay
from connect_worker.tunnel.any_relay import AnyRelay
from connect_worker.tunnel.base import Target
from connect_worker.tunnel.grpc_client import GrpcTunnel
from connect_worker.tunnel.ssh_client import SshTunnel
from connect_worker.tunnel.ssh_routes import RelayRoute
from tests.support.frame_streams import connected_sockets
from tests.support.hosts import Hosts
from tests.support.openssh import SshKeys
from tests.support.relay import HOST, NAME, REALM, START_SECONDS, Command, Pki, RelayCommand
from tests.support.ssh_ends import ssh_folder
from tests.support.targets import Targets

SECOND_HOST = "127.0.0.2"
PIECE = 1 << 16
OPTIONS = ("--heartbeat-seconds", "1")


def serve(pki: Pki, keys: SshKeys, *, port: int = 0, by_ssh: int = 0) -> RelayCommand:
    """A relay that lets open connections go on for a while."""
    ssh = ("--ssh", str(keys.relay), "--ssh-listen", f"{HOST}:{by_ssh}")
    return RelayCommand.serve(pki, *OPTIONS, *ssh, "--drain-seconds", "8", port=port)


@pytest.fixture
def relays(pki: Pki, ssh_keys: SshKeys) -> Iterator[list[RelayCommand]]:
    """Two; a test may put others in their places."""
    running = [serve(pki, ssh_keys), serve(pki, ssh_keys)]
    yield running
    for relay in running:
        relay.stop()


def targets(goals: Targets) -> tuple[str, ...]:
    """A bridge's list, and its times."""
    return ("--target", f"database={HOST}:{goals.echo}", "--longest-pause-seconds", "0.5", *OPTIONS)


@contextmanager
def bridge_at(*relays: RelayCommand, identity: tuple[str | Path, ...], goals: Targets) -> Iterator[Command]:
    """Within: a bridge at all of these relays, by SSH if it shows a key."""
    by_ssh = identity[0] == "--ssh"
    places = [f"ssh://{HOST}:{relay.ssh_port}" if by_ssh else str(relay.address) for relay in relays]
    named = [text for place in places for text in ("--relay", place)]
    with Command.start("connect-bridge", "run", *named, *identity, *targets(goals)) as running:
        yield running


@pytest.fixture(params=["gRPC", "SSH"])
def transport(request: pytest.FixtureRequest) -> str:
    """What bridge and worker speak."""
    return str(request.param)


@pytest.fixture
def identity(
    transport: str, pki: Pki, ssh_keys: SshKeys, relays: list[RelayCommand], tmp_path: Path
) -> tuple[str | Path, ...]:
    """What a bridge shows: a certificate, or a key."""
    if transport == "SSH":
        return ("--ssh", ssh_folder(ssh_keys, tmp_path / "bridge", *(relay.ssh_port for relay in relays)))
    return ("--tls", pki.bridge())


@pytest.fixture
def bridge(identity: tuple[str | Path, ...], relays: list[RelayCommand], goals: Targets) -> Iterator[Command]:
    """At both."""
    with bridge_at(*relays, identity=identity, goals=goals) as running:
        for relay in relays:
            relay.wait_for("attach", result="ATTACHED")
        yield running


def by_grpc(pki: Pki, relays: list[RelayCommand]) -> AnyRelay:
    """A worker's way through any of these relays."""
    folder = pki.worker()
    names = tuple(str(relay.address) for relay in relays)
    settings = GrpcRelay(
        addresses=names,
        certificate=(folder / "tls.crt").read_text(),
        key=Secret((folder / "tls.key").read_text()),
        ca=(folder / "ca.crt").read_text(),
        wait=timedelta(),
    )
    return AnyRelay(names, partial(GrpcTunnel, settings, REALM))


def by_ssh(keys: SshKeys, relays: list[RelayCommand]) -> AnyRelay:
    """The same, by SSH."""
    known = "".join(keys.known_hosts(relay.ssh_port).read_text() for relay in relays)
    login = Login(user="connect", key=keys.of(Role.WORKER, REALM).read_text(), known_hosts=known)
    names = [f"{HOST}:{relay.ssh_port}" for relay in relays]
    return AnyRelay(names, partial(SshTunnel, RelayRoute(realm=REALM), login))


@pytest.fixture
async def tunnel(
    transport: str, pki: Pki, ssh_keys: SshKeys, relays: list[RelayCommand], bridge: Command
) -> AsyncIterator[AnyRelay]:
    """A worker's, through either."""
    del bridge
    async with by_ssh(ssh_keys, relays) if transport == "SSH" else by_grpc(pki, relays) as running:
        yield running


async def echo(tunnel: AnyRelay, count: int, *, pause: float = 0, flows: asyncio.Event | None = None) -> None:
    """One connection: so many pieces there and back, each complete, then its end in order."""
    loop = asyncio.get_running_loop()
    here, there = connected_sockets()
    with here, there:
        carrying = asyncio.create_task(tunnel.carry(Target.DATABASE, there))
        for number in range(count):
            piece = number.to_bytes(4, "big") * (PIECE // 4)
            await loop.sock_sendall(here, piece)
            back = bytearray()
            while len(back) < PIECE:
                received = await loop.sock_recv(here, PIECE)
                assert received, f"the end after {number} pieces and {len(back)} bytes"
                back += received
            assert back == piece
            if flows is not None:
                flows.set()
            await asyncio.sleep(pause)
        here.shutdown(1)
        assert await loop.sock_recv(here, 1) == b""
        await carrying


async def stream_of_connections(tunnel: AnyRelay, until: asyncio.Event) -> int:
    """Short connections one after the other; returns how many there were."""
    count = 0
    while not until.is_set():
        async with asyncio.timeout(10):
            await echo(tunnel, 1)
        count += 1
    return count


async def carrying(relays: list[RelayCommand]) -> int:
    """The number of the relay that carries the only connection."""
    (carrier,) = [number for number, relay in enumerate(relays) if await relay.metric("connections")]
    return carrier


async def test_a_relay_that_goes_down_under_a_transfer_and_many_dials_loses_none(
    relays: list[RelayCommand], tunnel: AnyRelay
) -> None:
    """The transfer stays where it is until it is over; every new connection goes to the other relay."""
    flows = asyncio.Event()
    transfer = asyncio.create_task(echo(tunnel, 40, pause=0.05, flows=flows))
    await asyncio.wait_for(flows.wait(), START_SECONDS)
    busy = await carrying(relays)
    over = asyncio.Event()
    short = asyncio.create_task(stream_of_connections(tunnel, over))
    stopping = asyncio.create_task(asyncio.to_thread(relays[busy].stop))
    await relays[busy].logged("relay goes down")
    before = len(relays[1 - busy].lines)
    await transfer
    assert await stopping == 0
    await echo(tunnel, 1)
    over.set()
    assert await short > 5
    relays[busy].wait_for("connect", result="CLOSED", sent=40 * PIECE)
    relays[1 - busy].wait_for("connect", after=before, result="CLOSED")


async def test_a_rolling_restart_of_all_relays_loses_no_connection(
    pki: Pki, ssh_keys: SshKeys, relays: list[RelayCommand], bridge: Command, tunnel: AnyRelay
) -> None:
    """One after the other, as soon as the one before is ready, whether the bridge has come back to it or not."""
    over = asyncio.Event()
    streams = [asyncio.create_task(stream_of_connections(tunnel, over)) for _ in range(3)]
    for number, relay in enumerate(relays):
        ports = {"port": relay.port, "by_ssh": relay.ssh_port}
        assert await asyncio.to_thread(relay.stop) == 0
        relays[number] = await asyncio.to_thread(serve, pki, ssh_keys, **ports)
    for relay in relays:
        await relay.logged("attach", result="ATTACHED")
    over.set()
    assert min(await asyncio.gather(*streams)) > 5
    assert bridge.process.poll() is None


async def test_a_bridge_comes_to_one_relay_and_the_worker_finds_it_there(
    pki: Pki, relays: list[RelayCommand], goals: Targets
) -> None:
    """Two relays, of which only one has the bridge; the wait is at both."""
    async with by_grpc(pki, relays) as tunnel:
        waiting = asyncio.create_task(tunnel.reach(Target.DATABASE, wait=timedelta(seconds=20)))
        for relay in relays:
            await relay.counted("dials_waiting", 1)
        with bridge_at(relays[1], identity=("--tls", pki.bridge()), goals=goals):
            await waiting
            await echo(tunnel, 1)
    await relays[0].logged("connect", result="BROKEN", reason="the worker is gone")


@contextmanager
def two_addresses(pki: Pki) -> Iterator[list[RelayCommand]]:
    """Within: a relay at each of two addresses, with one port."""
    with RelayCommand.serve(pki, *OPTIONS) as first:
        listen = ("--listen", f"{SECOND_HOST}:{first.port}", "--admin-listen", f"{HOST}:0", "--tls", pki.relay)
        with RelayCommand.start("connect-relay", "serve", *listen, *OPTIONS) as second:
            second.wait_for("relay runs")
            yield [first, second]


async def test_a_bridge_follows_a_name_to_all_its_addresses(pki: Pki, goals: Targets, hosts: Hosts) -> None:
    """It verifies the name at each; an address that comes is connected to, and one that is gone is left."""
    hosts.set(HOST)
    with two_addresses(pki) as (first, second):
        relay = f"{NAME}:{first.port}"
        command = hosts.seen_by("connect-bridge", "run", "--relay", relay, "--tls", pki.bridge(), *targets(goals))
        with Command.start(*command) as bridge:
            await first.logged("attach", result="ATTACHED")
            hosts.set(HOST, SECOND_HOST)
            first.kill()
            connected = await bridge.logged("relay connected", address=f"{SECOND_HOST}:{first.port}")
            assert connected["relay"] == f"{NAME}:{first.port}"
            await bridge.logged("relay not reached", address=f"{HOST}:{first.port}")
            hosts.set(SECOND_HOST)
            await bridge.logged("relay left", address=f"{HOST}:{first.port}")
            assert await second.metric("bridges") == 1
