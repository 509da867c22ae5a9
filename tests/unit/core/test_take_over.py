"""What connect_migration says of who had an account before Connect is taken over once, whole, or not at all."""

from dataclasses import replace
from uuid import UUID

import pytest

from connect_worker.model.account import Account, Profile
from connect_worker.model.change import CreateUser, Rename
from connect_worker.model.directory import Login
from connect_worker.model.ids import AccountKey, Guid
from connect_worker.model.state import TakeOver
from tests.support.builders import BASE, GROUPS_OU, STUDENTS_OU, student_key
from tests.support.memory_night import CONFIGURATION, Night, World

PUPIL, OTHER = student_key(4), student_key(5)
FORMER = "anna.frueher@schule.example"
UNKNOWN = Guid(UUID(int=10**9))


def before(world: World, *, cn: str = "Frueher Anna", place: str = STUDENTS_OU, mail: str = FORMER) -> Guid:
    """An account of before that neither employeeID nor sAM name knows."""
    login = Login(
        sam_account_name=cn.replace(" ", "."),
        user_principal_name=mail,
        mail=mail,
        addresses=(mail,),
        password_never_expires=False,
    )
    return world.directory.create(f"CN={cn},{place}", login, Profile())


def entered(world: World, *rows: TakeOver) -> None:
    world.store.state = replace(world.store.state, take_overs=rows)


def row(world: World, key: AccountKey = PUPIL) -> Account:
    return next(account for account in world.store.state.accounts if account.key == key)


def refusal(night: Night, key: AccountKey = PUPIL) -> str | None:
    """What the office is told, by the finding that blocks the record."""
    found = [one.found for one in night.validation.findings if one.key == key and one.code == 111 and one.blocks]
    return found[0] if found else None


def assert_nothing_taken(world: World, night: Night, key: AccountKey = PUPIL) -> None:
    assert night.planned is not None
    assert key not in {change.key for change in night.planned.plan.changes}
    assert row(world, key).object_guid is None
    assert row(world, key).names.aliases == (None,) * 5
    assert [one.key for one in world.store.state.take_overs] == [key]


def test_guid_and_aliases_are_taken_over_and_the_directorys_names() -> None:
    world = World()
    there = before(world)
    entered(world, TakeOver(key=PUPIL, guid=there, aliases=("af@schule.example", "a.f@schule.example")))
    night = world.night()
    assert night.planned is not None
    assert CreateUser not in {type(change) for change in night.planned.plan.changes if change.key == PUPIL}
    account = row(world)
    assert account.object_guid == there
    assert (account.names.cn, account.names.sam_account_name, account.names.mail) == (
        "Frueher Anna",
        "Frueher.Anna",
        FORMER,
    )
    assert account.names.aliases[:3] == ("af@schule.example", "a.f@schule.example", None)
    assert world.directory.users[there].login.addresses == (FORMER, "a.f@schule.example", "af@schule.example")
    assert world.store.state.take_overs == ()
    assert account.password_set_at is None
    again = world.fork().plan()
    assert again.planned is not None
    assert again.planned.plan.changes == ()
    assert again.updated.accounts == again.before.accounts


def test_it_needs_no_permission_to_adopt_and_renames_where_that_is_configured() -> None:
    world = World(replace(CONFIGURATION, rename_at_adoption=True))
    there = before(world)
    entered(world, TakeOver(key=PUPIL, guid=there, aliases=("af@schule.example",)))
    night = world.night()
    assert night.planned is not None
    renames = [change for change in night.planned.plan.changes if isinstance(change, Rename)]
    assert [change.new_dn for change in renames] == [f"CN=Anna.Muster4,{STUDENTS_OU}"]
    assert row(world).names.aliases == (FORMER, "af@schule.example", None, None, None)


def test_aliases_alone_are_taken_over_too() -> None:
    world = World()
    entered(world, TakeOver(key=PUPIL, guid=None, aliases=("af@schule.example",)))
    world.night()
    assert row(world).names.aliases[0] == "af@schule.example"
    assert row(world).object_guid is not None, "he is new in the directory"


def test_a_new_pupil_is_not_given_an_alias_that_somebody_takes_over_in_the_same_night() -> None:
    world = World()
    entered(world, TakeOver(key=OTHER, guid=None, aliases=("anna.muster4@schule.example",)))
    world.night()
    assert row(world).names.mail == "anna.muster41@schule.example"


def test_the_row_of_a_person_who_is_not_in_scope_waits() -> None:
    world = World()
    there = before(world)
    waiting = TakeOver(key=student_key(99), guid=there, aliases=())
    entered(world, waiting)
    night = world.night()
    assert world.store.state.take_overs == (waiting,)
    assert refusal(night) is None


def test_without_a_look_at_the_directory_the_row_waits_and_nobody_is_created() -> None:
    world = World()
    there = before(world)
    entered(world, TakeOver(key=PUPIL, guid=there, aliases=()))
    night = world.update_only()
    assert refusal(night) == "its row in connect_migration waits for a run"
    assert row(world).object_guid is None


@pytest.mark.parametrize("aliases", [("no alias",), ("af@schule.example", "a f@schule.example")])
def test_an_invalid_alias_refuses_the_whole_row(aliases: tuple[str, ...]) -> None:
    world = World()
    entered(world, TakeOver(key=PUPIL, guid=before(world), aliases=aliases))
    night = world.night()
    assert refusal(night) == f"the alias {aliases[-1]} is no valid address"
    assert_nothing_taken(world, night)


