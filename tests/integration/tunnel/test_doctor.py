"""`connect-worker doctor` behind a relay: which part of the way is clear, and what to do about the one that is not."""

from typing import Any

from tests.support.site import Site
from tests.support.tunnel import Tunnel


def checks(site: Site) -> dict[str, Any]:
    """Each link's check."""
    return {check["link"]: check for check in site.worker.json("doctor").document["checks"]}


def test_a_clear_way_is_told_with_the_certificates_end(site: Site, tunnel: Tunnel) -> None:
    site.enrol(3)
    found = checks(site)
    assert tunnel.relay.address in found["relay"]["found"]
    assert "until 20" in found["relay"]["found"]
    assert "(0 days: have it renewed, connect-relay pki renew)" in found["relay"]["found"]
    assert all(check["ok"] for check in found.values()), found
    assert found["database connection"]["found"].startswith("db.school.test:5432")


def test_without_bridge_there_is_one_fault_and_no_echo_of_it(site: Site, tunnel: Tunnel) -> None:
    tunnel.bridge.stop()
    ended = site.worker.json("doctor")
    links = [(check["link"], check["ok"]) for check in ended.document["checks"]]
    assert (ended.exit_code, links) == (7, [("configuration", True), ("relay", False)])
    (*_, relay) = ended.document["checks"]
    assert "no bridge" in relay["found"]
    assert "connect-bridge" in relay["todo"]


def test_doctor_does_not_wait_for_a_bridge(site: Site, tunnel: Tunnel) -> None:
    """Whoever asks what is wrong wants to know it now."""
    tunnel.bridge.stop()
    site.worker.environment["CONNECT_RELAY_WAIT"] = "24h"
    assert checks(site)["relay"]["ok"] is False


def test_a_database_that_is_away_does_not_hide_the_directory(site: Site, tunnel: Tunnel) -> None:
    site.enrol(3)
    with tunnel.rerouted(**(tunnel.bridge.targets | {"database": "127.0.0.1:1"})):
        found = checks(site)
    assert found["relay"]["ok"]
    assert not found["bridge to database"]["ok"]
    assert "on the bridge" in found["bridge to database"]["todo"]
    assert "database connection" not in found
    assert found["directory connection"]["ok"]


def test_the_global_catalog_is_a_target_of_its_own(site: Site, tunnel: Tunnel) -> None:
    site.enrol(1)
    site.worker.write("directory", globalCatalogUrl="ldaps://dc1.school.test")
    without = checks(site)
    assert not without["bridge to global-catalog"]["ok"]
    assert "global-catalog" in without["bridge to global-catalog"]["todo"]
    assert without["directory connection"]["ok"]
    assert "global catalog" not in without, "one fault, and no echo of it"
    address = site.server.catalog_url.removeprefix("ldaps://")
    with tunnel.rerouted(**(tunnel.bridge.targets | {"global-catalog": address})):
        found = checks(site)
    assert found["bridge to global-catalog"]["ok"]
    assert found["global catalog"]["found"].startswith("ldaps://dc1.school.test, ")
