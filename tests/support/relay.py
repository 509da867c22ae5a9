"""A relay and bridges as real processes, their certificates, and a small worker's end to call them with."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from cryptography import x509

from connect_protocol.relay import service
from connect_protocol.relay.credit import BASE_WINDOW, ReceiveWindow
from connect_protocol.relay.ending import Ending
from connect_protocol.relay.frames import Dial, Frame, Opened, Reset, decode, encode
from connect_protocol.relay.identity import Identity, Role
from connect_protocol.relay.pump import pump
from connect_protocol.relay.service import HEARTBEAT_SECONDS
from connect_relay.credentials import load_certificates
from connect_relay.pki.certificates import Authority, Issued, client, server
from connect_relay.pki.folder import RELAY, PkiFolder, files_of, folder_of
from connect_relay.rpc import Channel, ClientStream
from connect_relay.settings import Address
from tests.support.frame_streams import connected_sockets

HOST = "127.0.0.1"
NAME = "relay.school.test"
REALM = "musterwil"
OTHER_REALM = "seldwyla"
START_SECONDS = 60
STOP_SECONDS = 60
"""Patience, even where other programs take this machine's time: what comes is not waited for any longer."""

Line = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pki:
    """An authority, and the folders with what it has issued."""

    root: Path
    authority: Authority

    @classmethod
    def create(cls, root: Path, *realms: str) -> "Pki":
        """A new authority, a relay's certificate for loopback, and bridge and worker of each realm (or of REALM)."""
        authority = Authority.create("Test CA", now())
        pki = cls(root=root, authority=authority)
        folder = PkiFolder(root)
        issued = authority.issue(server([HOST, "localhost", NAME]), timedelta(days=1), now())
        folder.keep(RELAY, files_of(issued))
        for realm in realms or (REALM,):
            for role in Role:
                identity = Identity(realm=realm, role=role)
                issued = authority.issue(client(identity), timedelta(days=1), now())
                folder.keep(folder_of(identity), files_of(issued))
        return pki

    @property
    def relay(self) -> Path:
        """The relay's folder: tls.crt, tls.key, ca.crt."""
        return self.root / RELAY

    def put(self, folder: Path, issued: Issued) -> None:
        """Put a certificate into this folder, in place of what is there, one file after the other."""
        for name, text in (("tls.key", issued.key), ("tls.crt", issued.certificate), ("ca.crt", issued.authority)):
            (folder / name).write_text(text, encoding="ascii")

    def bridge(self, realm: str = REALM) -> Path:
        """A bridge's folder."""
        return self.root / folder_of(Identity(realm=realm, role=Role.BRIDGE))

    def worker(self, realm: str = REALM) -> Path:
        """A worker's folder."""
        return self.root / folder_of(Identity(realm=realm, role=Role.WORKER))


def certificate_in(folder: Path) -> x509.Certificate:
    """The certificate in a folder."""
    return x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes())


