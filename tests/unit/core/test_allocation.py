"""Who gets new names in a night, and from what (rulings 10 to 14)."""

from dataclasses import replace
from typing import Any

import pytest

from connect_worker.core.update import update
from connect_worker.core.validation import validate
from connect_worker.model.account import NO_ALIASES, Account, Names, Status
from connect_worker.model.configuration import Configuration, MandantRule, PasswordPolicy
from connect_worker.model.ids import AccountKey, Mandant, MandantMask
from connect_worker.model.person import MasterData
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import NameKind, ReservedName, State
from tests.support.builders import (
    NIGHT,
    STUDENTS_OU,
    TODAY,
    account,
    configuration,
    guid,
    linked,
    master_data,
    staff,
    student,
    student_key,
)

ANNA, BEN = student_key(1), student_key(2)


def password(key: AccountKey, policy: PasswordPolicy, avoid: frozenset[str]) -> SealedSecret:
    return SealedSecret(f"{key} {policy.kind.name} {sorted(avoid)}")


def state(*accounts: Account, reserved: tuple[ReservedName, ...] = ()) -> State:
    return State(accounts=accounts, groups=(), memberships={}, reserved=reserved)


def night(before: State, data: MasterData, config: Configuration | None = None) -> State:
    done = update(before, data, config or configuration(), today=TODAY, now=NIGHT, version="1", new_password=password)
    return done.state


def school(*students: Any) -> MasterData:
    return master_data(students=students or (student(1), student(2)))


def anna(**changes: Any) -> Account:
    """Anna, as she is in the directory, with other values of Names where given."""
    record = linked(account(1))
    return replace(record, names=replace(record.names, **changes))


def names_of(after: State, key: AccountKey = ANNA) -> Names:
    return next(account.names for account in after.accounts if account.key == key)


def codes(after: State, config: Configuration | None = None) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for finding in validate(after, config or configuration()).findings:
        found.setdefault(str(finding.key), []).append(finding.code)
    return found


TYPED = anna(dn_first_element="CN=Anna Meier")


def test_a_first_element_typed_by_hand_changes_cn_login_and_mail_and_the_old_mail_becomes_alias_1() -> None:
    after = night(state(TYPED), school(student(1)))
    assert names_of(after) == Names(
        dn_parent=STUDENTS_OU,
        dn_first_element="CN=Anna Meier",
        cn="Anna Meier",
        sam_account_name="S.00001",
        user_principal_name="anna.meier@schule.example",
        mail="anna.meier@schule.example",
        aliases=("anna.muster1@schule.example", None, None, None, None),
    )
    assert after.accounts[0].has_changed
    assert codes(after) == {}


def test_the_night_after_an_override_changes_nothing() -> None:
    first = night(state(TYPED), school(student(1)))
    assert night(first, school(student(1))) == first


def test_an_override_of_somebody_with_a_login_changes_the_cn_alone() -> None:
    record = anna(dn_first_element="CN=Anna Meier", user_principal_name="am@schule.example", mail="am@schule.example")
    after = names_of(night(state(record), school(student(1, login="am"))))
    assert (after.cn, after.mail, after.aliases) == ("Anna Meier", "am@schule.example", NO_ALIASES)


def test_the_value_is_unescaped_and_written_as_connect_writes_it() -> None:
    after = names_of(night(state(anna(dn_first_element=r"cn=Meier\, Anna")), school(student(1))))
    assert (after.dn_first_element, after.cn) == (r"CN=Meier\, Anna", "Meier, Anna")
    assert after.mail == "meier.anna@schule.example"


def test_another_case_alone_is_another_cn_and_the_same_address() -> None:
    after = names_of(night(state(anna(dn_first_element="CN=anna.muster1")), school(student(1))))
    assert (after.cn, after.mail, after.aliases) == ("anna.muster1", "anna.muster1@schule.example", NO_ALIASES)


def test_an_old_mail_that_no_directory_ever_had_becomes_no_alias() -> None:
    new = replace(TYPED, object_guid=None)
    assert names_of(night(state(new), school(student(1)))).aliases == NO_ALIASES


