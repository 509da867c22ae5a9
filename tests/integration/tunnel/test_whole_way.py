"""The installed commands with a real PostgreSQL and a real domain, both behind relay and bridge."""

from pathlib import Path

import pytest

from connect_worker.settings import DatabaseSettings
from tests.support.directory_server import Server
from tests.support.domain import Domain
from tests.support.relayed import relayed
from tests.support.site import Site
from tests.support.tunnel import Tunnel
from tests.support.worker import Ended, Worker


@pytest.fixture
def worker(server: Server, tunnel: Tunnel, empty_database: DatabaseSettings, tmp_path: Path) -> Worker:
    """A worker whose database has never seen Connect."""
    return relayed(empty_database, server, tunnel, tmp_path / "worker")


def done(ended: Ended) -> Ended:
    assert ended.exit_code == 0, ended.stdout + ended.stderr
    return ended


@pytest.mark.parametrize("server", ["samba"], indirect=True)
def test_a_customers_first_day_goes_through_the_relay(worker: Worker, server: Server, tunnel: Tunnel) -> None:
    """From the empty database to the second run, which changes nothing."""
    domain = Domain(server)
    done(worker("migrate"))
    done(worker("sample", "--pupils", "80"))
    checks = done(worker.json("doctor")).document["checks"]
    assert [check["link"] for check in checks[:4]] == [
        "configuration", "relay", "bridge to database", "bridge to directory",
    ]  # fmt: skip
    assert all(check["ok"] for check in checks)
    planned, first = worker.json("plan"), done(worker.json("run"))
    made = {kind: results["done"] for kind, results in first.report["changes"].items()}
    assert planned.document["plan"]["counts"] == made
    assert made["create_user"] == first.report["people"]["inScope"] > 80
    usn = domain.usn
    again = done(worker.json("run"))
    assert (again.report["reason"], domain.usn) == ("NothingToDo", usn)
    assert done(worker.json("plan")).report["reason"] == "NothingToDo"
    assert tunnel.relay.bridges()["absent"] == []


def test_no_message_names_this_machines_end_of_the_tunnel(site: Site) -> None:
    """Who reads of 127.0.0.1 looks for the fault in the wrong place."""
    site.enrol(3)
    assert "127.0.0.1" not in site.worker("run", CONNECT_LOG_LEVEL="info").stdout
    site.worker.write("database", password="Not.The-Passw0rd")
    refused = site.run()
    assert refused.report["reason"] == "DatabaseLoginFailed"
    assert "db.school.test:5432 behind the relay" in refused.report["message"]
