"""The simulator as a server: where it listens, what it survives, how it is started."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ldap3
import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.simulator.ber import Reader, Tag, message_size
from connect_worker.simulator.policy import Policy
from connect_worker.simulator.server import Simulator
from connect_worker.simulator.tree import Tree
from tests.support.ldap_client import Client
from tests.support.simulator import SimulatorServer

ROOT_DSE = bytes.fromhex("3025020101632004000a01000a0100020100020100010100870b6f626a656374436c6173733000")


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])  # noqa: S104  the point of the test
def test_it_listens_on_loopback_only(address: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        Simulator(Tree("DC=school,DC=test"), address=address)


def test_requests_sent_together_are_answered_in_their_order(simulator: SimulatorServer) -> None:
    with socket.create_connection((simulator.address, simulator.ldap_port), timeout=10) as plain:
        plain.sendall(b"".join(ROOT_DSE[:4] + bytes([number]) + ROOT_DSE[5:] for number in range(1, 51)))
        assert _numbers(plain, 100) == [number for number in range(1, 51) for _ in range(2)]


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x30\x80\x00\x00", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_ldap_ends_the_connection_with_a_notice(simulator: SimulatorServer, garbage: bytes) -> None:
    with socket.create_connection((simulator.address, simulator.ldap_port), timeout=10) as plain:
        plain.sendall(garbage + b"\0" * 200)
        assert b"1.3.6.1.4.1.1466.20036" in _everything(plain)
    with simulator.connect() as client:
        assert client.read(simulator.base_dn, "1.1").code == 0


def test_a_client_that_goes_away_does_no_harm(simulator: SimulatorServer) -> None:
    with socket.create_connection((simulator.address, simulator.ldap_port), timeout=10) as plain:
        plain.sendall(ROOT_DSE[:10])
    with simulator.connect() as client:
        assert client.read(simulator.base_dn, "1.1").code == 0


def test_its_limits_can_be_made_smaller(simulator_factory: Callable[[Policy], SimulatorServer]) -> None:
    server = simulator_factory(Policy(page_size=3, value_range=2))
    with server.connect() as client:
        answer = client.search("CN=Users,DC=school,DC=test", attributes=["1.1"])
    assert (answer.code, len(answer.entries)) == (4, 3)


def test_it_runs_alone_and_remembers(tmp_path: Path) -> None:
    unit = "OU=unit,DC=school,DC=test"
    with _running(tmp_path) as client:
        assert client.add(unit, "organizationalUnit").code == 0
    with _running(tmp_path) as client:
        assert client.read(unit, "ou").only == {"ou": [b"unit"]}


def test_it_says_what_is_wrong_and_ends(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*_command(tmp_path), "--address", "192.0.2.1"], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert "loopback" in ended.stderr


def _command(folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "connect_worker.simulator"),
        *("--password-file", str(folder / "password"), "--file", str(folder / "directory.json")),
    ]


@contextmanager
def _running(folder: Path) -> Iterator[Client]:
    """A simulator in a process of its own, ended as an operator would end it."""
    with subprocess.Popen(_command(folder), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        server = ldap3.Server(process.stdout.readline().strip(), get_info=ldap3.NONE)
        connection = ldap3.Connection(
            server, "CN=Administrator,CN=Users,DC=school,DC=test", (folder / "password").read_text(), receive_timeout=10
        )
        assert connection.bind()
        try:
            yield Client(connection)
        finally:
            connection.unbind()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def _numbers(plain: socket.socket, count: int) -> list[int]:
    """The message numbers of so many answers."""
    found: list[int] = []
    data = b""
    while len(found) < count:
        data += plain.recv(65536)
        while (size := message_size(data)) is not None and size <= len(data):
            found.append(Reader(data[:size]).enter(Tag.SEQUENCE).integer())
            data = data[size:]
    return found


def _everything(plain: socket.socket) -> bytes:
    received = b""
    while part := plain.recv(65536):
        received += part
    return received
