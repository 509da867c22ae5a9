"""Stock OpenSSH: keys, and `ssh` as bridge and as worker of a relay."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from connect_protocol.relay.identity import Identity, Role
from connect_relay.settings import Address, Limits, RelaySettings, SshSettings, Times
from tests.support.ports import reserved_port

HOST = "127.0.0.1"
REALM = "musterwil"
START_SECONDS = 60
STOP_SECONDS = 60
"""Patience, as for relay and bridge."""
HOST_KEY = "ssh_host_ed25519_key"
AUTHORIZED_KEYS = "authorized_keys"
FORWARDED = "all expected forwarding replies received"


ANY = Address(host=HOST, port=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class SshKeys:
    """A relay's folder for SSH, and the keys of bridges and workers beside it, as ssh-keygen makes them."""

    root: Path

    @classmethod
    def create(cls, root: Path, *realms: str) -> "SshKeys":
        """A relay's host key, and bridge and worker of each realm, all of them authorized."""
        keys = cls(root=root)
        keys.relay.mkdir(parents=True)
        generate_key(keys.relay / HOST_KEY)
        for realm in realms:
            for role in Role:
                generate_key(keys.of(role, realm))
        keys.authorize(*(Identity(realm=realm, role=role) for realm in realms for role in Role))
        return keys

    @property
    def relay(self) -> Path:
        """The relay's folder: ssh_host_ed25519_key, authorized_keys."""
        return self.root / "relay"

    def of(self, role: Role, realm: str) -> Path:
        """A private key's file; .pub is beside it."""
        return self.root / f"{realm}-{role}"

    def authorize(self, *identities: Identity) -> None:
        """Write authorized_keys anew: these may log in, and nobody else."""
        lines = [
            f'realm="{identity.realm}",role="{identity.role}" {public_key(self.of(identity.role, identity.realm))}\n'
            for identity in identities
        ]
        new = self.relay / "authorized_keys.new"
        new.write_text("".join(lines))
        new.rename(self.relay / AUTHORIZED_KEYS)

    def settings(self, tls: Path, *, limits: Limits | None = None, times: Times) -> RelaySettings:
        """Of a relay with both ports, any that are free."""
        ssh = SshSettings(listen=ANY, folder=self.relay)
        return RelaySettings(listen=ANY, admin=ANY, tls=tls, ssh=ssh, limits=limits or Limits(), times=times)

    def known_hosts(self, port: int) -> Path:
        """A file that pins the relay's host key on this port of loopback."""
        path = self.root / f"known_hosts-{port}"
        path.write_text(f"[{HOST}]:{port} {public_key(self.relay / HOST_KEY)}\n")
        return path


def generate_key(path: Path, kind: str = "ed25519") -> None:
    """A new pair of keys, without a passphrase."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "test", "-f", path], check=True)


def fingerprint_of(private: Path) -> str:
    """As ssh-keygen tells it."""
    told = subprocess.run(["ssh-keygen", "-l", "-f", private], capture_output=True, text=True, check=True)
    return told.stdout.split()[1]


def public_key(private: Path) -> str:
    """The line of the public key's file."""
    return Path(f"{private}.pub").read_text().strip()


def ssh_command(keys: SshKeys, key: Path, port: int, *options: str) -> list[str]:
    """`ssh` to the relay on this port, without any configuration of this machine; quick to notice a silent relay."""
    settings = {
        "IdentityFile": key,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": keys.known_hosts(port),
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "ExitOnForwardFailure": "yes",
        "ServerAliveInterval": "1",
        "ServerAliveCountMax": "3",
    }
    words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "none", "-v", *words, *options, "-p", str(port), f"whoever@{HOST}"]


def ssh_port(keys: SshKeys) -> list[str]:
    """The relay's options for an SSH port that is free."""
    return ["--ssh", str(keys.relay), "--ssh-listen", f"{HOST}:0"]


@dataclass(kw_only=True, eq=False)
class Ssh:
    """`ssh -N` that runs, and what it has said on stderr."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _over: bool = False

    @classmethod
    def start(cls, command: Sequence[str]) -> Self:
        """Start it, as `ssh_command` gives it."""
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        ssh = cls(process=process)
        threading.Thread(target=ssh._read, daemon=True).start()
        return ssh

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def wait_for(self, text: str, seconds: float = START_SECONDS) -> str:
        """The first line that holds this text; waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._find(text), seconds)
            found = self._find(text)
        assert found is not None, f"no {text!r} in\n" + "\n".join(self.lines)
        return found

    async def said(self, text: str, seconds: float = START_SECONDS) -> str:
        """`wait_for`, while the event loop goes on."""
        return await asyncio.to_thread(self.wait_for, text, seconds)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal: SIGSTOP lets it fall silent, its connections stand."""
        self.process.send_signal(number)

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit code, when it ends by itself."""
        return await asyncio.to_thread(self.process.wait, seconds)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def _find(self, text: str) -> str | None:
        return next((line for line in self.lines if text in line), None)

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as output:
            for line in output:
                with self._changed:
                    self.lines.append(line.rstrip())
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()


@contextmanager
def stock_bridge(keys: SshKeys, port: int, targets: Mapping[str, int], realm: str = REALM) -> Iterator[Ssh]:
    """Within: `ssh -R` as a realm's bridge, for targets on loopback: name → port."""
    forwards = [word for name, place in targets.items() for word in ("-R", f"{name}:5432:{HOST}:{place}")]
    with Ssh.start(ssh_command(keys, keys.of(Role.BRIDGE, realm), port, "-N", *forwards)) as running:
        running.wait_for(FORWARDED)
        yield running


@dataclass(frozen=True, kw_only=True, slots=True)
class Piped:
    """How an `ssh` has ended."""

    status: int | None
    answer: bytes
    said: str


async def run_ssh(command: Sequence[str], sent: bytes = b"", seconds: float = START_SECONDS) -> Piped:
    """Run `ssh`, with this on its stdin."""
    ssh = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds):
            answer, said = await ssh.communicate(sent)
    except TimeoutError:
        ssh.kill()
        await ssh.wait()
        raise
    return Piped(status=ssh.returncode, answer=answer, said=said.decode())


def piping(keys: SshKeys, port: int, target: str, realm: str = REALM) -> list[str]:
    """`ssh -W` as a realm's worker; `target` with its port."""
    return ssh_command(keys, keys.of(Role.WORKER, realm), port, "-W", target)


@contextmanager
def local_forward(keys: SshKeys, port: int, *targets: str, realm: str = REALM) -> Iterator[tuple[Ssh, list[int]]]:
    """Within: `ssh -L` as a realm's worker, and ports on loopback that lead to these targets (NAME:PORT)."""
    with ExitStack() as reserved:
        ports = [reserved.enter_context(reserved_port()) for _ in targets]
        forwards = [
            word for target, place in zip(targets, ports, strict=True) for word in ("-L", f"{HOST}:{place}:{target}")
        ]
        with Ssh.start(ssh_command(keys, keys.of(Role.WORKER, realm), port, "-N", *forwards)) as running:
            running.wait_for("Entering interactive session")
            yield running, ports
