"""A plan as a person reads it."""

from dataclasses import replace

from connect_operator.kubectl.plan_text import document, plan_lines
from connect_operator.kubectl.table import Style
from connect_protocol.plan_block import PlanBlock, PlannedChange

CREATED = PlannedChange(
    kind="create_user",
    object="S.00002",
    dn="CN=Beat",
    cause="new",
    sentence="create user S.00002 as CN=Beat",
    before=None,
    after={"mail": "b@school.test"},
    gated=False,
)
LOCKED_OUT = replace(CREATED, kind="disable", object="S.00001", sentence="disable CN=\x1b[2JAnna (exit)", gated=True)
PLAN = PlanBlock(
    realm="musterwil",
    run_id="1",
    command="run",
    checksum="sha256:abc",
    blocked=True,
    excesses=("1 users to disable exceed the limit of 0",),
    counts={"create_user": 1, "disable": 1},
    gated=1,
    changes=(CREATED, LOCKED_OUT),
)


def shown(plan: PlanBlock) -> str:
    return "\n".join(plan_lines(plan, Style(coloured=False), name="musterwil"))


def test_what_the_gate_counts_stands_first_and_is_marked() -> None:
    marked, other = shown(PLAN).splitlines()[1:3]
    assert marked.split()[:3] == ["!", "disable", "S.00001"]
    assert other.split()[:2] == ["create_user", "S.00002"]


def test_how_it_is_approved_is_told_where_it_has_to_be() -> None:
    command = "kubectl connect approve musterwil sha256:abc"
    assert command in shown(PLAN)
    assert command not in shown(replace(PLAN, blocked=False))


def test_names_of_others_cannot_move_the_cursor() -> None:
    assert "\x1b" not in shown(PLAN)


def test_what_has_no_place_is_told() -> None:
    assert "7 more changes had no place in the log." in shown(replace(PLAN, omitted=7))


def test_an_empty_plan_says_so() -> None:
    empty = replace(PLAN, blocked=False, excesses=(), counts={}, gated=0, changes=())
    assert shown(empty).startswith("Nothing would change.\n\n0 changes\n")


def test_machines_get_values_before_and_after() -> None:
    changes = document(PLAN)["changes"]
    assert isinstance(changes, list)
    assert (changes[0]["before"], changes[0]["after"]) == (None, {"mail": "b@school.test"})
