"""Users and groups that a person enters (rulings 19 and 24)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connect_worker.core.desired import desire
from connect_worker.core.update import update
from connect_worker.core.validation import validate
from connect_worker.model.account import Account, Names, Profile, Status
from connect_worker.model.configuration import Configuration, PasswordKind, PasswordPolicy
from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Mandant, UserType
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from tests.support.builders import (
    BASE,
    GROUPS_OU,
    NIGHT,
    STAFF_OU,
    TODAY,
    account,
    configuration,
    group,
    guid,
    linked,
    linked_group,
    master_data,
    student,
    student_key,
)

OFFICE = AccountKey(UserType.MANUAL, 7)
CLUB = GroupKey(Criterion.MANUAL, Mandant(0), 8)
NO_NAMES = Names(
    dn_parent=None, dn_first_element=None, cn=None, sam_account_name=None, user_principal_name=None, mail=None
)


def password(key: AccountKey, policy: PasswordPolicy, avoid: frozenset[str]) -> SealedSecret:
    return SealedSecret(f"{key} {policy.kind.name} {sorted(avoid)}")


def entered(**changes: Any) -> Account:
    """A row as the entry form leaves it: first and last name, and the status that the table gives."""
    values: dict[str, Any] = {
        "key": OFFICE,
        "names": NO_NAMES,
        "profile": Profile(given_name="Lernende", surname="Schulverwaltung"),
        "mandants": None,
        "mandant_chosen": None,
        "status": Status.DEACTIVATED,
        "is_generic": True,
        "id": 7,
    }
    return Account(**(values | changes))


def night(*records: Account | Group, config: Configuration | None = None, **changes: Any) -> State:
    before = State(
        accounts=tuple(record for record in records if isinstance(record, Account)),
        groups=tuple(record for record in records if isinstance(record, Group)),
        memberships=changes.pop("memberships", {}),
    )
    data = master_data(**changes)
    done = update(before, data, config or configuration(), today=TODAY, now=NIGHT, version="1", new_password=password)
    return done.state


def user_in(state: State) -> Account:
    return next(account for account in state.accounts if account.key == OFFICE)


def test_what_no_person_can_know_is_filled_in() -> None:
    user = user_in(night(entered()))
    assert (user.names.sam_account_name, user.names.dn_parent) == ("M.00007", STAFF_OU)
    assert user.profile.display_name == "Schulverwaltung Lernende"
    assert user.initial_password == "M.00007 COMPLEX ['lernende', 'schulverwaltung']"
    assert user.must_change_password
    assert user.is_draft


def test_the_password_and_what_holds_for_it_follow_the_manual_users_policy() -> None:
    policy = PasswordPolicy(kind=PasswordKind.SIMPLE, never_expires=True, may_not_change=True)
    config = configuration(manual_password=policy)
    user = user_in(night(entered(), config=config))
    assert str(user.initial_password).startswith("M.00007 SIMPLE")
    assert (user.password_never_expires, user.must_change_password) == (True, False)
    assert user.password_change_prevented
    later = user_in(night(user))
    assert (later.password_never_expires, later.must_change_password) == (False, True)
    assert later.initial_password == user.initial_password


def test_what_a_person_has_entered_is_kept() -> None:
    names = replace(NO_NAMES, dn_parent=f"OU=Extra,{BASE}", sam_account_name="lernende")
    profile = Profile(given_name="Lernende", surname="Schulverwaltung", display_name="Lernende", company="Verein")
    user = user_in(night(entered(names=names, profile=profile, initial_password=SealedSecret("mine"))))
    assert (user.names, user.profile, user.initial_password) == (names, profile, "mine")


@pytest.mark.parametrize(("chosen", "mask"), [(1, 1), (3, 4), (62, 1 << 61), (0, None), (-1, None), (63, None)])
def test_the_mandant_mask_is_the_bit_of_chosen(chosen: int, mask: int | None) -> None:
    assert user_in(night(entered(mandant_chosen=Mandant(chosen)))).mandants == mask


def test_the_mask_follows_when_another_mandant_is_chosen() -> None:
    user = user_in(night(entered(mandant_chosen=Mandant(1))))
    assert user_in(night(replace(user, mandant_chosen=Mandant(2)))).mandants == 2


@pytest.mark.parametrize(
    "missing", [{"mandant_chosen": None}, {"status": Status.DEACTIVATED}], ids=["mandant", "status"]
)
def test_until_all_is_set_it_is_neither_validated_nor_synced(missing: dict[str, Any]) -> None:
    complete = {"mandant_chosen": Mandant(1), "status": Status.ACTIVE, "regenerate_names": True}
    state = night(entered(**(complete | missing)))
    validation = validate(state, configuration())
    assert validation.findings == ()
    assert desire(state, today=TODAY, blocked=validation.blocked_objects).active == ()


def test_complete_and_named_it_is_synced_like_any_other() -> None:
    state = night(entered(mandant_chosen=Mandant(1), status=Status.ACTIVE, regenerate_names=True))
    user = user_in(state)
    assert user.names == Names(
        dn_parent=STAFF_OU,
        dn_first_element="CN=Lernende.Schulverwaltung",
        cn="Lernende.Schulverwaltung",
        sam_account_name="M.00007",
        user_principal_name="lernende.schulverwaltung@lehrer.example",
        mail="lernende.schulverwaltung@lehrer.example",
    )
    validation = validate(state, configuration())
    assert validation.findings == ()
    assert [key.key for key, _ in desire(state, today=TODAY, blocked=validation.blocked_objects).active] == [OFFICE]
    assert night(user).accounts == state.accounts


def test_without_the_flag_there_are_no_names_and_the_warnings_say_so() -> None:
    state = night(entered(mandant_chosen=Mandant(1), status=Status.ACTIVE))
    assert user_in(state).names.user_principal_name is None
    assert [finding.code for finding in validate(state, configuration()).findings] == [5, 7, 105]


def test_the_flag_waits_for_the_mandant() -> None:
    user = user_in(night(entered(regenerate_names=True)))
    assert (user.regenerate_names, user.names.dn_first_element) == (True, None)
    named = user_in(night(replace(user, mandant_chosen=Mandant(1))))
    assert (named.regenerate_names, named.names.cn) == (False, "Lernende.Schulverwaltung")


def test_a_first_element_entered_beforehand_gives_the_address() -> None:
    names = replace(NO_NAMES, dn_first_element="CN=Lernende")
    draft = user_in(night(entered(names=names)))
    assert (draft.names.cn, draft.names.mail) == ("Lernende", None)
    user = user_in(night(replace(draft, mandant_chosen=Mandant(1))))
    assert (user.names.cn, user.names.mail) == ("Lernende", "lernende@lehrer.example")


def test_a_changed_name_changes_nothing_but_when_asked() -> None:
    first = linked(user_in(night(entered(mandant_chosen=Mandant(1), status=Status.ACTIVE, regenerate_names=True))))
    renamed = replace(first, profile=replace(first.profile, surname="Sekretariat"))
    assert user_in(night(renamed)).names == first.names
    asked = user_in(night(replace(renamed, regenerate_names=True))).names
    assert asked.mail == "lernende.sekretariat@lehrer.example"
    assert asked.aliases[0] == "lernende.schulverwaltung@lehrer.example"


def test_names_are_given_after_everybody_elses() -> None:
    draft = entered(
        mandant_chosen=Mandant(1), regenerate_names=True, profile=Profile(given_name="Anna", surname="Muster1")
    )
    state = night(draft, students=(student(1),))
    assert user_in(state).names.cn == "Anna.Muster11"


def test_the_test_prefix_stands_before_the_sam_name() -> None:
    assert user_in(night(entered(), config=configuration(test_prefix="T-"))).names.sam_account_name == "T-M.00007"


def synced(**changes: Any) -> Account:
    return linked(account(key=OFFICE, is_generic=True, must_change_password=True, **changes))


def test_to_delete_is_nobodys_to_set_and_locks_out_until_somebody_says_what_was_meant() -> None:
    """It leaves by *immune* alone; another program's «to delete» would let the sync delete it after the grace."""
    marked = synced(status=Status.TO_DELETE, delete_on=TODAY, disabled_since=TODAY - timedelta(days=40))
    user = user_in(night(marked))
    assert (user.status, user.delete_on) == (Status.DEACTIVATED, None)
    desired = desire(night(marked), today=TODAY)
    assert (desired.leaving, [account.key for account in desired.disabled]) == ((), [OFFICE])


