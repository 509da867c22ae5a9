"""The bridge as a service: installed by its one command, run by a real systemd under the unit's restrictions."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connect_relay.cli import main as relay_command
from connect_relay.pki.certificates import Authority
from tests.support.ports import reserved_port
from tests.support.relay import HOST, Pki, RelayCommand, dial, tunnel, worker_channel
from tests.support.systemd import PROGRAM, Systemd, systemd
from tests.support.targets import Targets

BUNDLE = "/opt/shared/musterwil.connect-bridge"
QUICKLY = "[Service]\nRestartSec=100ms\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systemd]:
    """A customer's machine with systemd, on which the wheel has been installed."""
    with systemd(tmp_path_factory.mktemp("machine")) as running:
        yield running


def made(*arguments: object) -> None:
    """What a command of whoever runs the relay makes."""
    relay_command.main(["pki", *map(str, arguments)], standalone_mode=False)


@contextmanager
def sent(pki: Pki, machine: Systemd, relay: RelayCommand) -> Iterator[None]:
    """Within: the bundle is there, and the bridge is not installed yet; after it, it is not any more."""
    path = machine.shared / Path(BUNDLE).name
    made("bundle", pki.root, "musterwil", "--relay", relay.address, "--to", path)
    machine.write("/etc/systemd/system/connect-bridge.service.d/test.conf", QUICKLY)
    try:
        yield
    finally:
        path.unlink()
        machine.run(PROGRAM, "uninstall")


async def test_one_command_installs_a_service_that_does_its_work_and_may_do_nothing_else(
    pki: Pki, own_relay: RelayCommand, goals: Targets, machine: Systemd
) -> None:
    with sent(pki, machine, own_relay):
        done = await asyncio.to_thread(machine.run, PROGRAM, "install", BUNDLE, "--target", f"echo={HOST}:{goals.echo}")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == f"Attached to {own_relay.address} ({HOST})"
        async with (
            worker_channel(pki.worker(), own_relay.address) as channel,
            tunnel(channel, dial("echo")) as connection,
        ):
            await connection.write(b"served")
            assert await connection.read_exactly(6) == b"served"
        process = int(machine.show("MainPID"))
        status = machine.read(f"/proc/{process}/status")
        facts = dict(re.findall(r"^(\w+):\s+(\S+)", status, flags=re.MULTILINE))
        members = machine.ask("cat", f"/sys/fs/cgroup{machine.show('ControlGroup')}/cgroup.procs")
        assert members.split() == [str(process)], "it is in a control group of version 2, alone"
        assert facts["NoNewPrivs"] == "1"
        assert facts["Seccomp"] == "2"
        assert {facts[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}
        assert int(facts["Uid"]) >= 60000
        assert machine.ask("stat", "-c", "%a %U", "/etc/connect-bridge", "/etc/connect-bridge/tls.key").split() == [
            *("750", "root"),
            *("600", "root"),
        ]
        machine.ask(PROGRAM, "uninstall")
        await own_relay.logged("detach")
        gone = machine.run("ls", "/etc/connect-bridge", "/etc/systemd/system/connect-bridge.service")
        assert gone.stdout == ""
        assert machine.run("systemctl", "cat", "connect-bridge").returncode != 0


@pytest.fixture
def port() -> Iterator[int]:
    """Kept for a relay's SSH port, which its certificates name before it listens."""
    with reserved_port() as port:
        yield port


async def test_a_bundle_for_both_transports_is_installed_likewise(machine: Systemd, tmp_path: Path, port: int) -> None:
    """Two relays: one is called by gRPC, the other by SSH."""
    root, bundle = tmp_path / "pki", machine.shared / "both.connect-bridge"
    made("init", root)
    made("relay", root, "--name", HOST)
    made("ssh-host", root, "--name", f"{HOST}:{port}")
    made("bridge", root, "musterwil")
    made("bridge", root, "musterwil", "--ssh")
    ssh = ("--ssh", str(root / "ssh"), "--ssh-listen", f"{HOST}:{port}")
    authority = Authority.load((root / "ca/ca.crt").read_bytes(), (root / "ca/ca.key").read_bytes())
    with RelayCommand.serve(Pki(root=root, authority=authority), *ssh) as relay:
        named = ("--relay", str(relay.address), "--relay", f"ssh://{HOST}:{port}")
        made("bundle", root, "musterwil", *named, "--to", bundle)
        try:
            machine.ask(PROGRAM, "install", f"/opt/shared/{bundle.name}", "--target", "database=db:5432")
            await relay.logged("attach", transport="gRPC")
            await relay.logged("attach", transport="SSH")
        finally:
            machine.ask(PROGRAM, "uninstall")


async def test_a_second_installation_changes_what_it_is_told_and_restarts(
    pki: Pki, own_relay: RelayCommand, goals: Targets, machine: Systemd
) -> None:
    """The bundle has been deleted by then."""
    with sent(pki, machine, own_relay):
        machine.ask(PROGRAM, "install", BUNDLE, "--target", f"echo={HOST}:{goals.echo}")
        first = machine.show("MainPID")
        again = machine.ask(
            PROGRAM, "install", "--target", f"echo={HOST}:{goals.echo}", "--target", "directory=dc1:636"
        )
        assert re.findall(r"^changed +(\S+)", again, flags=re.MULTILINE) == ["/etc/connect-bridge/environment"]
        await own_relay.logged("attach", targets=["echo", "directory"])
        second = machine.show("MainPID")
        assert second != first
        machine.ask(PROGRAM, "install")
        assert machine.show("MainPID") == second


async def test_systemd_brings_back_a_bridge_that_is_killed_or_hangs(
    pki: Pki, own_relay: RelayCommand, goals: Targets, machine: Systemd
) -> None:
    with sent(pki, machine, own_relay):
        machine.write("/etc/systemd/system/connect-bridge.service.d/test.conf", QUICKLY + "WatchdogSec=1\n")
        machine.ask(PROGRAM, "install", BUNDLE, "--target", f"echo={HOST}:{goals.echo}")
        await own_relay.logged("attach")
        for number in ("KILL", "STOP"):
            before = len(own_relay.lines)
            machine.ask("systemctl", "kill", "--kill-whom=main", f"--signal={number}", "connect-bridge")
            await own_relay.logged("attach", after=before)


async def test_doctor_needs_no_options_where_the_bridge_is_installed(
    pki: Pki, own_relay: RelayCommand, goals: Targets, machine: Systemd
) -> None:
    with sent(pki, machine, own_relay):
        machine.ask(PROGRAM, "install", BUNDLE, "--target", f"echo={HOST}:{goals.echo}")
        told = machine.run(PROGRAM, "doctor")
        assert told.returncode == 0, told.stdout
        assert "lets this bridge in; 1 bridge is attached now" in told.stdout
        assert machine.ask(PROGRAM, "check") == f"✓ echo         {HOST}:{goals.echo}: reached\n"
