"""The directory simulator for tests that block: it runs in a thread of its own, with certificates like Samba's."""

import asyncio
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connect_worker.simulator.faults import FaultPlan
from connect_worker.simulator.foundation import found_domain
from connect_worker.simulator.policy import Policy
from connect_worker.simulator.schema import Schema
from connect_worker.simulator.server import Simulator
from connect_worker.simulator.tree import Tree
from tests.support.certificates import create_authority, issue
from tests.support.ldap_client import Client, open_client

BASE_DN = "DC=school,DC=test"
REALM = "school.test"
ADMIN_PASSWORD = "Passw0rd.Adm1n"
SERVER_NAME = "dc1.school.test"
START_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class SimulatorServer:
    """A simulator that listens. Its certificate names dc1.school.test, localhost and 127.0.0.1."""

    simulator: Simulator
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    ca_file: Path
    base_dn: str = BASE_DN
    realm: str = REALM
    admin_dn: str = f"CN=Administrator,CN=Users,{BASE_DN}"
    admin_password: str = ADMIN_PASSWORD
    server_name: str = SERVER_NAME
    address: str = "127.0.0.1"

    @property
    def ldap_url(self) -> str:
        return self.simulator.url

    @property
    def ldaps_url(self) -> str:
        return self.simulator.tls_url

    @property
    def catalog_url(self) -> str:
        return self.simulator.catalog_url

    @property
    def ldap_port(self) -> int:
        return urlsplit(self.ldap_url).port or 0

    @property
    def ldaps_port(self) -> int:
        return urlsplit(self.ldaps_url).port or 0

    @property
    def ca_pem(self) -> str:
        return self.ca_file.read_text()

    @property
    def faults(self) -> FaultPlan:
        return self.simulator.faults

    @contextmanager
    def connect(self) -> Iterator[Client]:
        """A connection with the administrator signed in."""
        with open_client(self.address, self.ldaps_port, ca_file=self.ca_file, server_name=self.server_name) as client:
            assert client.bind(self.admin_dn, self.admin_password).code == 0
            yield client

    def stop(self) -> None:
        """Close every connection and end the thread."""
        asyncio.run_coroutine_threadsafe(self.simulator.__aexit__(None, None, None), self.loop).result(
            START_TIMEOUT_SECONDS
        )
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(START_TIMEOUT_SECONDS)
        self.loop.close()


def start_simulator(folder: Path, policy: Policy | None = None, schema: Schema | None = None) -> SimulatorServer:
    """Start a simulated domain as it is on its first day; certificates are written to `folder`."""
    tree = Tree(BASE_DN, policy=policy, schema=schema)
    found_domain(tree, password=ADMIN_PASSWORD)
    simulator = Simulator(tree, tls=_server_context(folder))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(simulator.__aenter__(), loop).result(START_TIMEOUT_SECONDS)
    return SimulatorServer(simulator=simulator, loop=loop, thread=thread, ca_file=folder / "ca.pem")


@pytest.fixture(scope="session")
def simulator_factory() -> Iterator[Callable[..., SimulatorServer]]:
    """Starts a simulated domain that nobody else uses, as Windows and Exchange have it, or as it is asked for."""
    started: list[SimulatorServer] = []
    with tempfile.TemporaryDirectory(prefix="simulator-") as folder:

        def start(policy: Policy | None = None, schema: Schema | None = None) -> SimulatorServer:
            started.append(start_simulator(Path(tempfile.mkdtemp(dir=folder)), policy, schema))
            return started[-1]

        yield start
        for server in started:
            server.stop()


@pytest.fixture
def simulator(simulator_factory: Callable[..., SimulatorServer]) -> SimulatorServer:
    """A fresh simulated domain for one test."""
    return simulator_factory()


def _server_context(folder: Path) -> ssl.SSLContext:
    authority = create_authority()
    certificate = issue(authority, folder, dns_names=[SERVER_NAME, "localhost"], addresses=["127.0.0.1"])
    (folder / "ca.pem").write_text(authority.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context
