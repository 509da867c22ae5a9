"""Two objects that hold each other's names: one gives way first. DNs are looked at in test_diff."""

from connect_worker.core.step_aside import step_aside
from connect_worker.model.change import AttributeChange, Cause, Modify, Wave
from tests.support.builders import guid, student_key

A, B = "anna@schule.example", "bea@schule.example"


def modify(number: int, attribute: str, before: str | None, after: str | None) -> Modify:
    return Modify(
        key=student_key(number),
        guid=guid(f"{number}"),
        dn=f"CN=x{number}",
        attributes=(AttributeChange(attribute=attribute, before=before, after=after),),
        cause=Cause.CHANGED,
    )


def temporary(number: int) -> str:
    """What it is called meanwhile."""
    return f"connect-{guid(f'{number}').hex[-12:]}"


def told(*changes: Modify) -> list[tuple[Wave, int, str, str]]:
    """Each change of one attribute, in the order of the waves."""
    found = [change for change in step_aside(changes) if isinstance(change, Modify)]
    return sorted(
        (change.wave, change.key.source_id, str(one.before), str(one.after))
        for change in found
        for one in change.attributes
    )


def test_a_principal_name_that_another_one_needs_is_exchanged_first_and_keeps_its_domain() -> None:
    one, other = modify(1, "user_principal_name", A, B), modify(2, "user_principal_name", B.upper(), A)
    first, second = f"{temporary(1)}@schule.example", f"{temporary(2)}@SCHULE.EXAMPLE"
    assert told(one, other) == [
        (Wave.STEP_ASIDE, 1, A, first),
        (Wave.STEP_ASIDE, 2, B.upper(), second),
        (Wave.MODIFY, 1, first, B),
        (Wave.MODIFY, 2, second, A),
    ]


def test_a_sam_account_name_is_exchanged_for_a_temporary_one_that_is_not_too_long() -> None:
    one, other = modify(1, "sam_account_name", "S.2", "S.1"), modify(2, "sam_account_name", "S.9", "S.2")
    assert len(temporary(1)) == 20
    assert told(one, other) == [
        (Wave.STEP_ASIDE, 1, "S.2", temporary(1)),
        (Wave.MODIFY, 1, temporary(1), "S.1"),
        (Wave.MODIFY, 2, "S.9", "S.2"),
    ]


def test_nobody_gives_way_to_himself_or_for_what_need_not_be_unique() -> None:
    other_case, mail = modify(1, "user_principal_name", A.upper(), A), modify(2, "mail", A, B)
    assert step_aside([other_case, mail, modify(3, "mail", B, A)]) == (other_case, mail, modify(3, "mail", B, A))
