"""What fails on the way, before a run and within it: which part it was, what to do, and a next run that finishes."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connect_protocol.relay.identity import Role
from connect_worker.simulator.faults import DropBefore, Fault, Hold, Operation
from tests.support.builders import STUDENTS_OU
from tests.support.ports import reserved_port
from tests.support.simulator import SimulatorServer
from tests.support.site import Site, assert_clear, assert_discreet, ended_of, wait_until
from tests.support.tunnel import Certificates, Process, Relay, Tunnel
from tests.support.worker import Ended

PUPILS = 40
PUPILS_OU = STUDENTS_OU.partition(",")[0]
CREATED = 3
HEARTBEAT_SECONDS = 2
BUSY_SECONDS = 15
"""For a machine that has much to do; with the default of 20 s nothing would be noticed within so short a time."""

Place = Callable[[], AbstractContextManager[int]]


@pytest.fixture(autouse=True)
def _enrolled(site: Site) -> None:
    site.enrol(PUPILS)


@contextmanager
def silence() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


def untouched(site: Site) -> bool:
    """Neither directory nor tables have anything."""
    return site.created() == set() and site.customer.users() == {}


# Before the run


def test_a_bridge_that_has_gone_is_told_with_the_time(site: Site, tunnel: Tunnel) -> None:
    tunnel.bridge.stop()
    (absent,) = tunnel.relay.bridges()["absent"]
    ended = site.run()
    since = datetime.fromisoformat(absent["since"])
    says = ("no bridge", f"since {since:%Y-%m-%dT%H:%M}")
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=says)
    assert "connect-bridge" in ended.report["todo"]
    assert untouched(site)


def test_a_bridge_that_never_came_is_told_so(site: Site, tunnel: Tunnel) -> None:
    tunnel.bridge.stop()
    tunnel.relay.stop()
    tunnel.relay.start()
    ended = site.run()
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=("no bridge", "has come since"))


def test_a_run_waits_for_a_bridge_that_comes(site: Site, tunnel: Tunnel) -> None:
    tunnel.bridge.stop()
    process = site.worker.start("run", "--output", "json", CONNECT_RELAY_WAIT="60s")
    wait_until(tunnel.relay.waiting_dials, process)
    tunnel.bridge.start()
    ended = ended_of(process)
    assert (ended.exit_code, ended.report["reason"]) == (0, "Synced"), ended.stdout


def test_a_relay_that_has_ended_is_told(site: Site, tunnel: Tunnel) -> None:
    tunnel.relay.stop()
    ended = site.run()
    says = (tunnel.relay.address, "refused")
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=says)
    assert "CONNECT_RELAY_ADDRESS" in ended.report["todo"]


def test_a_relay_that_says_nothing_is_told(site: Site) -> None:
    with silence() as port:
        site.worker.environment["CONNECT_RELAY_ADDRESS"] = f"127.0.0.1:{port}"
        ended = site.run()
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=(f"127.0.0.1:{port}", "no answer within"))


def test_a_relay_that_has_no_address_is_told(site: Site) -> None:
    site.worker.environment["CONNECT_RELAY_ADDRESS"] = "relay.invalid:8443"
    ended = site.run()
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=("relay.invalid:8443",))


@pytest.mark.parametrize(
    ("target", "reason"), [("database", "DatabaseUnreachable"), ("directory", "DirectoryUnreachable")]
)
def test_a_server_that_is_away_is_told_as_the_bridge_sees_it(
    site: Site, tunnel: Tunnel, target: str, reason: str
) -> None:
    with reserved_port() as port, tunnel.rerouted(**{**tunnel.bridge.targets, target: f"127.0.0.1:{port}"}):
        ended = site.run()
    assert_clear(site, ended, exit_code=7, reason=reason, says=("the bridge", target, "refused"))
    assert "on the bridge" in ended.report["todo"]
    assert untouched(site)


def test_a_target_that_the_bridge_does_not_know_is_for_a_person(site: Site, tunnel: Tunnel) -> None:
    with tunnel.rerouted(database=tunnel.bridge.targets["database"]):
        ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="RelayTargetUnknown", says=("directory",))
    assert "list" in ended.report["todo"]


# Who is who


def test_the_certificate_of_another_authority_is_refused(site: Site, tmp_path: Path) -> None:
    site.worker.use_relay(Certificates(folder=tmp_path / "other").client(Role.WORKER))
    site.worker.write("relay", **{"ca.crt": (tmp_path / "tunnel" / "musterwil-worker" / "ca.crt").read_text()})
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="RelayLoginFailed", says=("refuses the worker's certificate",))
    assert "connect-relay pki worker" in ended.report["todo"]


def test_a_certificate_that_has_expired_is_refused_with_the_day(site: Site, tunnel: Tunnel) -> None:
    issued = datetime.now(UTC) - timedelta(days=3)
    site.worker.use_relay(tunnel.certificates.client(Role.WORKER, issued=issued))
    ended = site.run()
    says = ("refuses the worker's certificate", f"{issued + timedelta(days=1):%Y-%m-%d}")
    assert_clear(site, ended, exit_code=2, reason="RelayLoginFailed", says=says)


@pytest.mark.parametrize(("role", "realm"), [(Role.WORKER, "nachbarwil"), (Role.BRIDGE, "musterwil")])
def test_the_certificate_of_somebody_else_is_not_even_shown(site: Site, tunnel: Tunnel, role: Role, realm: str) -> None:
    site.worker.use_relay(tunnel.certificates.client(role, realm))
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="RealmMismatch", says=("connect://realm/musterwil/worker",))


def test_a_relay_of_another_authority_is_not_trusted(site: Site, tmp_path: Path) -> None:
    other = Certificates(folder=tmp_path / "other").relay()
    site.worker.write("relay", **{"ca.crt": (other / "ca.crt").read_text()})
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="RelayCertificateInvalid", says=("does not verify",))


def test_a_relay_of_another_name_is_not_trusted(site: Site, tunnel: Tunnel) -> None:
    site.worker.environment["CONNECT_RELAY_ADDRESS"] = tunnel.relay.address.replace("127.0.0.1", "localhost")
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="RelayCertificateInvalid", says=("localhost",))


@pytest.mark.parametrize(
    ("secret", "keys", "reason"),
    [
        ("database", {"host": "db.elsewhere.example"}, "DatabaseCertificateInvalid"),
        ("database", {"serverName": "db.elsewhere.example"}, "DatabaseCertificateInvalid"),
        ("directory", {"url": "ldaps://dc.elsewhere.example"}, "DirectoryCertificateInvalid"),
        ("directory", {"serverName": "dc.elsewhere.example"}, "DirectoryCertificateInvalid"),
    ],
)
def test_the_servers_names_are_verified_through_the_tunnel(
    site: Site, secret: str, keys: dict[str, str], reason: str
) -> None:
    """Not the address that is dialled, which is this machine's own, and for which both certificates would do."""
    site.worker.write(secret, **keys)
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason=reason, says=("elsewhere.example",))


