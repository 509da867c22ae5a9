"""Stock OpenSSH on both sides of the relay, and beside our own bridge and a worker that speaks gRPC."""

import asyncio
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

import pytest

from connect_protocol.relay.ending import End
from connect_protocol.relay.frames import Reset, ResetCode
from connect_protocol.relay.identity import Role
from tests.support.openssh import (
    FORWARDED,
    HOST,
    Ssh,
    SshKeys,
    local_forward,
    piping,
    run_ssh,
    ssh_command,
    stock_bridge,
)
from tests.support.ports import reserved_port
from tests.support.relay import (
    OTHER_REALM,
    REALM,
    Pki,
    RelayCommand,
    dial,
    refusal,
    start_bridge,
    tunnel,
    worker_channel,
)
from tests.support.repository import read
from tests.support.targets import ANSWER, Targets

HOW_TO = "docs/how-to/openssh.md"
MEGABYTES = bytes(range(256)) * 40_000
UNREACHABLE = ResetCode.TARGET_UNREACHABLE
UNKNOWN = ResetCode.UNKNOWN_TARGET
LATE = f"{10:10}".encode() + ANSWER


@pytest.mark.usefixtures("ssh_bridge")
async def test_every_byte_through_w_comes_back(ssh_keys: SshKeys, ssh_relay: RelayCommand) -> None:
    ran = await run_ssh(piping(ssh_keys, ssh_relay.ssh_port, "echo:5432"), MEGABYTES)
    assert (ran.status, ran.answer) == (0, MEGABYTES)
    line = await ssh_relay.logged("connect", target="echo", sent=len(MEGABYTES))
    wanted = {
        "who": f"connect://realm/{REALM}/worker",
        "transport": "SSH",
        "realm": REALM,
        "result": "CLOSED",
        "received": len(MEGABYTES),
    }
    assert wanted.items() <= line.items()
    assert line["credential"].startswith("SHA256:")
    assert line["peer"].startswith(f"ipv4:{HOST}:")


@pytest.mark.usefixtures("ssh_bridge")
async def test_who_has_said_its_end_still_gets_the_whole_answer(ssh_keys: SshKeys, ssh_relay: RelayCommand) -> None:
    """The target's name may have its realm in front; ssh wants it in brackets then."""
    ran = await run_ssh(piping(ssh_keys, ssh_relay.ssh_port, f"[{REALM}/late]:1"), b"a question")
    assert (ran.status, ran.answer) == (0, LATE)


@pytest.mark.usefixtures("ssh_bridge")
async def test_l_carries_several_connections_to_several_targets(ssh_keys: SshKeys, ssh_relay: RelayCommand) -> None:
    with local_forward(ssh_keys, ssh_relay.ssh_port, "echo:5432", "late:636") as (_, ports):
        answers = await asyncio.gather(
            *(_ask(ports[0], bytes([number]) * 1_000_000) for number in range(8)), _ask(ports[1], b"a question")
        )
    assert answers == [*(bytes([number]) * 1_000_000 for number in range(8)), LATE]


async def test_an_idle_connection_stays(ssh_keys: SshKeys, own_ssh_relay: RelayCommand, goals: Targets) -> None:
    """Beyond the time after which a silent peer would be dead: keepalives answer for it."""
    with (
        stock_bridge(ssh_keys, own_ssh_relay.ssh_port, {"echo": goals.echo}),
        local_forward(ssh_keys, own_ssh_relay.ssh_port, "echo:5432") as (_, ports),
    ):
        await own_ssh_relay.logged("attach")
        reader, writer = await asyncio.open_connection(HOST, ports[0])
        await asyncio.sleep(4.5)
        writer.write(b"still there?")
        assert await reader.readexactly(12) == b"still there?"
        writer.close()


@pytest.mark.usefixtures("ssh_bridge")
async def test_a_worker_that_speaks_grpc_reaches_a_bridge_that_speaks_ssh(pki: Pki, ssh_relay: RelayCommand) -> None:
    async with worker_channel(pki.worker(), ssh_relay.address) as channel:
        async with tunnel(channel, dial("echo")) as connection:
            writing = asyncio.create_task(connection.write(MEGABYTES))
            assert await connection.read_exactly(len(MEGABYTES)) == MEGABYTES
            await writing
            connection.end()
            assert await connection.read() == b""
            assert (await connection.ending()).end is End.CLOSED
        async with tunnel(channel, dial("late")) as connection:
            await connection.write(b"a question")
            connection.end()
            assert await connection.read_exactly(len(LATE)) == LATE
            assert (await connection.ending()).end is End.CLOSED


async def test_a_worker_that_speaks_ssh_reaches_a_bridge_that_speaks_grpc(
    pki: Pki, ssh_keys: SshKeys, own_ssh_relay: RelayCommand, goals: Targets
) -> None:
    with start_bridge(pki.bridge(), own_ssh_relay.port, goals.by_name()) as bridge:
        await bridge.logged("relay connected")
        echoed = await run_ssh(piping(ssh_keys, own_ssh_relay.ssh_port, "echo:5432"), MEGABYTES)
        late = await run_ssh(piping(ssh_keys, own_ssh_relay.ssh_port, "late:5432"), b"a question")
    assert (echoed.status, echoed.answer) == (0, MEGABYTES)
    assert (late.status, late.answer) == (0, LATE)
    assert await own_ssh_relay.metric('connections_opened_total{bridge="gRPC",worker="SSH"}') == 2


