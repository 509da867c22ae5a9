"""One run works on a customer's database, whoever starts it and whatever it is."""

import pytest

from connect_worker.simulator.faults import Delay, Fault, Hold, Operation
from tests.support.simulator import SimulatorServer
from tests.support.site import Site, assert_clear, ended_of, wait_until

PUPILS = 20
WRITING = ("run", "plan", "sync", "update", "validate", "migrate")
"""All of them write into the tables."""
LOCK_IS_WAITED_FOR = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture(autouse=True)
def _enrolled(site: Site) -> None:
    site.enrol(PUPILS)


def test_a_second_run_says_who_is_at_work_and_gives_up(site: Site, server: SimulatorServer) -> None:
    """The first one is held up in the directory; it is neither disturbed nor counted twice."""
    server.faults.add(Fault(operation=Operation.SEARCH, action=Delay(seconds=600), name="OU=Pupils"))
    first = site.worker.start("run", "--output", "json")
    wait_until(site.customer.users, first)
    for command in WRITING:
        second = site.run(command, CONNECT_LOCK_WAIT="1s" if command == "run" else "0s")
        says = ("another run works on this database", "connect-worker musterwil", "since", "waited 0:00:0")
        assert_clear(site, second, exit_code=5, reason="AnotherRunHoldsTheLock", says=says)
        assert "connect-worker musterwil" in second.stderr, "who holds the lock is told while the run waits"
    assert site.created() == set()
    first.kill()
    first.communicate(timeout=60)


def test_two_runs_at_once_come_one_after_the_other(site: Site, server: SimulatorServer) -> None:
    """The second one waits, and finds nothing left to do."""
    server.faults.add(Fault(operation=Operation.ADD, action=Hold(), name=",OU=Pupils"))
    first = site.worker.start("run", "--output", "json", CONNECT_LOCK_WAIT="1m")
    wait_until(lambda: site.domain.count("OU=Pupils"), first)
    second = site.worker.start("run", "--output", "json", CONNECT_LOCK_WAIT="1m")
    wait_until(lambda: site.customer.run(LOCK_IS_WAITED_FOR), second)
    server.faults.clear()
    ends = [(ended.exit_code, ended.report["reason"]) for ended in map(ended_of, (first, second))]
    assert ends == [(0, "Synced"), (0, "NothingToDo")]
    site.assert_complete(PUPILS)
