"""A customer's SSH server as a jump host: Debian's sshd with a configuration, keys and a port of its own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.openssh import HOST, HOST_KEY, generate_key, public_key
from tests.support.ports import reserved_port

SSHD = "/usr/sbin/sshd"
START_SECONDS = 60
USER = "root"


@dataclass(kw_only=True)
class JumpHost:
    """An sshd that lets one key in, to connect to what `permit` lists (HOST:PORT), and to do nothing else."""

    folder: Path
    port: int
    permit: tuple[str, ...]
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        generate_key(self.folder / HOST_KEY)
        generate_key(self.folder / "worker")
        self.authorize(self.folder / "worker")

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{HOST}:{self.port}"

    @property
    def private_key(self) -> str:
        """The worker's."""
        return (self.folder / "worker").read_text()

    @property
    def known_hosts(self) -> str:
        """What pins this server's host key on its port."""
        return f"[{HOST}]:{self.port} {public_key(self.folder / HOST_KEY)}\n"

    def authorize(self, *keys: Path) -> None:
        """These keys are let in, and no others."""
        authorized = self.folder / "authorized_keys"
        authorized.write_text("".join(f"restrict,port-forwarding {public_key(key)}\n" for key in keys))
        authorized.chmod(0o600)

    def start(self) -> None:
        """Start it, and wait until it answers; started again, it has the same port."""
        config = self.folder / "sshd_config"
        config.write_text(self._config())
        with (self.folder / "log").open("ab") as log:
            command = [SSHD, "-D", "-e", "-f", str(config)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "sshd does not answer"

    def stop(self) -> None:
        """End it with all its sessions, if it runs."""
        if self._process is not None:
            for pid in _descendants(self._process.pid):
                os.kill(pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=START_SECONDS) as connection:
                return connection.recv(4) == b"SSH-"
        except ConnectionRefusedError:
            return False

    def _config(self) -> str:
        lines = [
            f"ListenAddress {HOST}:{self.port}",
            f"HostKey {self.folder / HOST_KEY}",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "AuthenticationMethods publickey",
            "PermitRootLogin prohibit-password",
            "AllowTcpForwarding local",
            f"PermitOpen {' '.join(self.permit)}",
            "PermitTTY no",
            "AllowAgentForwarding no",
            "X11Forwarding no",
            "ForceCommand /usr/sbin/nologin",
        ]
        return "\n".join(lines) + "\n"


@contextmanager
def jump_host(folder: Path, *permit: str) -> Iterator[JumpHost]:
    """Within: a jump host that runs."""
    with reserved_port() as port:
        host = JumpHost(folder=folder, permit=permit or ("any",), port=port)
        try:
            host.start()
            yield host
        finally:
            host.stop()


def _descendants(pid: int) -> list[int]:
    """A process, and all that it has started, itself or by others."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found
