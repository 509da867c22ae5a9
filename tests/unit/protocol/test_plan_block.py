"""A plan goes through a pod's log and back; what did not come through whole is none."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_protocol.plan_block import LINE_SIGNS, PlanBlock, PlannedChange, encode, find

RUNTIME_CUTS_AT = 16 * 1024
LOCKED_OUT = PlannedChange(
    kind="disable",
    object="S.00001",
    dn="CN=Anna Müller,OU=Schule,DC=musterwil,DC=test",
    cause="exit",
    sentence="disable CN=Anna Müller,OU=Schule,DC=musterwil,DC=test (exit)",
    before={"enabled": True},
    after={"enabled": False},
    gated=True,
)
CREATED = replace(LOCKED_OUT, kind="create_user", object="S.00002", before=None, after={"mail": "a@b"}, gated=False)
BLOCK = PlanBlock(
    realm="musterwil",
    run_id="6f1f2c2e",
    command="run",
    checksum="sha256:" + "a" * 64,
    blocked=True,
    excesses=("11 users to disable exceed the limit of 10",),
    counts={"create_user": 1, "disable": 1},
    gated=1,
    changes=(CREATED, LOCKED_OUT),
)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def log(block: PlanBlock, **options: int) -> list[str]:
    return list(encode(block, **options))


def test_what_is_written_is_found() -> None:
    text = "\n".join(['{"event": "planned"}', *log(BLOCK), ""])
    assert find(text) == BLOCK


def test_a_log_without_a_plan_has_none() -> None:
    assert find('{"event": "connect-plan"}\nconnect-plan\n') is None


@given(ANY_TEXT, st.lists(ANY_TEXT, max_size=3).map(tuple))
def test_any_text_comes_through(name: str, excesses: tuple[str, ...]) -> None:
    """Line breaks of all kinds, quotes, and what looks like a line of a plan."""
    named = f"{name}\nconnect-plan {'0' * 16} 1/1 {{}}\u2028\x85"
    block = replace(BLOCK, changes=(replace(LOCKED_OUT, sentence=named),), excesses=excesses)
    assert find("\n".join(log(block))) == block


def test_half_a_character_becomes_a_question_mark() -> None:
    found = find("\n".join(log(replace(BLOCK, changes=(replace(CREATED, sentence="\ud800"),)))))
    assert found is not None
    assert found.changes[0].sentence == "?"


def test_lines_of_others_in_between_and_before_are_passed_over() -> None:
    """As kubectl logs --timestamps --prefix gives them, with the other output of the pod."""
    lines = [f"[pod/m-1/worker] 2026-11-23T03:00:00Z {line}\r\n{{}}" for line in log(BLOCK)]
    assert find("\n".join(lines)) == BLOCK


def test_of_several_plans_the_last_counts() -> None:
    later = replace(BLOCK, run_id="another")
    assert find("\n".join([*log(BLOCK), *log(later)])) == later


@pytest.mark.parametrize("lost", range(3))
def test_a_plan_of_which_a_line_is_missing_is_none(lost: int) -> None:
    lines = log(BLOCK)
    del lines[lost]
    with pytest.raises(ValueError, match=r"3 of the 4 lines"):
        find("\n".join(lines))


def test_a_changed_plan_is_none() -> None:
    text = "\n".join(log(BLOCK)).replace("S.00001", "S.00009")
    with pytest.raises(ValueError, match="others than were written"):
        find(text)


def test_a_newer_kind_of_plan_is_refused() -> None:
    text = "".join(line.split(" ", 3)[3] for line in log(BLOCK))
    document = json.loads(text) | {"schema": 2}
    with pytest.raises(ValueError, match=r"plan.schema is 2"):
        find("\n".join(_as_written(json.dumps(document))))


def test_no_line_is_cut_by_a_container_runtime() -> None:
    members = [{"key": f"S.{number:05d}", "dn": "CN=😀" * 50} for number in range(1000)]
    block = replace(BLOCK, changes=(replace(LOCKED_OUT, before={"members": members}),))
    lines = log(block)
    assert max(len(line.encode()) for line in lines) < RUNTIME_CUTS_AT
    assert min(len(line) for line in lines[1:-2]) > LINE_SIGNS
    assert find("\n".join(lines)) == block


def test_what_does_not_fit_is_counted_and_what_the_gate_counts_goes_first() -> None:
    many = replace(BLOCK, changes=(*[CREATED] * 100, LOCKED_OUT, *[CREATED] * 100))
    assert many.shows_what_is_gated
    found = find("\n".join(log(many, most_bytes=3000)))
    assert found is not None
    assert LOCKED_OUT in found.changes
    assert found.omitted == 201 - len(found.changes) > 0
    assert found.shows_what_is_gated


def test_a_plan_that_does_not_show_all_that_is_gated_says_so() -> None:
    found = find("\n".join(log(replace(BLOCK, gated=100, changes=(LOCKED_OUT,) * 100), most_bytes=3000)))
    assert found is not None
    assert not found.shows_what_is_gated


def _as_written(text: str) -> list[str]:
    return [f"connect-plan {hashlib.sha256(text.encode()).hexdigest()[:16]} 1/1 {text}"]
