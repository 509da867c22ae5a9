"""Changes for tests of a directory: complete, valid, and told apart by a number."""

from dataclasses import replace
from typing import Any

from connect_worker.model.account import Profile
from connect_worker.model.change import (
    AddMembers,
    AttributeChange,
    Cause,
    CreateGroup,
    CreateUser,
    Delete,
    Disable,
    Enable,
    Member,
    Modify,
    RemoveMembers,
    Rename,
    SetPassword,
    Value,
)
from connect_worker.model.directory import Login, ObjectKey
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Guid, Mandant, UserType
from connect_worker.model.secret import Secret

PASSWORD = Secret("Blu3+8mekk")
FULL_PROFILE = Profile(
    employee_id="S.00001",
    given_name="Änna",
    surname="Müller, geb. Weiß",
    display_name="Änna Müller ¦ 3b",
    initials="ANMU",
    title="Lehrperson",
    company="Schule Dorf",
    department="Schulhaus Süd",
    office="Zimmer 12",
    street_address="Dorfstrasse 1\r\nPostfach",
    postal_code="8400",
    city="Zürich",
    state="ZH",
    country="CH",
    preferred_language="de-CH",
    home_page="https://school.test/dorf",
    telephone_number="+41 44 000 00 00",
    info="Vertretung: Frau Meier",
)


def account_key(number: int) -> AccountKey:
    return AccountKey(UserType.STUDENT, number)


def group_key(number: int = 1) -> GroupKey:
    return GroupKey(Criterion.STUDENTS_AND_TEACHER_PER_CLASS, Mandant(1), number)


def login(name: str, *, never_expires: bool = False) -> Login:
    """A login whose names all begin with `name`, at most 18 characters."""
    return Login(
        sam_account_name=name,
        user_principal_name=f"{name}@school.test",
        mail=f"{name}@school.test",
        addresses=(f"{name}@school.test", f"{name}.alias@school.test"),
        password_never_expires=never_expires,
    )


def create_user(number: int, ou: str, name: str, **more: Any) -> CreateUser:
    """Create user `name` in an organizational unit; `more` replaces fields of the change."""
    change = CreateUser(
        key=account_key(number),
        dn=f"CN={name},{ou}",
        login=login(name),
        profile=Profile(given_name="Anna", surname=name, display_name=f"Anna {name}"),
        must_change_password=False,
        cause=Cause.NEW,
    )
    return replace(change, **more)


def create_group(number: int, ou: str, name: str, description: str | None = None) -> CreateGroup:
    return CreateGroup(
        key=group_key(number),
        dn=f"CN={name},{ou}",
        sam_account_name=name,
        display_name=f"Klasse {name} ¦ Dorf",
        description=description,
        info="Connect 1.0, Update: 16.11.2026 02:00:00",
        cause=Cause.NEW,
    )


def modify(key: ObjectKey, guid: Guid | None, dn: str, **after: Value) -> Modify:
    """Set attributes; what was before is of no interest to a directory."""
    attributes = tuple(AttributeChange(attribute=name, before=None, after=value) for name, value in after.items())
    return Modify(key=key, guid=guid, dn=dn, attributes=attributes, cause=Cause.CHANGED)


def rename(key: ObjectKey, guid: Guid, dn: str, new_dn: str, *, aside: bool = False) -> Rename:
    return Rename(key=key, guid=guid, dn=dn, new_dn=new_dn, cause=Cause.CHANGED, aside=aside)


def disable(key: AccountKey, guid: Guid, dn: str) -> Disable:
    return Disable(key=key, guid=guid, dn=dn, cause=Cause.EXIT)


def enable(key: AccountKey, guid: Guid, dn: str) -> Enable:
    return Enable(key=key, guid=guid, dn=dn, cause=Cause.RETURNED)


def set_password(key: AccountKey, guid: Guid, dn: str, *, must_change: bool = False) -> SetPassword:
    return SetPassword(key=key, guid=guid, dn=dn, must_change_password=must_change, cause=Cause.RESET)


def add_members(key: GroupKey, guid: Guid | None, dn: str, members: list[Member]) -> AddMembers:
    return AddMembers(key=key, guid=guid, dn=dn, members=tuple(members))


def remove_members(key: GroupKey, guid: Guid, dn: str, members: list[Member]) -> RemoveMembers:
    return RemoveMembers(key=key, guid=guid, dn=dn, members=tuple(members))


def delete(key: ObjectKey, guid: Guid, dn: str) -> Delete:
    return Delete(key=key, guid=guid, dn=dn, cause=Cause.GRACE_OVER)