# Within the run


@pytest.fixture
def simulator(server: SimulatorServer) -> SimulatorServer:
    """The directory, which makes some accounts, and holds up the request for one more."""
    server.faults.add(Fault(operation=Operation.ADD, action=Hold(), name=f",{PUPILS_OU}", after=CREATED))
    return server


def started(site: Site) -> subprocess.Popen[str]:
    """A run that has begun to create accounts."""
    process = site.worker.start("run", "--output", "json", CONNECT_TERMINATION_MESSAGE=str(site.termination_message))
    wait_until(lambda: site.domain.count(PUPILS_OU, "(objectClass=user)") >= CREATED, process)
    return process


def finish(site: Site, simulator: SimulatorServer) -> None:
    """The next run does the rest, once the bridge has closed what the broken one has left open and the lock is free."""
    simulator.faults.clear()
    finished = site.run("run", CONNECT_LOCK_WAIT="1m")
    assert (finished.exit_code, finished.report["reason"]) == (0, "Synced"), finished.stdout
    assert_discreet(site, finished)
    site.assert_complete(PUPILS)


def test_the_bridge_dies_while_accounts_are_made(site: Site, tunnel: Tunnel, simulator: SimulatorServer) -> None:
    process = started(site)
    tunnel.bridge.kill()
    ended = ended_of(process)
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=("no bridge", "since"))
    assert len(site.created()) < PUPILS
    tunnel.bridge.start()
    finish(site, simulator)


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
def test_the_relay_dies_while_accounts_are_made(
    site: Site, tunnel: Tunnel, simulator: SimulatorServer, end: Callable[[Relay], None]
) -> None:
    process = started(site)
    end(tunnel.relay)
    ended = ended_of(process)
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=(tunnel.relay.address,))
    assert len(site.created()) < PUPILS
    tunnel.relay.start()
    tunnel.bridge.wait_until_there()
    finish(site, simulator)


def test_the_directory_hangs_up_and_the_relay_is_not_blamed(
    site: Site, tunnel: Tunnel, simulator: SimulatorServer
) -> None:
    process = started(site)
    simulator.faults.clear()
    simulator.faults.add(Fault(operation=Operation.ADD, action=DropBefore(), name="OU="))
    ended = ended_of(process)
    assert_clear(site, ended, exit_code=7, reason="DirectoryUnreachable", says=("broke",))
    assert tunnel.relay.bridges()["absent"] == []
    finish(site, simulator)


def test_the_database_hangs_up_and_the_relay_is_not_blamed(site: Site, simulator: SimulatorServer) -> None:
    process = started(site)
    site.customer.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'connect_worker'")
    simulator.faults.clear()
    ended = ended_of(process)
    assert_clear(site, ended, exit_code=7, reason="DatabaseUnreachable", says=("broke off",))
    finish(site, simulator)


def test_a_relay_that_freezes_is_noticed_in_time(site: Site, tunnel: Tunnel, simulator: SimulatorServer) -> None:
    """After three questions without an answer: a half-dead session would keep the customer's lock."""
    site.worker.environment["CONNECT_RELAY_HEARTBEAT"] = f"{HEARTBEAT_SECONDS}s"
    process = started(site)
    tunnel.relay.freeze()
    stdout, stderr = process.communicate(timeout=3 * HEARTBEAT_SECONDS + BUSY_SECONDS)
    ended = Ended(exit_code=process.returncode, stdout=stdout, stderr=stderr)
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=(tunnel.relay.address,))
    tunnel.relay.thaw()
    tunnel.bridge.wait_until_there()
    finish(site, simulator)
