"""A first sync that is broken off at any point: the next run finishes it, and nobody is made twice."""

import signal
import subprocess
from collections.abc import Callable

import pytest

from connect_worker.simulator.faults import Action, Delay, DropAfter, DropBefore, Fault, Hold, Operation
from tests.support.builders import STUDENTS_OU, TODAY
from tests.support.scenario import School
from tests.support.simulator import SimulatorServer
from tests.support.site import Site, assert_clear, assert_discreet, assert_recorded, ended_of, wait_until

PUPILS = 40
MANY = 120
LEAVERS = 15
FOR_EVER = Delay(seconds=600)
PUPILS_OU = STUDENTS_OU.partition(",")[0]
USERS = "(objectClass=user)"


@pytest.fixture(autouse=True)
def _enrolled(site: Site) -> None:
    site.enrol(PUPILS)


@pytest.fixture
def simulator(server: SimulatorServer) -> SimulatorServer:
    """The directory, to plan faults in."""
    return server


def start(site: Site) -> subprocess.Popen[str]:
    """A run that leaves a termination message."""
    return site.worker.start("run", "--output", "json", CONNECT_TERMINATION_MESSAGE=str(site.termination_message))


def kill(process: subprocess.Popen[str]) -> None:
    """As the kernel does when the memory is full: nothing can be put in order any more."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)


def after_pupils(number: int, action: Action) -> Fault:
    """What happens to the request that would create one pupil more."""
    return Fault(operation=Operation.ADD, action=action, name=f",{PUPILS_OU}", after=number)


def has_users(site: Site, number: int) -> Callable[[], bool]:
    """Whether so many accounts stand in the directory."""
    return lambda: site.domain.count(PUPILS_OU, USERS) >= number


def created_units(site: Site) -> int:
    """How many of the three organizational units are there."""
    return sum(site.domain.count(unit) > 0 for unit in ("OU=Pupils", "OU=Staff", "OU=Groups"))


def finish(site: Site, pupils: int = PUPILS) -> None:
    """The next run does the rest, whatever it was."""
    finished = site.run()
    assert (finished.exit_code, finished.report["reason"]) == (0, "Synced"), finished.stdout
    assert_recorded(site, finished)
    assert_discreet(site, finished)
    site.assert_complete(pupils)


@pytest.mark.parametrize(
    ("fault", "reached"),
    [
        (Fault(operation=Operation.SEARCH, action=FOR_EVER, name="OU=Pupils"), lambda site: site.customer.users()),
        (Fault(operation=Operation.ADD, action=FOR_EVER, name=",OU=Pupils"), lambda site: created_units(site) == 3),
        (after_pupils(12, FOR_EVER), lambda site: has_users(site, 12)()),
        (Fault(operation=Operation.ADD, action=FOR_EVER, name="CN=Alle_"), lambda site: has_users(site, PUPILS)()),
        (
            Fault(operation=Operation.MODIFY, action=FOR_EVER, name="CN=Alle_Lernende"),
            lambda site: site.domain.find("ALLE_STUD") is not None,
        ),
    ],
    ids=["before the first write", "before the first user", "among the users", "among the groups", "among the members"],
)
def test_killed_at_any_point_the_next_run_finishes(
    site: Site, simulator: SimulatorServer, fault: Fault, reached: Callable[[Site], object]
) -> None:
    simulator.faults.add(fault)
    process = start(site)
    wait_until(lambda: reached(site), process)
    kill(process)
    assert site.last_run()["exit_code"] is None, "a killed run has no end"
    simulator.faults.clear()
    finish(site)


@pytest.mark.parametrize("server", ["samba"], indirect=True)
def test_killed_among_the_users_of_a_real_domain(site: Site) -> None:
    """Samba takes its time for each password: a third of them are there when the worker dies."""
    site.enrol(MANY)
    process = start(site)
    wait_until(has_users(site, MANY // 3), process)
    kill(process)
    assert len(site.created()) < MANY
    finish(site, MANY)


def test_killed_twice_the_third_run_finishes(site: Site, simulator: SimulatorServer) -> None:
    """What the second run intended replaces what the first one did."""
    for number in (8, 12):
        simulator.faults.clear()
        simulator.faults.add(after_pupils(number, FOR_EVER))
        process = start(site)
        wait_until(has_users(site, number), process)
        kill(process)
    simulator.faults.clear()
    finish(site)


def test_an_approved_run_that_is_started_again_does_what_is_left(site: Site, simulator: SimulatorServer) -> None:
    """As Kubernetes starts the Job of an approved ConnectRun again after exit code 7, with the same command."""
    site.run()
    leavers = range(1, LEAVERS + 1)
    site.customer.edit_school(School(students={number: {"exit_on": TODAY} for number in leavers}))
    checksum = site.run().report["planChecksum"]
    among = Fault(operation=Operation.MODIFY, action=DropBefore(), after=4, times=None)
    simulator.faults.add(among)
    assert site.run("approve", checksum).exit_code == 7
    assert 0 < locked_out(site) < LEAVERS
    simulator.faults.clear()
    again = site.run("approve", checksum)
    assert (again.exit_code, again.report["reason"]) == (0, "Synced"), again.stdout
    assert locked_out(site) == LEAVERS


def locked_out(site: Site) -> int:
    """How many pupils cannot log in."""
    return sum(sam.startswith("S.") and not each.is_enabled for sam, each in site.domain.objects().items())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_the_run_in_order(site: Site, simulator: SimulatorServer, number: signal.Signals) -> None:
    """What is under way is finished and written back; nothing is started any more."""
    site.enrol(MANY)
    simulator.faults.add(after_pupils(5, Hold()))
    process = start(site)
    wait_until(has_users(site, 5), process)
    process.send_signal(number)
    simulator.faults.clear()
    ended = ended_of(process)
    assert_clear(site, ended, exit_code=9, reason="Stopped", says=(number.name,))
    assert_recorded(site, ended)
    assert 5 <= len(site.created()) < MANY
    assert site.linked() == site.created()
    assert ended.report["changes"]["create_user"]["done"] == len(site.created())
    finish(site, MANY)


def test_a_signal_before_the_first_write_leaves_everything_as_it_was(site: Site, simulator: SimulatorServer) -> None:
    """A run that waits for an answer does not keep the pod waiting."""
    usn = site.domain.usn
    simulator.faults.add(Fault(operation=Operation.SEARCH, action=FOR_EVER, name="OU=Pupils"))
    process = start(site)
    wait_until(site.customer.users, process)
    process.send_signal(signal.SIGTERM)
    ended = ended_of(process)
    assert_clear(site, ended, exit_code=9, reason="Stopped", says=("SIGTERM",))
    assert_recorded(site, ended)
    assert site.domain.usn == usn


def test_the_time_limit_ends_the_run_in_order(site: Site, simulator: SimulatorServer) -> None:
    """The rest is for the next night."""
    site.enrol(MANY)
    simulator.faults.add(Fault(operation=Operation.ADD, action=Delay(seconds=0.1), times=None))
    ended = site.run("run", CONNECT_TIMEOUT="4s")
    assert_clear(site, ended, exit_code=8, reason="DeadlineExceeded", says=("0:00:04",))
    assert_recorded(site, ended)
    assert len(site.created()) < MANY
    assert site.linked() == site.created()
    simulator.faults.clear()
    finish(site, MANY)


@pytest.mark.parametrize("action", [DropBefore(), DropAfter()], ids=["unheard", "done but unanswered"])
@pytest.mark.parametrize("operation", [Operation.ADD, Operation.MODIFY])
def test_the_directory_hangs_up(site: Site, simulator: SimulatorServer, operation: Operation, action: Action) -> None:
    """Whether the last requests were heard is found out by the next run."""
    simulator.faults.add(Fault(operation=operation, action=action, name="OU=", after=14))
    ended = site.run()
    assert_clear(site, ended, exit_code=7, reason="DirectoryUnreachable", says=("broke",))
    assert_recorded(site, ended)
    finish(site)


def test_the_database_hangs_up(site: Site, simulator: SimulatorServer) -> None:
    """What could not be written back is recognised by the next run."""
    simulator.faults.add(after_pupils(5, Hold()))
    process = start(site)
    wait_until(has_users(site, 5), process)
    site.customer.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'connect_worker'")
    simulator.faults.clear()
    ended = ended_of(process)
    assert_clear(site, ended, exit_code=7, reason="DatabaseUnreachable", says=("broke off",))
    finish(site)
