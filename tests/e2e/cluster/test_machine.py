"""A cluster's machine is gone with its starter, whatever became of him, and leaves nothing on the host."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from tests.cluster.command import run_command
from tests.cluster.errors import ClusterError
from tests.cluster.machine import Lifetime, Machine, start_machine
from tests.cluster.programs import built_programs

ROOT = Path(__file__).parents[3]
END_SECONDS = 20
OWNER = """
import sys
from tests.cluster.machine import Lifetime, start_machine
from tests.cluster.programs import built_programs
print(start_machine(sys.argv[1], built_programs(), Lifetime.OF_ITS_STARTER).pid, flush=True)
sys.stdin.read()
"""


@contextmanager
def machine(name: str = "") -> Iterator[Machine]:
    started = start_machine(name or token_hex(4), built_programs(), Lifetime.OF_ITS_STARTER)
    try:
        yield started
    finally:
        started.end()


def control_groups(started: Machine) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"*/{started.control_group}"))


def host_mounts() -> str:
    return Path("/proc/self/mounts").read_text()


def test_nothing_is_left_of_a_machine() -> None:
    """No process, mount, network interface, control group or file."""
    with machine() as ended:
        mounts = host_mounts()
        ended.start("orphan", ended.command("sh", "-c", "sleep 1000 & exec sleep 1000"))
        run_command(ended.command("mkdir", "-p", "/run/here", "/var/lib/here"))
        run_command(ended.command("mount", "-t", "tmpfs", "tmpfs", "/run/here"))
        assert ended.folder.is_dir()
        assert control_groups(ended)
        assert host_mounts() == mounts
    assert not ended.folder.exists()
    assert not control_groups(ended)
    assert not Path(f"/proc/{ended.pid}").exists()
    assert all(process.returncode is not None for process in ended.started.values())


def test_the_hosts_settings_stay_as_they_are() -> None:
    """The kubelet would write these; on its machine it finds them as it wants them."""
    setting = Path("/proc/sys/kernel/panic")
    before = setting.read_text()
    with machine() as started:
        assert run_command(started.command("cat", str(setting))) == "10\n"
        run_command(started.command("sh", "-c", f"echo 11 >{setting}"))
        assert setting.read_text() == before


def test_two_machines_run_side_by_side_with_the_same_address() -> None:
    with machine() as one, machine() as other:
        address = ("ip", "-brief", "address", "show", "node0")
        assert run_command(one.command(*address)).split()[2] == "10.250.0.1/24"
        assert run_command(other.command(*address)).split()[2] == "10.250.0.1/24"
        run_command(one.command("ip", "link", "delete", "node0"))
        assert run_command(other.command(*address)).split()[2] == "10.250.0.1/24"


def test_two_machines_of_one_name_are_refused() -> None:
    name = token_hex(4)
    with machine(name), pytest.raises(ClusterError, match=f"a cluster runs in .*{name} already"), machine(name):
        pass


def test_a_machine_dies_with_its_starter_and_is_swept_away_by_the_next() -> None:
    """Also with one that was killed, and could not say goodbye."""
    name = token_hex(4)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        process = os.pidfd_open(pid)
        owner.send_signal(signal.SIGKILL)
        owner.wait(END_SECONDS)
    dead, _, _ = select.select([process], [], [], END_SECONDS)
    os.close(process)
    assert dead
    with machine() as sweeper:
        dead_machine = Machine(folder=sweeper.folder.parent / name, pid=pid)
        assert not dead_machine.folder.exists()
        assert not control_groups(dead_machine)
