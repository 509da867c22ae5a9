"""Every fault of a directory in every phase of a night: what is said, that nothing is half done, and that it heals.

The night is tests/data/rich_night.yaml. What is below a run's end (channels, pages, ranges) stands in
tests/integration/targets/test_directory_faults.py.
"""

from dataclasses import dataclass

import pytest

from connect_worker.simulator.faults import (
    Action,
    CutPage,
    Delay,
    DropAfter,
    DropBefore,
    Fault,
    LimitSize,
    Operation,
    Refer,
    Refuse,
)
from connect_worker.simulator.messages import SearchRequest
from connect_worker.simulator.results import ResultCode
from tests.support.builders import BASE, STUDENTS_OU
from tests.support.plays import Play, assert_ended
from tests.support.rehearsal import Scene

INCOMPLETE = (4, "DirectoryReadIncomplete")
UNREACHABLE = (7, "DirectoryUnreachable")
FAILED = (6, "ChangesFailed")
DONE = (0, "Synced")
SLOW = Delay(seconds=0.3)
NO_RIGHTS = Refuse(code=ResultCode.INSUFFICIENT_ACCESS_RIGHTS, message="00002098: SecErr: DSID-03150F94")
BAD_PASSWORD = Refuse(code=ResultCode.UNWILLING_TO_PERFORM, message="0000052D: SvcErr: DSID-031A12D2")
TAKEN = Refuse(code=ResultCode.ENTRY_ALREADY_EXISTS, message="00002071: UpdErr: DSID-0305038F")
BUSY = Refuse(code=ResultCode.BUSY, message="00002024: later")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One square of the matrix: the fault, and how the run must end, with words of its message."""

    phase: str
    name: str
    action: Action
    ends: tuple[int, str]
    says: str = ""

    def __str__(self) -> str:
        return f"{self.phase}: {self.name}"


def reading(phase: str) -> list[Case]:
    """What may go wrong with any question to the directory."""
    return [
        Case(phase=phase, name="dropped unheard", action=DropBefore(), ends=UNREACHABLE, says="broke"),
        Case(phase=phase, name="dropped unanswered", action=DropAfter(), ends=UNREACHABLE, says="broke"),
        Case(phase=phase, name="size limit", action=LimitSize(entries=1), ends=INCOMPLETE, says="sizeLimitExceeded"),
        Case(
            phase=phase, name="referral", action=Refer(url="ldaps://dc2/OU=x"), ends=INCOMPLETE, says="another server"
        ),
        Case(phase=phase, name="busy", action=BUSY, ends=INCOMPLETE, says="later"),
        Case(phase=phase, name="no right to read", action=NO_RIGHTS, ends=INCOMPLETE, says="lacks the right"),
        Case(
            phase=phase,
            name="no word of whether more follow",
            action=Refuse(code=ResultCode.SUCCESS),
            ends=INCOMPLETE,
            says="whether more follow",
        ),
        Case(phase=phase, name="slow", action=SLOW, ends=DONE),
    ]


SIGNING_IN = [
    Case(phase="sign-in", name="dropped", action=DropBefore(), ends=UNREACHABLE),
    Case(phase="sign-in", name="busy", action=BUSY, ends=UNREACHABLE, says="not ready"),
    Case(
        phase="sign-in",
        name="refused password",
        action=Refuse(code=ResultCode.INVALID_CREDENTIALS, message="80090308: LdapErr: DSID-0C0903A9, data 52e, v4563"),
        ends=(2, "DirectoryLoginFailed"),
        says="the password is wrong",
    ),
    Case(phase="sign-in", name="slow", action=SLOW, ends=DONE),
]
CUT = Case(phase="read", name="cut page", action=CutPage(entries=3), ends=INCOMPLETE, says="left out")


def changing(phase: str) -> list[Case]:
    """What may go wrong with any change."""
    return [
        Case(phase=phase, name="dropped unheard", action=DropBefore(), ends=UNREACHABLE, says="broke"),
        Case(phase=phase, name="dropped unanswered", action=DropAfter(), ends=UNREACHABLE, says="broke"),
        Case(phase=phase, name="busy", action=BUSY, ends=FAILED, says="later"),
        Case(phase=phase, name="slow", action=SLOW, ends=DONE),
    ]


CHANGING = [
    *(case for operation in ("add", "modify", "rename", "delete") for case in changing(operation)),
    *(
        Case(phase=operation, name="rights missing", action=NO_RIGHTS, ends=FAILED, says="lacks the right")
        for operation in ("add", "modify", "rename")
    ),
    # A person's task, told every night until it is done (ruling 39).
    Case(phase="delete", name="rights missing", action=NO_RIGHTS, ends=DONE),
    Case(phase="add", name="refused password", action=BAD_PASSWORD, ends=FAILED, says="password policy refuses"),
    Case(phase="add", name="name taken", action=TAKEN, ends=FAILED, says="is there already"),
    Case(phase="rename", name="name taken", action=TAKEN, ends=FAILED, says="entryAlreadyExists"),
]


def reading_fault(play: Play, case: Case) -> Fault:
    """The fault, at the question of that phase: the n-th of those that concern the same place."""
    if case.phase == "sign-in":
        return Fault(operation=Operation.BIND, action=case.action)
    searches = [request for request in play.requests if isinstance(request, SearchRequest)]
    whole_domain = [request for request in searches if BASE in request.base]
    first_of_all, *_ = (place for place, request in enumerate(whole_domain) if request.base == BASE)
    later = [place for place, request in enumerate(whole_domain) if request.base == BASE and place > first_of_all]
    match case.phase:
        case "names":
            return Fault(operation=Operation.SEARCH, name=BASE, action=case.action, after=first_of_all)
        case "whereabouts":
            return Fault(operation=Operation.SEARCH, name=BASE, action=case.action, after=later[0])
        case _:  # is it there at all comes first
            return Fault(operation=Operation.SEARCH, name=STUDENTS_OU, action=case.action, after=1)


def assert_linked(scene: Scene) -> None:
    """No object was made that its row does not know: not as long as the directory still answers."""
    objects = scene.domain.objects()
    known = {sam: row["user_object_guid"] for sam, row in scene.tables.users().items() if sam in objects}
    assert known == {sam: str(objects[sam].guid) for sam in known}


def run_with(play: Play, scene: Scene, case: Case, fault: Fault) -> None:
    """A run that meets the fault: how it ends, why, and what to do about it is told; never a stack trace."""
    play.rehearsal.faults.add(fault)
    ended = scene.run()
    play.rehearsal.faults.begin()
    assert_ended(ended, *case.ends)
    assert "Traceback" not in ended.stdout + ended.stderr
    if case.ends != DONE:
        assert case.says in ended.report["message"]
        assert ended.report["todo"], "what is to be done about it is told"


@pytest.mark.parametrize("case", [*SIGNING_IN, *reading("names")], ids=str)
def test_a_fault_before_anything_is_decided(rich_night: Play, case: Case) -> None:
    """Nobody is given a name without knowing all that are taken: neither tables nor directory are touched."""
    with rich_night.rehearsal.scene() as scene:
        before = scene.picture()
        run_with(rich_night, scene, case, reading_fault(rich_night, case))
        if case.ends != DONE:
            assert before.differences(scene.picture()) == []
        rich_night.assert_finishes(scene)


@pytest.mark.parametrize("case", [*reading("read"), CUT, *reading("whereabouts")], ids=str)
def test_a_fault_while_reading_what_is_there(rich_night: Play, case: Case) -> None:
    """Nothing is planned on half a picture; the tables are up to date already."""
    with rich_night.rehearsal.scene() as scene:
        before = scene.domain.usn
        run_with(rich_night, scene, case, reading_fault(rich_night, case))
        if case.ends != DONE:
            assert scene.domain.usn == before
        rich_night.assert_finishes(scene)


@pytest.mark.parametrize("case", CHANGING, ids=str)
def test_a_fault_with_the_second_change_of_a_kind(rich_night: Play, case: Case) -> None:
    """What fails, fails alone, and is told; every object that was made and heard of is known to its row."""
    with rich_night.rehearsal.scene() as scene:
        run_with(rich_night, scene, case, Fault(operation=Operation[case.phase.upper()], action=case.action, after=1))
        if case.ends[0] == FAILED[0]:
            assert_linked(scene)
        rich_night.assert_finishes(scene)


def test_a_directory_that_is_disturbed_every_night_is_in_step_once_it_is_left_alone(rich_night: Play) -> None:
    """One fault after the other, each met by what the last one has left."""
    with rich_night.rehearsal.scene() as scene:
        for case in CHANGING:
            fault = Fault(operation=Operation[case.phase.upper()], action=case.action, after=1)
            rich_night.rehearsal.faults.add(fault)
            assert scene.run().exit_code in {0, 6, 7}
            rich_night.rehearsal.faults.begin()
        rich_night.assert_finishes(scene)
