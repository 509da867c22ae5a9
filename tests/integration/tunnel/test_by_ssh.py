"""The installed commands by SSH all the way, with a real PostgreSQL and a directory behind relay and bridge."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connect_protocol.relay.identity import Role
from connect_worker.settings import DatabaseSettings
from tests.support import postgres as servers
from tests.support.builders import TODAY
from tests.support.directory_server import Server
from tests.support.domain import Domain
from tests.support.openssh import SshKeys, ssh_port
from tests.support.postgres import PostgresServer
from tests.support.relay import HOST, REALM, Command, Pki, RelayCommand
from tests.support.scenario_school import Customer
from tests.support.site import Site, assert_clear
from tests.support.ssh_ends import ssh_bridge, ssh_folder
from tests.support.worker import DirectoryAccess, Worker

PUPILS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Ends:
    """A relay and a bridge that run, and the worker's folder."""

    relay: RelayCommand
    bridge: Command
    worker: Path


@pytest.fixture
def ends(postgres: PostgresServer, server: Server, tmp_path: Path) -> Iterator[Ends]:
    keys = SshKeys.create(tmp_path / "keys", REALM)
    with RelayCommand.serve(Pki.create(tmp_path / "pki"), *ssh_port(keys), "--drain-seconds", "1") as relay:
        worker = ssh_folder(keys, tmp_path / "worker-ssh", relay.ssh_port, role=Role.WORKER)
        folder = ssh_folder(keys, tmp_path / "bridge-ssh", relay.ssh_port)
        directory = str(urlsplit(server.ldaps_url).netloc)
        targets: dict[str, int | str] = {"database": postgres.port, "directory": directory}
        with ssh_bridge(folder, relay.ssh_port, targets) as bridge:
            relay.wait_for("attach", result="ATTACHED", transport="SSH")
            yield Ends(relay=relay, bridge=bridge, worker=worker)


@pytest.fixture
def site(server: Server, ends: Ends, postgres: PostgresServer, database: DatabaseSettings, tmp_path: Path) -> Site:
    """A customer who is told his servers' own names, which mean nothing on this machine."""
    access = Domain(server).access
    worker = Worker(
        folder=tmp_path / "worker",
        database=DatabaseSettings(
            host=servers.SERVER_NAME,
            port=5432,
            name=database.name,
            username=database.username,
            password=database.password,
            ca=database.ca,
        ),
        directory=DirectoryAccess(
            url=f"ldaps://{server.server_name}",
            bind_dn=access.bind_dn,
            password=access.password,
            ca_pem=access.ca_pem,
        ),
        today=TODAY,
    )
    worker.environment |= {
        "CONNECT_RELAY_TRANSPORT": "SSH",
        "CONNECT_RELAY_ADDRESS": f"{HOST}:{ends.relay.ssh_port}",
        "CONNECT_RELAY_WAIT": "0s",
    }
    worker.write("relay", **{name: (ends.worker / name).read_text() for name in ("sshPrivateKey", "knownHosts")})
    customer = Site(
        customer=Customer(postgres, database), database=database, postgres=postgres, server=server, worker=worker
    )
    customer.enrol(PUPILS)
    return customer


@pytest.mark.parametrize("server", ["samba"], indirect=True)
def test_a_night_goes_by_ssh_all_the_way(site: Site, ends: Ends) -> None:
    """With the servers' certificates verified by their own names, from end to end."""
    found = {check["link"]: check for check in site.worker.json("doctor").document["checks"]}
    assert found["relay"]["found"].endswith("lets us in, and the customer's bridge is there")
    assert all(check["ok"] for check in found.values()), found
    ended = site.run()
    assert (ended.exit_code, ended.report["reason"]) == (0, "Synced"), ended.stdout
    site.assert_complete(PUPILS)
    spoken = {line["transport"] for line in ends.relay.lines if line.get("event") == "connect"}
    assert spoken == {"SSH"}


def test_a_bridge_that_has_gone_is_told_with_the_time(site: Site, ends: Ends) -> None:
    ends.bridge.stop()
    ends.relay.wait_for("detach")
    ended = site.run()
    assert_clear(site, ended, exit_code=7, reason="RelayUnreachable", says=("no bridge", "since"))
    assert "connect-bridge" in ended.report["todo"]
