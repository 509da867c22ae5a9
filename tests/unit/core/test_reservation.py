"""Names that nobody may be given: of deleted accounts, and of objects outside Connect (rulings 12 and 34)."""

from dataclasses import replace
from datetime import UTC, datetime

from connect_worker.core.reservation import strangers, with_foreign_names
from connect_worker.model.directory import TakenName
from connect_worker.model.state import Intention, NameKind, ReservedName, State
from tests.support.builders import BASE, STUDENTS_OU, TODAY, account, guid, linked, student_key

BASES = (STUDENTS_OU,)


def taken(name: str, dn: str, sam: str | None = None, *addresses: str) -> TakenName:
    return TakenName(guid=guid(name), dn=dn, sam_account_name=sam, addresses=addresses, created="2026-11-16T02:00:00Z")


def names(state: State, *found: TakenName, intentions: tuple[Intention, ...] = ()) -> set[tuple[NameKind, str]]:
    reserved = with_foreign_names(state, strangers(state, found, intentions), BASES).reserved
    return {(name.kind, name.name) for name in reserved}


NOBODY = State(accounts=(), groups=(), memberships={})


def test_strangers_names_are_taken_and_ours_are_not() -> None:
    ours = linked(account())
    state = replace(NOBODY, accounts=(ours,))
    own = TakenName(guid=ours.object_guid, dn=str(ours.dn), sam_account_name="S.00001", addresses=("a@x.ch",))  # type: ignore[arg-type]
    assert names(state, own, taken("info", f"CN=Info,{BASE}", "Info", "Info@X.ch")) == {
        (NameKind.SAM, "info"),
        (NameKind.ADDRESS, "info@x.ch"),
    }


def test_first_element_of_a_dn_is_taken_in_our_ous_only() -> None:
    inside = taken("inside", f"CN=Anna.Muster,{STUDENTS_OU}")
    outside = taken("outside", f"CN=Berta.Muster,OU=Elsewhere,{BASE}")
    assert names(NOBODY, inside, outside) == {(NameKind.DN_FIRST_ELEMENT, "cn=anna.muster")}


def test_names_of_the_last_run_are_replaced_and_those_of_deleted_accounts_stay() -> None:
    deleted = ReservedName(kind=NameKind.ADDRESS, name="gone@x.ch", owner=student_key(9), until=TODAY)
    old = ReservedName(kind=NameKind.ADDRESS, name="old@x.ch", guid=guid("old"))
    state = replace(NOBODY, reserved=(deleted, old))
    assert names(state, taken("new", f"CN=x,{BASE}", None, "new@x.ch")) == {
        (NameKind.ADDRESS, "gone@x.ch"),
        (NameKind.ADDRESS, "new@x.ch"),
    }


def test_object_that_a_killed_run_intended_is_no_stranger_but_another_holder_of_its_address_is() -> None:
    meant = Intention(
        key=student_key(1),
        sam_account_name="S.00001",
        dn=f"CN=Anna,{STUDENTS_OU}",
        intended_at=datetime(2026, 11, 16, 2, tzinfo=UTC),
    )
    ours = taken("made", f"CN=Anna,{STUDENTS_OU}", "s.00001", "anna@x.ch")
    mailbox = taken("mailbox", f"CN=Shared,{BASE}", "shared", "anna@x.ch")
    assert names(NOBODY, ours, intentions=(meant,)) == set()
    assert (NameKind.ADDRESS, "anna@x.ch") in names(NOBODY, ours, mailbox, intentions=(meant,))