def test_an_alias_that_the_override_makes_the_mail_leaves_the_ring() -> None:
    record = anna(
        dn_first_element="CN=Anna Meier", aliases=("anna.meier@schule.example", "a@x.example", None, None, None)
    )
    after = names_of(night(state(record), school(student(1))))
    assert after.mail == "anna.meier@schule.example"
    assert after.aliases == ("anna.muster1@schule.example", "a@x.example", None, None, None)


def test_the_address_keeps_its_domain_though_the_mandant_has_another_one_now() -> None:
    config = configuration(
        mandants=(MandantRule(number=Mandant(1), student_domain="neu.example", staff_domain="neu.example"),)
    )
    after = names_of(night(state(TYPED), school(student(1)), config))
    assert after.mail == "anna.meier@schule.example"


def test_a_first_element_that_somebody_else_has_is_warned_and_changes_no_address() -> None:
    both = state(anna(dn_first_element="CN=Anna.Muster2"), linked(account(2)))
    after = night(both, school())
    assert names_of(after).mail == "anna.muster1@schule.example"
    assert codes(after) == {"S.00001": [4, 107], "S.00002": [4]}


@pytest.mark.parametrize("holder", ["a colleague's alias", "an object outside Connect"])
def test_an_override_never_takes_anybodys_address(holder: str) -> None:
    taken = "anna.meier@schule.example"
    colleague = linked(account(2))
    before = state(TYPED, colleague)
    if holder == "a colleague's alias":
        aliases = (None, None, taken, None, None)
        before = state(TYPED, replace(colleague, names=replace(colleague.names, aliases=aliases)))
    else:
        before = replace(before, reserved=(ReservedName(kind=NameKind.ADDRESS, name=taken, guid=guid("stranger")),))
    after = night(before, school())
    assert names_of(after).mail == "anna.muster1@schule.example"
    assert codes(after) == {"S.00001": [107]}


def test_an_override_whose_name_gets_free_is_followed_then() -> None:
    waiting = night(state(anna(dn_first_element="CN=Anna.Muster2"), linked(account(2))), school())
    gone = replace(waiting, accounts=waiting.accounts[:1])
    assert names_of(night(gone, school(student(1)))).mail == "anna.muster2@schule.example"


def test_what_is_no_first_element_changes_nothing_and_is_told() -> None:
    after = night(state(anna(dn_first_element="Anna Meier")), school(student(1)))
    assert names_of(after).mail == "anna.muster1@schule.example"
    assert codes(after) == {"S.00001": [105]}


def test_regenerate_overrides_what_was_typed() -> None:
    after = names_of(night(state(replace(TYPED, regenerate_names=True)), school(student(1))))
    assert (after.dn_first_element, after.mail) == ("CN=Anna.Muster1", "anna.muster1@schule.example")


def test_who_is_on_the_way_out_keeps_the_names_as_they_are() -> None:
    leaving = replace(TYPED, status=Status.IMMUNE)
    after = names_of(night(state(leaving), school(student(1))))
    assert (after.cn, after.mail) == ("Anna.Muster1", "anna.muster1@schule.example")


def test_a_first_element_that_a_person_emptied_is_formed_anew_and_the_mail_stays_reachable() -> None:
    married = student(1, last_name="Meier")
    after = names_of(night(state(anna(dn_first_element=None)), school(married)))
    assert (after.dn_first_element, after.mail) == ("CN=Anna.Meier", "anna.meier@schule.example")
    assert after.aliases[0] == "anna.muster1@schule.example"


def test_the_test_prefix_is_put_before_an_override() -> None:
    config = configuration(test_prefix="T-")
    record = anna(
        dn_first_element="CN=Anna Meier", cn="T-Anna.Muster1", user_principal_name="t-a@x.example", mail="t-a@x.example"
    )
    after = names_of(night(state(record), school(student(1)), config))
    assert (after.dn_first_element, after.cn, after.mail) == (
        "CN=T-Anna Meier",
        "T-Anna Meier",
        "t-anna.meier@x.example",
    )
    assert names_of(night(state(anna(dn_first_element="CN=t-Anna Meier")), school(student(1)), config)).cn == (
        "T-Anna Meier"
    )


