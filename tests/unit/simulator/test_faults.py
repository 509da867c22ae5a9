"""Which request a planned fault hits."""

from connect_worker.simulator.faults import CutPage, Delay, DropBefore, Fault, FaultPlan, LimitSize, Operation, Refer
from connect_worker.simulator.messages import AddRequest, DeleteRequest
from connect_worker.simulator.results import ResultCode
from connect_worker.simulator.search import Found

ANNA, BERTA = DeleteRequest(name="CN=Anna,DC=test"), DeleteRequest(name="CN=Berta,DC=test")


def test_a_fault_hits_its_operation_and_name_once() -> None:
    plan = FaultPlan([Fault(operation=Operation.DELETE, action=DropBefore(), name="cn=anna")])
    assert plan.next(AddRequest(name="CN=Anna,DC=test", attributes={})) is None
    assert plan.next(BERTA) is None
    assert plan.next(ANNA) == DropBefore()
    assert plan.next(ANNA) is None


def test_a_fault_waits_for_its_turn_and_lasts() -> None:
    plan = FaultPlan([Fault(operation=Operation.DELETE, action=DropBefore(), after=1, times=2)])
    assert [plan.next(ANNA) for _ in range(4)] == [None, DropBefore(), DropBefore(), None]


def test_a_fault_without_end_hits_every_time() -> None:
    plan = FaultPlan([Fault(operation=Operation.DELETE, action=Delay(seconds=1), times=None)])
    assert [plan.next(ANNA) for _ in range(3)] == [Delay(seconds=1)] * 3


def test_the_first_of_two_faults_wins() -> None:
    first = Fault(operation=Operation.DELETE, action=Delay(seconds=1))
    plan = FaultPlan([first, Fault(operation=Operation.DELETE, action=DropBefore(), times=None)])
    assert [plan.next(ANNA), plan.next(ANNA)] == [Delay(seconds=1), DropBefore()]


def test_a_cleared_plan_lets_everything_through() -> None:
    plan = FaultPlan([Fault(operation=Operation.DELETE, action=DropBefore())])
    plan.clear()
    assert plan.next(ANNA) is None


def test_a_cut_page_pretends_to_be_the_last() -> None:
    assert CutPage(entries=0).spoil(Found(entries=(), cookie=b"1")) == Found(entries=(), cookie=b"")


def test_a_limited_answer_says_so() -> None:
    assert LimitSize(entries=0).spoil(Found(entries=())).code is ResultCode.SIZE_LIMIT_EXCEEDED


def test_a_referring_answer_keeps_what_was_found() -> None:
    assert Refer(url="ldap://b/").spoil(Found(entries=(), references=("ldap://a/",))).references == (
        "ldap://a/",
        "ldap://b/",
    )