def test_a_manual_user_leaves_by_immune_and_its_row_waits_for_a_person() -> None:
    immune = synced(status=Status.IMMUNE)
    assert [account.key for account in desire(night(immune), today=TODAY).leaving] == [OFFICE]
    without_object = replace(immune, object_guid=None)
    assert user_in(night(without_object)) == without_object


def test_a_password_that_somebody_took_out_of_a_linked_row_is_not_made_up() -> None:
    assert user_in(night(synced(initial_password=None))).initial_password is None


def test_memberships_of_a_manual_user_are_those_that_people_gave_him() -> None:
    members = {CLUB: Members(manual=frozenset({OFFICE, student_key(1)}))}
    club = group(key=CLUB, is_generic=True)
    state = night(synced(), linked(account(1)), club, memberships=members, students=(student(1),))
    assert state.memberships[CLUB] == members[CLUB]
    automatic = [key for key, found in state.memberships.items() if OFFICE in found.automatic]
    assert automatic == []


def test_a_manual_group_has_the_mask_of_chosen_and_the_cn_of_its_first_element() -> None:
    club = group(key=CLUB, is_generic=True, mandants=None, cn=None, dn_first_element="CN=Chor", dn_parent=GROUPS_OU)
    (kept,) = (found for found in night(club).groups if found.key == CLUB)
    assert (kept.mandants, kept.cn, kept.has_changed) == (1, "Chor", True)


def test_a_manual_group_over_all_mandants_has_the_mask_of_all() -> None:
    club = group(key=CLUB, is_generic=True, mandants=None, mandant_chosen=Mandant(0))
    (kept,) = (found for found in night(club).groups if found.key == CLUB)
    assert (kept.mandants, kept.mandant_chosen) == (1, 0)


def test_a_manual_group_never_ends_by_rule_or_by_another_programs_mark() -> None:
    club = linked_group(
        group(key=CLUB, is_generic=True, status=Status.TO_DELETE, delete_on=TODAY, disabled_since=TODAY)
    )
    (kept,) = (found for found in night(club).groups if found.key == CLUB)
    assert (kept.status, kept.delete_on) == (Status.DEACTIVATED, None)
    assert kept.object_guid == guid(str(CLUB))
