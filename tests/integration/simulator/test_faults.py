"""Planned faults, as a client meets them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import ldap3.core.exceptions
import pytest
from ldap3.operation.search import search_operation

from connect_worker.simulator.faults import (
    Action,
    CutPage,
    Delay,
    DropAfter,
    DropBefore,
    Fault,
    Hold,
    LimitSize,
    Operation,
    Refer,
    Refuse,
)
from connect_worker.simulator.results import ResultCode
from tests.support.ldap_client import Client
from tests.support.simulator import SimulatorServer

UNIT = "OU=unit,DC=school,DC=test"


@pytest.fixture
def client(simulator: SimulatorServer) -> Iterator[Client]:
    with simulator.connect() as client:
        yield client


def _plan(simulator: SimulatorServer, operation: Operation, action: Action, **how: str | int) -> None:
    simulator.faults.add(Fault(operation=operation, action=action, **how))  # type: ignore[arg-type]


def _fill(client: Client, people: int) -> None:
    assert client.add(UNIT, "organizationalUnit").code == 0
    for number in range(people):
        assert client.add(f"CN=c{number},{UNIT}", "contact").code == 0


def _exists(simulator: SimulatorServer, dn: str) -> bool:
    with simulator.connect() as client:
        return client.read(dn, "1.1").code == 0


def test_a_connection_that_breaks_before_leaves_nothing(simulator: SimulatorServer, client: Client) -> None:
    _plan(simulator, Operation.ADD, DropBefore(), name=UNIT)
    with pytest.raises(ldap3.core.exceptions.LDAPExceptionError):
        client.add(UNIT, "organizationalUnit")
    assert not _exists(simulator, UNIT)


def test_a_connection_that_breaks_after_leaves_the_object(simulator: SimulatorServer, client: Client) -> None:
    _plan(simulator, Operation.ADD, DropAfter(), name=UNIT)
    with pytest.raises(ldap3.core.exceptions.LDAPExceptionError):
        client.add(UNIT, "organizationalUnit")
    assert _exists(simulator, UNIT)


def test_a_late_answer_is_late_and_right(simulator: SimulatorServer, client: Client) -> None:
    _plan(simulator, Operation.ADD, Delay(seconds=0.2))
    began = time.monotonic()
    assert client.add(UNIT, "organizationalUnit").code == 0
    assert time.monotonic() - began >= 0.2


def test_a_held_request_is_performed_when_the_plan_is_cleared(simulator: SimulatorServer, client: Client) -> None:
    _plan(simulator, Operation.ADD, Hold())
    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        adding = elsewhere.submit(client.add, UNIT, "organizationalUnit")
        assert not _exists(simulator, UNIT)
        assert not adding.done()
        simulator.faults.clear()
        assert adding.result(timeout=30).code == 0
    assert _exists(simulator, UNIT)


def test_a_late_answer_holds_up_nobody_else(simulator: SimulatorServer, client: Client) -> None:
    _plan(simulator, Operation.SEARCH, Delay(seconds=30), name="CN=Users")
    client.connection.strategy.send("searchRequest", _search("CN=Users,DC=school,DC=test"), None)
    assert _exists(simulator, simulator.base_dn)


def test_a_refusal_is_the_one_that_was_planned(simulator: SimulatorServer, client: Client) -> None:
    _plan(simulator, Operation.ADD, Refuse(code=ResultCode.BUSY, message="00002024: too busy"))
    result = client.add(UNIT, "organizationalUnit")
    assert (result.code, result.message) == (51, "00002024: too busy")
    assert not _exists(simulator, UNIT)
    assert client.add(UNIT, "organizationalUnit").code == 0


def test_a_cut_page_looks_complete(simulator: SimulatorServer, client: Client) -> None:
    _fill(client, 5)
    _plan(simulator, Operation.SEARCH, CutPage(entries=2), name=UNIT)
    answer = client.page(UNIT, "(objectClass=contact)", size=3)
    assert (answer.code, len(answer.entries), answer.cookie) == (0, 2, b"")


def test_a_size_limit_is_said(simulator: SimulatorServer, client: Client) -> None:
    _fill(client, 5)
    _plan(simulator, Operation.SEARCH, LimitSize(entries=2), name=UNIT)
    answer = client.search(UNIT, "(objectClass=contact)")
    assert (answer.code, len(answer.entries)) == (4, 2)


def test_a_referral_comes_with_the_objects(simulator: SimulatorServer, client: Client) -> None:
    _fill(client, 1)
    _plan(simulator, Operation.SEARCH, Refer(url="ldap://elsewhere/"), name=UNIT)
    answer = client.search(UNIT, "(objectClass=contact)")
    assert (len(answer.entries), answer.references) == (1, ["ldap://elsewhere/"])


def _search(base: str) -> object:
    return search_operation(base, "(objectClass=*)", ldap3.BASE, ldap3.DEREF_NEVER, ["1.1"], 0, 0, False, True, True)
