"""Stock OpenSSH on both sides of the relay: `ssh -R` as the bridge, `ssh -W` and `ssh -L` as the worker."""

import asyncio
from collections.abc import Iterator

import pytest

from connect_protocol.relay.identity import Role
from tests.support.openssh import FORWARDED, HOST, Ssh, SshKeys, ssh_command
from tests.support.relay import OTHER_REALM, REALM, Pki, RelayCommand
from tests.support.targets import ANSWER, Targets


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SshKeys:
    return SshKeys.create(tmp_path_factory.mktemp("ssh"), REALM, OTHER_REALM)


@pytest.fixture(scope="module")
def relay(pki: Pki, keys: SshKeys) -> Iterator[RelayCommand]:
    with RelayCommand.serve(pki, "--ssh", str(keys.relay), "--ssh-listen", f"{HOST}:0") as running:
        yield running


@pytest.fixture(scope="module")
def bridge(keys: SshKeys, relay: RelayCommand, goals: Targets) -> Iterator[Ssh]:
    forwards = [word for name, port in goals.by_name().items() for word in ("-R", f"{name}:5432:{HOST}:{port}")]
    command = ssh_command(keys, keys.of(Role.BRIDGE, REALM), relay.ssh_port, "-N", *forwards)
    with Ssh.start(command) as running:
        running.wait_for(FORWARDED)
        relay.wait_for("attach", result="ATTACHED", transport="SSH")
        yield running


@pytest.mark.usefixtures("bridge")
async def test_w_reaches_a_target_and_every_byte_comes_back(keys: SshKeys, relay: RelayCommand) -> None:
    sent = bytes(range(256)) * 20_000
    status, answer, _ = await _piped(keys, relay, "echo", sent)
    assert answer == sent
    assert status == 0


@pytest.mark.usefixtures("bridge")
async def test_who_has_said_its_end_still_gets_the_whole_answer(keys: SshKeys, relay: RelayCommand) -> None:
    status, answer, _ = await _piped(keys, relay, f"[{REALM}/late]", b"a question")
    assert answer == b"        10" + ANSWER
    assert status == 0


async def _piped(keys: SshKeys, relay: RelayCommand, target: str, sent: bytes) -> tuple[int | None, bytes, str]:
    """`ssh -W` with this on its stdin; returns exit code, stdout and stderr."""
    command = ssh_command(keys, keys.of(Role.WORKER, REALM), relay.ssh_port, "-W", f"{target}:5432")
    ssh = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(20):
        answer, said = await ssh.communicate(sent)
    return ssh.returncode, answer, said.decode()
