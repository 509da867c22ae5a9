"""What another configuration would do to today's data (ruling 42)."""

from dataclasses import replace
from datetime import UTC, datetime

from connect_worker.core.effects import Effect, effects, warnings
from connect_worker.core.update import update
from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration, PasswordPolicy
from connect_worker.model.ids import AccountKey
from connect_worker.model.person import MasterData
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from tests.support.builders import TODAY, configuration, guid, master_data, staff, student

NOW = datetime(2026, 11, 16, 2, tzinfo=UTC)
EMPTY = State(accounts=(), groups=(), memberships={})
SCHOOL = master_data(students=(student(1), student(2)), staff=(staff(1), staff(2, main_function_id=2)))


def password(key: AccountKey, policy: PasswordPolicy, avoid: frozenset[str]) -> SealedSecret:
    return SealedSecret(f"{key} {policy.kind.name} {sorted(avoid)}")


def night(before: State, config: Configuration, data: MasterData = SCHOOL) -> State:
    done = update(before, data, config, today=TODAY, now=NOW, version="1", new_password=password)
    return done.state


def stored() -> State:
    state = night(EMPTY, configuration())
    return replace(state, accounts=tuple(linked(account) for account in state.accounts))


def linked(account: Account) -> Account:
    return replace(account, object_guid=guid(str(account.key)), has_changed=False)


def told(config: Configuration, data: MasterData = SCHOOL) -> dict[str, int]:
    before = stored()
    return {
        f"{effect.what} ({effect.reason})": effect.count
        for effect in effects(night(before, configuration(), data), night(before, config, data))
    }


def test_the_same_configuration_does_nothing() -> None:
    assert told(configuration()) == {}


def test_who_leaves_and_what_ends_with_them_is_counted_with_the_reason() -> None:
    assert told(configuration(levels=())) == {
        "groups that end (all students)": 1,
        "groups that end (students and teacher per class)": 1,
        "pupils who leave (level not configured)": 2,
    }


def test_functions_that_no_longer_count_bring_staff_out_of_scope() -> None:
    assert told(configuration(restrict_functions=True))["staff who leave (no function that counts)"] == 2


def test_who_comes_in_is_counted_too() -> None:
    """A longer lead time lets somebody in who enters in forty days."""
    data = master_data(students=(student(1), student(3, entry_on=TODAY.replace(month=12, day=26))))
    config = configuration()
    longer = replace(config, students=replace(config.students, lead_days=60))
    assert told(longer, data) == {
        "members who join (all students)": 1,
        "members who join (students and teacher per class)": 1,
        "pupils who come in ()": 1,
    }


def test_a_moved_ou_moves_its_people_and_another_constant_changes_an_attribute() -> None:
    config = configuration()
    moved = replace(config, staff=replace(config.staff, parent="OU=Team", company="Schule"))
    assert told(moved) == {
        "pupils with other attributes (manager)": 2,
        "staff who are moved (to OU=Team,DC=school,DC=test)": 2,
        "staff with other attributes (company)": 2,
        "staff with other attributes (manager)": 1,
    }


def test_a_sentence_names_a_few_of_them() -> None:
    effect = Effect(what="pupils who leave", reason="exit", count=5, examples=("S.00001", "S.00002", "S.00003"))
    assert effect.sentence == "5 pupils who leave (exit): S.00001, S.00002, S.00003, …"


def test_new_warnings_are_told_and_old_ones_are_not() -> None:
    before = stored()
    config = configuration()
    broken = replace(before.accounts[0], names=replace(before.accounts[0].names, mail=None))
    state = replace(before, accounts=(broken, *before.accounts[1:]))
    without = configuration(mandants=())
    found = warnings(state, config, state, without)
    assert [(effect.what, effect.reason, effect.count) for effect in found] == [("records with a new warning", "3", 5)]