def test_a_login_that_is_changed_or_new_changes_no_address_without_the_flag() -> None:
    changed = student(1, login="neu")
    after = night(state(linked(account(1))), school(changed))
    assert names_of(after).mail == "anna.muster1@schule.example"
    flagged = replace(after.accounts[0], regenerate_names=True)
    renamed = names_of(night(state(flagged), school(changed)))
    assert (renamed.mail, renamed.dn_first_element) == ("neu@schule.example", "CN=Anna.Muster1")
    assert renamed.aliases[0] == "anna.muster1@schule.example"


def test_a_changed_domain_changes_no_address_without_the_flag_and_the_old_one_keeps_its_domain() -> None:
    config = configuration(
        mandants=(MandantRule(number=Mandant(1), student_domain="neu.example", staff_domain="neu.example"),)
    )
    after = night(state(linked(account(1))), school(student(1)), config)
    assert names_of(after).mail == "anna.muster1@schule.example"
    renamed = names_of(night(state(replace(after.accounts[0], regenerate_names=True)), school(student(1)), config))
    assert (renamed.mail, renamed.aliases[0]) == ("anna.muster1@neu.example", "anna.muster1@schule.example")


def test_the_number_follows_dn_and_local_part_even_where_the_domains_differ() -> None:
    data = master_data(students=(student(1, last_name="Graf"),), staff=(staff(7, first_name="Anna", last_name="Graf"),))
    after = night(state(), data)
    found = {str(a.key): (a.names.dn_first_element, a.names.mail) for a in after.accounts}
    assert found == {
        "P.00007": ("CN=Anna.Graf", "anna.graf@lehrer.example"),
        "S.00001": ("CN=Anna.Graf1", "anna.graf1@schule.example"),
    }


def test_nobody_is_renumbered_when_a_holder_leaves_and_the_next_one_gets_the_lowest_free_number() -> None:
    def namesake(number: int) -> Any:
        return student(number, last_name="Graf")

    three = night(state(), school(*map(namesake, (1, 2, 3))))
    left = state(*(linked(account) for account in three.accounts if account.key != BEN))
    after = night(left, school(*map(namesake, (1, 3, 4))))
    assert {str(a.key): a.names.cn for a in after.accounts} == {
        "S.00001": "Anna.Graf",
        "S.00003": "Anna.Graf2",
        "S.00004": "Anna.Graf1",
    }


def test_addresses_of_a_deleted_account_wait_for_their_person_and_are_free_after_their_day() -> None:
    kept = ReservedName(kind=NameKind.ADDRESS, name="anna.muster1@schule.example", owner=BEN, until=TODAY)
    after = names_of(night(state(reserved=(kept,)), school(student(1))))
    assert after.mail == "anna.muster1@schule.example"


def test_aliases_entered_by_hand_stay_in_their_places_night_after_night() -> None:
    entered = (None, "info@schule.example", None, None, "Chor@Verein.example")
    first = night(state(anna(aliases=entered)), school(student(1)))
    assert names_of(first).aliases == entered
    assert night(first, school(student(1))) == first


def test_an_alias_entered_by_hand_must_be_valid_and_nobody_elses() -> None:
    colleague = linked(account(2))
    invalid = night(state(anna(aliases=("info@", None, None, None, None)), colleague), school())
    assert codes(invalid) == {"S.00001": [9]}
    double = night(state(anna(aliases=("anna.muster2@schule.example", None, None, None, None)), colleague), school())
    assert codes(double) == {"S.00001": [102], "S.00002": [102]}
    assert names_of(double, BEN) == colleague.names


def test_nobody_new_gets_an_address_that_a_person_has_entered_as_an_alias() -> None:
    entered = anna(aliases=("anna.muster2@schule.example", None, None, None, None))
    assert names_of(night(state(entered), school()), BEN).mail == "anna.muster21@schule.example"


def test_a_new_mandant_changes_no_address_but_the_company_at_once() -> None:
    config = configuration(
        mandants=(
            MandantRule(number=Mandant(1), student_domain="schule.example", staff_domain="x.example"),
            MandantRule(number=Mandant(2), student_domain="zwei.example", staff_domain="x.example"),
        )
    )
    after = night(state(linked(account(1))), school(student(1, mandants=MandantMask(2))), config)
    assert after.accounts[0].mandant_chosen == 2
    assert names_of(after).mail == "anna.muster1@schule.example"
