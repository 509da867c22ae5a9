"""A relay and a customer's bridge as they are installed: two processes, with certificates of their own authority."""

import json
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from connect_protocol.relay.identity import Identity, Role
from connect_relay.pki.certificates import Authority, Issued, client, server

REALM = "musterwil"
WAIT_SECONDS = 30
LOOK_EVERY_SECONDS = 0.05
DAY = timedelta(days=1)
LOOPBACK = "127.0.0.1"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """An authority, and certificates of it in folders."""

    folder: Path
    authority: Authority = field(default_factory=lambda: Authority.create("Relay Test CA", datetime.now(UTC) - 9 * DAY))

    def relay(self, *names: str) -> Path:
        """The relay's, for names by which it is called."""
        return self._written("relay", self.authority.issue(server(names or (LOOPBACK,)), DAY, datetime.now(UTC)))

    def client(self, role: Role, realm: str = REALM, *, issued: datetime | None = None) -> Path:
        """A bridge's or a worker's, valid for a day."""
        identity = Identity(realm=realm, role=role)
        return self._written(
            f"{realm}-{role}", self.authority.issue(client(identity), DAY, issued or datetime.now(UTC))
        )

    def _written(self, name: str, issued: Issued) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in (("tls.crt", issued.certificate), ("tls.key", issued.key), ("ca.crt", issued.authority)):
            (folder / file).write_text(text)
        return folder


class Process:
    """A command that runs until it is told to end; its log is in a file."""

    def __init__(self, log: Path, command: str, *arguments: str) -> None:
        self.log = log
        self._command = [str(Path(sys.executable).with_name(command)), *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; the log begins anew."""
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def stop(self) -> None:
        """End it in order, if it runs."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it do nothing more, while its connections stand: as if the network swallowed everything."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def line(self, event: str) -> dict[str, Any]:
        """The first line of the log that tells of this event; waits for it."""
        return wait_for(lambda: next((line for line in self.lines() if line.get("event") == event), {}), self)

    def lines(self) -> Sequence[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process is None or self._process.poll() is not None

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.wait(WAIT_SECONDS)
        self._process = None


class Relay(Process):
    """`connect-relay serve` on loopback; started again, it has the same ports."""

    def __init__(self, folder: Path, tls: Path) -> None:
        self._folder = folder
        self._tls = tls
        self._ports = (0, 0)
        super().__init__(folder / "relay.log", "connect-relay")

    def start(self) -> None:
        """Start it, and wait until it listens."""
        port, admin = self._ports
        arguments = ["--listen", f"{LOOPBACK}:{port}", "--admin-listen", f"{LOOPBACK}:{admin}", "--drain-seconds", "1"]
        self._command = [self._command[0], "serve", "--tls", str(self._tls), *arguments]
        super().start()
        runs = self.line("relay runs")
        self._ports = (runs["port"], runs["admin_port"])

    @property
    def address(self) -> str:
        """Where bridges and workers call it."""
        return f"{LOOPBACK}:{self._ports[0]}"

    def bridges(self) -> dict[str, Any]:
        """Which bridges are there, and which are not."""
        document: dict[str, Any] = json.loads(self._admin("bridges"))
        return document

    def open_connections(self) -> int:
        """How many connections it carries now."""
        return self._gauge("connect_relay_connections")

    def waiting_dials(self) -> int:
        """How many workers wait for a bridge."""
        return self._gauge("connect_relay_dials_waiting")

    def _gauge(self, name: str) -> int:
        lines = (line.split() for line in self._admin("metrics").splitlines())
        return next(int(float(line[1])) for line in lines if line[0] == name)

    def _admin(self, page: str) -> str:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self._ports[1]}/{page}", timeout=WAIT_SECONDS) as answer:
            return str(answer.read(), "utf-8")


class Bridge(Process):
    """`connect-bridge run` in the customer's network."""

    def __init__(self, relay: Relay, folder: Path, tls: Path, targets: dict[str, str]) -> None:
        self._relay = relay
        self.targets = targets
        named = [f"--target={name}={address}" for name, address in targets.items()]
        arguments = ["--relay", relay.address, "--tls", str(tls), "--longest-pause-seconds", "1", *named]
        super().__init__(folder / "bridge.log", "connect-bridge", "run", *arguments)

    def start(self) -> None:
        """Start it, and wait until the relay knows it."""
        super().start()
        self.wait_until_there()

    def wait_until_there(self) -> None:
        """Wait until the relay knows it."""
        wait_for(self._is_there, self)

    def kill(self) -> None:
        """End it as a power cut of its machine alone does, and wait until the relay has noticed."""
        super().kill()
        wait_for(lambda: not self._is_there(), self._relay)

    def stop(self) -> None:
        """End it in order, and wait until the relay has noticed."""
        super().stop()
        if not self._relay.ended:
            wait_for(lambda: not self._is_there(), self._relay)

    def _is_there(self) -> bool:
        return any(bridge["realm"] == REALM for bridge in self._relay.bridges()["bridges"])


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """A relay and a bridge that run."""

    certificates: Certificates
    relay: Relay
    bridge: Bridge

    @contextmanager
    def rerouted(self, **targets: str) -> Iterator[None]:
        """Within: in the bridge's place there is one with this list."""
        self.bridge.stop()
        folder = self.certificates.folder
        bridge = Bridge(self.relay, folder, self.certificates.client(Role.BRIDGE), targets)
        try:
            bridge.start()
            yield
        finally:
            bridge.stop()


@contextmanager
def running_tunnel(folder: Path, targets: dict[str, str]) -> Iterator[Tunnel]:
    """Run a relay, and a bridge to these targets (name → HOST:PORT), while the context lasts."""
    certificates = Certificates(folder=folder)
    relay = Relay(folder, certificates.relay())
    try:
        relay.start()
        bridge = Bridge(relay, folder, certificates.client(Role.BRIDGE), targets)
        try:
            bridge.start()
            yield Tunnel(certificates=certificates, relay=relay, bridge=bridge)
        finally:
            Process.kill(bridge)
    finally:
        relay.kill()


def wait_for(look: Callable[[], T], process: Process) -> T:
    """Look until there is something. Raises AssertionError if the process ends before, or after WAIT_SECONDS."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := look()):
        assert not process.ended, f"it ended: {process.log.read_text()}"
        assert time.monotonic() < deadline, f"nothing came in time: {process.log.read_text()}"
        select.select([], [], [], LOOK_EVERY_SECONDS)
    return found
