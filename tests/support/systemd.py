"""A systemd of a test's own: process 1 of its own namespaces, on a copy of the machine's files that vanishes with it.

Its network is the machine's. None of the machine's services are in it, nor devices; its control groups are its own, and
of version 2 alone, as in today's distributions.
"""

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT

CGROUPS = Path("/sys/fs/cgroup")
START_SECONDS = 60
PROGRAM = "/opt/connect-bridge/bin/connect-bridge"

_BOOT = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$BASE"
mkdir "$BASE/upper" "$BASE/work" "$BASE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$BASE/upper,workdir=$BASE/work" "$BASE/root"
cd "$BASE/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
ln -s pts/ptmx dev/ptmx
mkdir -p opt/python opt/packages opt/shared old
mount --bind "$PYTHON" opt/python
mount --bind "$PACKAGES" opt/packages
mount --bind "$SHARED" opt/shared
pivot_root . old
umount -l /old
mount --make-rshared /
rm -rf /etc/systemd/system/*.wants /etc/systemd/system/*.requires /usr/lib/systemd/system/*.wants \
    /usr/lib/systemd/system-generators /etc/fstab
echo /opt/python/lib > /etc/ld.so.conf.d/000-python.conf
ldconfig
echo 0123456789abcdef0123456789abcdef > /etc/machine-id
printf '[Unit]\nDefaultDependencies=no\n' > /etc/systemd/system/connect-test.target
exec /usr/lib/systemd/systemd --system --unit=connect-test.target --log-target=null --show-status=0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Systemd:
    """It runs; `shared` is a folder of the test's that it sees as /opt/shared."""

    process: int
    shared: Path

    def run(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command beside its services, and wait for it."""
        enter = ["nsenter", f"--target={self.process}", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--wd=/"]
        return subprocess.run(
            [*enter, *command],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        )

    def ask(self, *command: str) -> str:
        """What a command prints that must succeed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def show(self, prop: str) -> str:
        """A property of the bridge's service."""
        return self.ask("systemctl", "show", f"--property={prop}", "--value", "connect-bridge").strip()

    def read(self, path: str) -> str:
        """A file of its own."""
        return Path(f"/proc/{self.process}/root{path}").read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """The same, written."""
        place = Path(f"/proc/{self.process}/root{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


@contextmanager
def systemd(folder: Path) -> Iterator[Systemd]:
    """Within: it runs, and Connect is installed in /opt/connect-bridge from its wheel, with the tests' libraries."""
    for name in ("base", "shared"):
        (folder / name).mkdir()
    packages = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    variables = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "container": "test",
        "BASE": str(folder / "base"),
        "PYTHON": sys.base_prefix,
        "PACKAGES": str(packages),
        "SHARED": str(folder / "shared"),
    }
    namespaces = ["--pid", "--mount", "--cgroup", "--uts", "--ipc", "--fork", "--kill-child"]
    with _control_group(f"connect-test-{os.getpid()}") as join:
        leader = subprocess.Popen(
            ["sh", "-c", f'{join} exec unshare "$@"', "sh", *namespaces, "sh", "-c", _BOOT], env=variables
        )
        try:
            running = Systemd(process=_first_child(leader), shared=folder / "shared")
            _wait_until_running(running, leader)
            _install_connect(running)
            yield running
        finally:
            leader.kill()
            leader.wait()


def _first_child(leader: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{leader.pid}/task/{leader.pid}/children")
    deadline = time.monotonic() + START_SECONDS
    while not (found := children.read_text(encoding="ascii").split()):
        assert leader.poll() is None, "systemd's namespaces could not be made"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(found[0])


def _wait_until_running(running: Systemd, leader: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "running" not in running.run("systemctl", "is-system-running").stdout:
        assert leader.poll() is None, "systemd has ended"
        assert time.monotonic() < deadline, "systemd does not come up"
        time.sleep(0.05)


def _install_connect(running: Systemd) -> None:
    """From the wheel, as the how-to does it; the libraries are those that the tests run with."""
    hatchling = str(Path(sys.executable).with_name("hatchling"))
    build = [hatchling, "build", "--target", "wheel", "--directory", str(running.shared / "wheel")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = (running.shared / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(running.shared / "connect")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    home = f"/opt/connect-bridge/lib/{version}/site-packages"
    running.ask(f"/opt/python/bin/{version}", "-m", "venv", "--without-pip", "/opt/connect-bridge")
    running.ask("cp", "-r", "/opt/shared/connect/.", home)
    running.write(f"{home}/libraries.pth", "/opt/packages\n")
    program = "#!/opt/connect-bridge/bin/python3\nfrom connect_relay.bridge.cli import main\n\nmain()\n"
    running.write(PROGRAM, program)
    running.ask("chmod", "755", PROGRAM)


@contextmanager
def _control_group(name: str) -> Iterator[str]:
    """Within: an empty group of this name; yields the shell's words to join it."""
    beside_others = CGROUPS / "unified"
    group = (beside_others if beside_others.exists() else CGROUPS) / name
    group.mkdir()
    try:
        yield f"echo $$ > {group}/cgroup.procs && "
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    """A group goes when its last process has, which takes the kernel a moment."""
    deadline = time.monotonic() + START_SECONDS
    while group.exists() and time.monotonic() < deadline:
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
        if group.exists():
            time.sleep(0.05)