def test_an_alias_that_somebody_else_holds_refuses_the_whole_row() -> None:
    world = World()
    before(world, cn="Postfach", place=f"OU=Else,{BASE}", mail="info@schule.example")
    entered(world, TakeOver(key=PUPIL, guid=before(world), aliases=("info@schule.example",)))
    night = world.night()
    assert (refusal(night) or "").startswith("info@schule.example is also held by ")
    assert_nothing_taken(world, night)


def test_one_guid_in_two_rows_refuses_both() -> None:
    world = World()
    there = before(world)
    entered(world, *(TakeOver(key=key, guid=there, aliases=()) for key in (PUPIL, OTHER)))
    night = world.night()
    assert refusal(night) == refusal(night, OTHER) == f"the GUID {there} stands in 2 rows"
    assert row(world).object_guid is row(world, OTHER).object_guid is None


def test_a_guid_that_the_directory_does_not_have_creates_nobody() -> None:
    """It is a slip of the pen, or the account is gone: a person must say which (no «deleted by hand»)."""
    world = World()
    entered(world, TakeOver(key=PUPIL, guid=UNKNOWN, aliases=()))
    night = world.night()
    assert refusal(night) == f"the directory has no object with the GUID {UNKNOWN}"
    assert_nothing_taken(world, night)


def test_a_guid_outside_the_ous_is_refused() -> None:
    world = World()
    entered(world, TakeOver(key=PUPIL, guid=before(world, place=f"OU=Else,{BASE}"), aliases=()))
    night = world.night()
    assert refusal(night) == f"CN=Frueher Anna,OU=Else,{BASE} stands outside the configured OUs"
    assert_nothing_taken(world, night)


def test_an_administrators_guid_is_refused() -> None:
    world = World()
    there = before(world)
    world.directory.users[there] = replace(world.directory.users[there], protected=True)
    entered(world, TakeOver(key=PUPIL, guid=there, aliases=()))
    night = world.night()
    assert refusal(night) == f"CN=Frueher Anna,{STUDENTS_OU} is protected by the directory (adminCount)"
    assert_nothing_taken(world, night)


def test_a_groups_guid_is_refused() -> None:
    world = World()
    world.night()
    group = next(iter(world.directory.groups.values()))
    foreign = replace(
        group, guid=UNKNOWN, dn=f"CN=Foreign,{GROUPS_OU}", sam_account_name="foreign", members=frozenset()
    )
    world.directory.groups[UNKNOWN] = foreign
    world.people.students[7] = replace(world.people.students[4], id=7)
    entered(world, TakeOver(key=student_key(7), guid=UNKNOWN, aliases=()))
    night = world.night()
    assert refusal(night, student_key(7)) == f"CN=Foreign,{GROUPS_OU} is no user"


def test_who_is_linked_already_gets_no_other_object() -> None:
    world = World()
    world.night()
    first = row(world).object_guid
    entered(world, TakeOver(key=PUPIL, guid=before(world), aliases=()))
    night = world.night()
    assert refusal(night) == f"the user is linked to the object {first} already"
    assert row(world).object_guid == first


def test_the_object_of_another_user_is_refused() -> None:
    world = World()
    world.night()
    taken = row(world, OTHER).object_guid
    world.people.students[7] = replace(world.people.students[4], id=7)
    entered(world, TakeOver(key=student_key(7), guid=taken, aliases=()))
    night = world.night()
    assert refusal(night, student_key(7)) == f"the object {taken} belongs to S.00005 already"


def test_an_object_whose_names_another_user_holds_is_refused() -> None:
    """Two with one CN could not stand in one OU, and warning 4 would hold up everybody."""
    world = World()
    world.night()
    there = before(world, cn="Anna.Muster5", place=f"OU=3a,{STUDENTS_OU}")
    world.people.students[7] = replace(world.people.students[4], id=7)
    entered(world, TakeOver(key=student_key(7), guid=there, aliases=()))
    night = world.night()
    assert refusal(night, student_key(7)) == "CN=Anna.Muster5 is also held by S.00005"
    assert_nothing_taken(world, night, student_key(7))


def test_more_aliases_than_places_are_refused() -> None:
    world = World()
    world.night()
    state = world.store.state
    own = ("one@x.example", "two@x.example", None, None, None)
    world.store.state = replace(
        state,
        accounts=tuple(
            replace(a, names=replace(a.names, aliases=own)) if a.key == PUPIL else a for a in state.accounts
        ),
    )
    entered(world, TakeOver(key=PUPIL, guid=None, aliases=tuple(f"{n}@y.example" for n in ("a", "b", "c", "d"))))
    assert refusal(world.night()) == "6 aliases with those that the user has, and 5 places"


def test_a_row_that_was_corrected_is_taken_over() -> None:
    world = World()
    there = before(world)
    entered(world, TakeOver(key=PUPIL, guid=UNKNOWN, aliases=()))
    world.night()
    (refused,) = world.store.state.take_overs
    assert refused.refusal is not None
    entered(world, replace(refused, guid=there))
    assert refusal(world.night()) is None
    assert row(world).object_guid == there