@dataclass(kw_only=True, eq=False)
class Command:
    """An installed command that runs, and the lines of JSON that it has logged; other lines are kept as `raw`."""

    process: subprocess.Popen[str]
    lines: list[Line] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _over: bool = False

    @classmethod
    def start(cls, *arguments: str | Path, variables: Mapping[str, str] | None = None) -> Self:
        """Start it, in an environment of its own: in the tests' own the worker has told gRPC to be silent."""
        program = Path(sys.executable).parent / arguments[0]
        process = subprocess.Popen(
            [program, *arguments[1:]],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        command = cls(process=process)
        threading.Thread(target=command._read, daemon=True).start()
        return command

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_for(self, event: str, seconds: float = START_SECONDS, *, after: int = 0, **fields: object) -> Line:
        """The first line, from number `after` on, of this event and with these fields; waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._find(event, after, fields), seconds)
            found = self._find(event, after, fields)
        if found is None:
            raise AssertionError(f"no line {event!r} {fields} in\n" + "\n".join(map(str, self.lines)))
        return found

    async def logged(self, event: str, seconds: float = START_SECONDS, *, after: int = 0, **fields: object) -> Line:
        """`wait_for`, while the event loop goes on."""
        return await asyncio.to_thread(self.wait_for, event, seconds, after=after, **fields)

    async def mentioned(self, text: str, seconds: float = START_SECONDS) -> None:
        """Wait for a line that is no JSON and holds this text."""

        def found() -> bool:
            return any(text in line.get("raw", "") for line in self.lines)

        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(lambda: self._over or found(), seconds) and found()

        assert await asyncio.to_thread(wait), f"{text!r} is not in\n" + "\n".join(map(str, self.lines))

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self._ended()

    def resident_bytes(self) -> int:
        """Memory that it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def open_sockets(self) -> int:
        """Sockets that it holds."""
        links = Path(f"/proc/{self.process.pid}/fd").iterdir()
        return sum(link.readlink().name.startswith("socket:") for link in links if link.is_symlink())

    def _ended(self) -> int:
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def _find(self, event: str, after: int, fields: Mapping[str, object]) -> Line | None:
        wanted = {"event": event, **fields}
        return next((line for line in self.lines[after:] if wanted.items() <= line.items()), None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for text in output:
                with self._changed:
                    self.lines.append(_line(text))
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()


@dataclass(kw_only=True, eq=False)
class RelayCommand(Command):
    """`connect-relay serve` on free ports, or on those that another one had."""

    @classmethod
    def serve(
        cls, pki: Pki, *options: str, port: int = 0, admin_port: int = 0, variables: Mapping[str, str] | None = None
    ) -> Self:
        """Start it, and wait until it listens."""
        return cls.serve_with(pki.relay, *options, port=port, admin_port=admin_port, variables=variables)

    @classmethod
    def serve_with(
        cls, tls: Path, *options: str, port: int = 0, admin_port: int = 0, variables: Mapping[str, str] | None = None
    ) -> Self:
        """The same, with the certificate in this folder."""
        relay = cls.start(
            "connect-relay", "serve", "--listen", f"{HOST}:{port}", "--admin-listen", f"{HOST}:{admin_port}",
            "--tls", tls, *options, variables=variables,
        )  # fmt: skip
        relay.wait_for("relay runs")
        return relay

    @property
    def port(self) -> int:
        """Where bridges and workers call."""
        return int(self.wait_for("relay runs")["port"])

    @property
    def ssh_port(self) -> int:
        """Where bridges and workers call by SSH."""
        return int(self.wait_for("relay runs")["ssh_port"])

    @property
    def admin_url(self) -> str:
        """Where the cluster asks."""
        return f"http://{HOST}:{self.wait_for('relay runs')['admin_port']}"

    async def fetch(self, path: str) -> tuple[int, str]:
        """Ask the admin port; returns status and body."""
        async with aiohttp.ClientSession() as session, session.get(self.admin_url + path) as answer:
            return answer.status, await answer.text()

    async def counted(self, name: str, value: float, seconds: float = START_SECONDS) -> None:
        """Wait until a metric has this value."""
        async with asyncio.timeout(seconds):
            # Another process counts: it can only be asked.
            while await self.metric(name) != value:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def metric(self, name: str) -> float:
        """A metric's value now; `name` without the prefix, with its labels."""
        _, text = await self.fetch("/metrics")
        (value,) = (line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(f"connect_relay_{name} "))
        return float(value)

    @property
    def address(self) -> Address:
        """The port, with its host."""
        return Address(host=HOST, port=self.port)


def start_bridge(
    tls: Path, relay_port: int, targets: Mapping[str, int], *options: str, variables: Mapping[str, str] | None = None
) -> Command:
    """`connect-bridge run` for targets on loopback: name → port."""
    named = [text for name, port in targets.items() for text in ("--target", f"{name}={HOST}:{port}")]
    relay = ("--relay", f"{HOST}:{relay_port}", "--tls", str(tls))
    return Command.start("connect-bridge", "run", *relay, *named, *options, variables=variables)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tunnelled:
    """A connection through relay and bridge: a socket to speak on, and how the pump behind it ends."""

    connection: socket.socket
    pumping: asyncio.Task[Ending]

    async def write(self, data: bytes) -> None:
        """Send all."""
        await asyncio.get_running_loop().sock_sendall(self.connection, data)

    async def read(self, most: int = 1 << 18) -> bytes:
        """What has come; empty at the end."""
        return await asyncio.get_running_loop().sock_recv(self.connection, most)

    async def read_exactly(self, count: int) -> bytes:
        """So many bytes."""
        parts = bytearray()
        while len(parts) < count:
            piece = await self.read(count - len(parts))
            if not piece:
                raise AssertionError(f"the end after {len(parts)} of {count} bytes")
            parts += piece
        return bytes(parts)

    def end(self) -> None:
        """Half-close: say that no more will come."""
        self.connection.shutdown(socket.SHUT_WR)

    async def ending(self, seconds: float = START_SECONDS) -> Ending:
        """How it ended."""
        return await asyncio.wait_for(asyncio.shield(self.pumping), seconds)


@asynccontextmanager
async def worker_channel(tls: Path, relay: Address, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncIterator[Channel]:
    """Within: a worker's connection to the relay."""
    channel = Channel(relay, load_certificates(tls), heartbeat)
    try:
        yield channel
    finally:
        await channel.close()


async def call(channel: Channel, dial: Dial, seconds: float = START_SECONDS) -> tuple[ClientStream, Frame | None]:
    """Dial; returns the stream and its first frame, which should be Opened or Reset."""
    stream = channel.call(service.CONNECT)
    async with asyncio.timeout(seconds):
        await stream.send(encode(dial))
        answer = await stream.receive()
    return stream, None if answer is None else decode(answer)


def dial(target: str, *, realm: str = REALM, wait_seconds: int = 0, window: int = BASE_WINDOW) -> Dial:
    """A worker's first frame."""
    return Dial(target=target, realm=realm, window=window, wait_seconds=wait_seconds)


async def refusal(channel: Channel, order: Dial) -> Reset:
    """Dial, and be refused."""
    stream, answer = await call(channel, order)
    assert isinstance(answer, Reset), answer
    async with asyncio.timeout(START_SECONDS):
        await stream.end()
        assert await stream.receive() is None
    return answer


@asynccontextmanager
async def tunnel(channel: Channel, order: Dial) -> AsyncIterator[Tunnelled]:
    """Within: a connection to a target; after it, it is gone, however it had ended."""
    stream, answer = await call(channel, order)
    assert isinstance(answer, Opened), answer
    here, there = connected_sockets()
    window = ReceiveWindow(order.window)
    pumping = asyncio.create_task(pump(there, stream, send_window=answer.window, receive_window=window))
    try:
        yield Tunnelled(connection=here, pumping=pumping)
    finally:
        here.close()
        pumping.cancel()
        await asyncio.gather(pumping, return_exceptions=True)
        there.close()
        stream.close()


def _line(text: str) -> Line:
    try:
        line = json.loads(text)
    except ValueError:
        return {"raw": text.rstrip()}
    return line if isinstance(line, dict) else {"raw": text.rstrip()}


def now() -> datetime:
    """In UTC."""
    return datetime.now(UTC)
