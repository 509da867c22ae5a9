"""Relay, bridge and target with IPv6 addresses, as they are written in options, known hosts and audit lines."""

import asyncio
import re
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from connect_protocol.relay.identity import Role
from connect_relay.pki.certificates import server
from connect_relay.settings import Address
from tests.support.openssh import HOST_KEY, SshKeys, public_key
from tests.support.relay import REALM, Command, Line, Pki, dial, now, tunnel, worker_channel

LOOPBACK = "::1"
PEER = re.compile(r"ipv6:\[::1\]:\d+")


@pytest.fixture
def own_pki(tmp_path: Path) -> Pki:
    """A relay that is called by its address."""
    made = Pki.create(tmp_path / "pki")
    made.put(made.relay, made.authority.issue(server([LOOPBACK]), timedelta(days=1), now()))
    return made


def ssh_folder(keys: SshKeys, port: int, folder: Path) -> Path:
    folder.mkdir()
    (folder / "sshPrivateKey").write_text(keys.of(Role.BRIDGE, REALM).read_text())
    (folder / "knownHosts").write_text(f"[{LOOPBACK}]:{port} {public_key(keys.relay / HOST_KEY)}\n")
    return folder


async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    await writer.drain()
    writer.close()


def require_peer(line: Line) -> None:
    """Whichever part of the relay has found out who calls."""
    assert PEER.fullmatch(line["peer"]), line


async def test_all_of_it_works_with_ipv6_addresses(own_pki: Pki, ssh_keys: SshKeys, tmp_path: Path) -> None:
    any_port = f"[{LOOPBACK}]:0"
    serve = ("--listen", any_port, "--admin-listen", any_port, "--tls", own_pki.relay)
    ssh = ("--ssh", ssh_keys.relay, "--ssh-listen", any_port)
    async with await asyncio.start_server(greet, LOOPBACK, 0) as target:
        goal = ("--target", f"database=[{LOOPBACK}]:{target.sockets[0].getsockname()[1]}")
        with Command.start("connect-relay", "serve", *serve, *ssh) as relay:
            ports = await relay.logged("relay runs")
            folder = ssh_folder(ssh_keys, ports["ssh_port"], tmp_path / "ssh")
            ways = {
                "gRPC": ("--relay", f"[{LOOPBACK}]:{ports['port']}", "--tls", own_pki.bridge()),
                "SSH": ("--relay", f"ssh://[{LOOPBACK}]:{ports['ssh_port']}", "--ssh", folder),
            }
            for transport, way in ways.items():
                with Command.start("connect-bridge", "run", *way, *goal):
                    require_peer(await relay.logged("attach", transport=transport, result="ATTACHED"))
                    async with (
                        worker_channel(own_pki.worker(), Address(host=LOOPBACK, port=ports["port"])) as channel,
                        tunnel(channel, dial("database")) as connection,
                    ):
                        assert await connection.read_exactly(5) == b"hello"
                    require_peer(await relay.logged("connect", received=5))
                await relay.logged("detach", transport=transport)
            with socket.create_connection((LOOPBACK, ports["port"])) as stranger:
                stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
                require_peer(await relay.logged("handshake", result="NO_TLS"))