async def test_ports_stand_for_names_where_ssh_names_none(
    pki: Pki, ssh_keys: SshKeys, own_ssh_relay: RelayCommand, goals: Targets
) -> None:
    """5432 is the database, 636 the directory, 3269 its global catalog, any other is called by its number."""
    forwards = [
        "-R",
        f"5432:{HOST}:{goals.echo}",
        "-R",
        f"*:636:{HOST}:{goals.late}",
        "-R",
        f":777:{HOST}:{goals.echo}",
    ]
    command = ssh_command(ssh_keys, ssh_keys.of(Role.BRIDGE, REALM), own_ssh_relay.ssh_port, "-N", *forwards)
    with Ssh.start(command) as bridge:
        await bridge.said(FORWARDED)
        line = await own_ssh_relay.logged("attach", result="ATTACHED")
        assert line["targets"] == ["database", "directory", "port-777"]
        async with (
            worker_channel(pki.worker(), own_ssh_relay.address) as channel,
            tunnel(channel, dial("database")) as connection,
        ):
            await connection.write(b"by name")
            assert await connection.read_exactly(7) == b"by name"
        by_port = await run_ssh(piping(ssh_keys, own_ssh_relay.ssh_port, "localhost:777"), b"by port")
        assert by_port.answer == b"by port"


@pytest.mark.usefixtures("ssh_bridge")
async def test_the_admin_port_tells_of_a_bridge_that_speaks_ssh(ssh_relay: RelayCommand) -> None:
    _, text = await ssh_relay.fetch("/bridges")
    (bridge,) = json.loads(text)["bridges"]
    assert (bridge["realm"], bridge["transport"]) == (REALM, "SSH")
    assert bridge["version"].startswith("OpenSSH_")
    assert bridge["targets"] == ["echo", "late", "stalled", "refusing", "hanging"]


@pytest.mark.parametrize(
    ("target", "reset"),
    [
        ("refusing", Reset(code=UNREACHABLE, message="target refusing cannot be reached: Connection refused")),
        ("hanging", Reset(code=UNREACHABLE, message="the bridge has not reached hanging within 1 s")),
        ("nothing", Reset(code=UNKNOWN, message=f"the bridge of realm {REALM} has no target 'nothing'")),
    ],
)
@pytest.mark.usefixtures("ssh_bridge")
async def test_both_kinds_of_workers_are_told_why_a_target_is_not_reached(
    pki: Pki, ssh_keys: SshKeys, ssh_relay: RelayCommand, target: str, reset: Reset
) -> None:
    async with worker_channel(pki.worker(), ssh_relay.address) as channel:
        assert await refusal(channel, dial(target)) == reset
    ran = await run_ssh(piping(ssh_keys, ssh_relay.ssh_port, f"{target}:5432"))
    assert f"open failed: connect failed: {reset.code.name}: {reset.message}" in ran.said
    assert ran.status == 255


async def test_a_worker_whose_bridge_is_absent_is_told_since_when(ssh_keys: SshKeys, ssh_relay: RelayCommand) -> None:
    ran = await run_ssh(piping(ssh_keys, ssh_relay.ssh_port, "echo:5432", OTHER_REALM))
    assert f"BRIDGE_ABSENT: no bridge of realm {OTHER_REALM} has come since the relay started at 20" in ran.said


@pytest.fixture
def place() -> Iterator[int]:
    """Kept for the port on which a worker's ssh listens."""
    with reserved_port() as port:
        yield port


async def test_the_commands_of_the_how_to_page_work_as_they_stand(
    ssh_keys: SshKeys, own_ssh_relay: RelayCommand, goals: Targets, place: int
) -> None:
    """But for files, addresses and ports."""
    port = str(own_ssh_relay.ssh_port)
    for_bridge, for_worker = (_command(f"ssh -N{word}") for word in (" -T -F", " -F"))
    common = {"relay.example.org": HOST, "2222": port}
    bridge = {
        "/etc/connect/known_hosts": str(ssh_keys.known_hosts(own_ssh_relay.ssh_port)),
        "/etc/connect/id_bridge": str(ssh_keys.of(Role.BRIDGE, REALM)),
        "db.school.example:5432": f"{HOST}:{goals.echo}",
        "dc1.school.example:636": f"{HOST}:{goals.late}",
    }
    worker = {
        "=known_hosts": f"={ssh_keys.known_hosts(own_ssh_relay.ssh_port)}",
        "id_worker": str(ssh_keys.of(Role.WORKER, REALM)),
        "5433:": f"{HOST}:{place}:",
    }
    with Ssh.start(_replaced(for_bridge, common | bridge)):
        await own_ssh_relay.logged("attach", targets=["database", "directory"])
        with Ssh.start([*_replaced(for_worker, common | worker), "-v"]) as forwarding:
            await forwarding.said("Entering interactive session")
            assert await _ask(place, b"hello") == b"hello"


def _command(beginning: str) -> list[str]:
    """A command of the page, in words."""
    text = next(
        block for block in re.findall(r"```sh\n(.*?)```", read(HOW_TO), re.DOTALL) if block.startswith(beginning)
    )
    return shlex.split(text.replace("\\\n", " "))


def _replaced(words: Sequence[str], places: Mapping[str, str]) -> list[str]:
    for written, real in places.items():
        words = [word.replace(written, real) for word in words]
    return list(words)


async def _ask(port: int, sent: bytes) -> bytes:
    """Send, say the end, and read to the end."""
    reader, writer = await asyncio.open_connection(HOST, port)
    async with asyncio.timeout(20):
        writer.write(sent)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer
