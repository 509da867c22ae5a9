"""The worker through a jump host of the customer's: Debian's sshd, which allows two addresses and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connect_worker.settings import DatabaseSettings
from tests.support.builders import TODAY
from tests.support.directory_server import Server
from tests.support.domain import Domain
from tests.support.openssh import generate_key, public_key
from tests.support.postgres import PostgresServer
from tests.support.scenario_school import Customer
from tests.support.site import Site, assert_clear
from tests.support.sshd import USER, JumpHost, jump_host
from tests.support.worker import Worker

PUPILS = 5


@pytest.fixture
def jump(postgres: PostgresServer, server: Server, tmp_path: Path) -> Iterator[JumpHost]:
    """A jump host that reaches the database and the directory."""
    permit = (f"127.0.0.1:{postgres.port}", server.ldaps_url.removeprefix("ldaps://"))
    with jump_host(tmp_path / "jump", *permit) as running:
        yield running


@pytest.fixture
def site(server: Server, jump: JumpHost, postgres: PostgresServer, database: DatabaseSettings, tmp_path: Path) -> Site:
    """A customer whose servers are reached through it, with a school to enrol."""
    worker = Worker(
        folder=tmp_path / "worker",
        database=database,
        directory=Domain(server).access,
        today=TODAY,
    )
    worker.environment |= {"CONNECT_RELAY_TRANSPORT": "JumpHost", "CONNECT_RELAY_ADDRESS": jump.address}
    worker.write("relay", sshPrivateKey=jump.private_key, knownHosts=jump.known_hosts, sshUser=USER)
    customer = Site(
        customer=Customer(postgres, database), database=database, postgres=postgres, server=server, worker=worker
    )
    customer.enrol(PUPILS)
    return customer


def checks(site: Site) -> dict[str, Any]:
    """What doctor says of each link."""
    return {check["link"]: check for check in site.worker.json("doctor").document["checks"]}


@pytest.mark.parametrize("server", ["samba"], indirect=True)
def test_a_night_goes_through_it(site: Site, jump: JumpHost) -> None:
    """To a real PostgreSQL and a real domain, both with TLS verified from end to end."""
    ended = site.run()
    assert (ended.exit_code, ended.report["reason"]) == (0, "Synced"), ended.stdout
    site.assert_complete(PUPILS)
    assert "Accepted publickey" in (jump.folder / "log").read_text()


def test_doctor_tells_each_step(site: Site, jump: JumpHost) -> None:
    found = checks(site)
    assert found["jump host"]["found"] == f"{jump.address} lets us in as {USER}"
    assert found["jump host to database"]["ok"]
    assert all(check["ok"] for check in found.values()), found


def test_an_address_that_is_not_permitted_is_for_a_person(site: Site, jump: JumpHost, postgres: PostgresServer) -> None:
    jump.stop()
    jump.permit = (f"127.0.0.1:{postgres.port}",)
    jump.start()
    ended = site.run()
    directory = site.worker.directory.url.removeprefix("ldaps://")
    assert_clear(site, ended, exit_code=2, reason="RelayTargetUnknown", says=("does not let root connect", directory))
    assert f"PermitOpen {directory}" in ended.report["todo"]
    found = checks(site)
    assert found["jump host"]["ok"]
    assert found["jump host to database"]["ok"]
    assert not found["jump host to directory"]["ok"]


def test_a_server_that_is_away_is_told_as_the_jump_host_sees_it(site: Site, jump: JumpHost) -> None:
    jump.stop()
    jump.permit = ("any",)
    jump.start()
    site.worker.write("database", port="1")
    ended = site.run()
    says = ("the jump host", "cannot reach database at 127.0.0.1:1", "refused")
    assert_clear(site, ended, exit_code=7, reason="DatabaseUnreachable", says=says)


def test_another_host_key_is_not_trusted(site: Site, jump: JumpHost, tmp_path: Path) -> None:
    generate_key(tmp_path / "other")
    site.worker.write("relay", knownHosts=f"[127.0.0.1]:{jump.port} {public_key(tmp_path / 'other')}")
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="RelayCertificateInvalid", says=(jump.address, "not the known one"))
    assert "knownHosts" in ended.report["todo"]


def test_a_key_that_was_taken_back_is_refused(site: Site, jump: JumpHost) -> None:
    jump.authorize()
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason="RelayLoginFailed", says=(jump.address, "refuses the SSH key"))
    assert "authorized_keys" in ended.report["todo"]


def test_a_jump_host_that_is_off_is_told(site: Site, jump: JumpHost) -> None:
    jump.stop()
    ended = site.run()
    assert_clear(
        site, ended, exit_code=7, reason="RelayUnreachable", says=("the jump host at", jump.address, "refused")
    )
    (failed,) = [check for check in checks(site).values() if not check["ok"]]
    assert failed["link"] == "jump host"
