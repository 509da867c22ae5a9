"""employeeID: what Connect writes there, and whom an object names by it (rulings 21 and 40)."""

import re
from typing import Final

from connect_worker.core.dn import is_below, value_of
from connect_worker.model.configuration import Configuration
from connect_worker.model.directory import ObjectKind, TakenName
from connect_worker.model.ids import AccountKey, UserType
from connect_worker.model.person import Staff, Student

_SOURCE_KEY: Final = re.compile(r"([SPM])\.(\d{5,})")
_BY_RULE: Final = (UserType.STUDENT, UserType.STAFF)


def employee_id_of(configuration: Configuration, person: Student | Staff, key: AccountKey) -> str | None:
    """The source key, which is opaque, unless the insurance number is asked for (ruling 21)."""
    if not configuration.employee_id_is_insurance_number:
        return str(key)
    return plain_insurance_number(person.insurance_number) or None


def plain_insurance_number(written: str | None) -> str:
    """The number without dots and blanks, as it is compared, and written to a directory (ruling 21)."""
    return "".join((written or "").replace(".", "").split())


def identity_of(user_type: UserType, employee_id: str) -> str:
    """One person as employeeID tells: with the type, for a number alone may be a former pupil's who teaches now."""
    return f"{user_type.value}:{employee_id.casefold()}"


def identities_of(found: TakenName, configuration: Configuration) -> tuple[str, ...]:
    """Whom an object may be, by its employeeID. Where the value does not tell the type, the place does.

    The objects of production are nobody while a test prefix is set: the test makes accounts of its own beside them.
    """
    employee_id = found.employee_id
    if not employee_id or found.kind is not ObjectKind.USER or not bears_prefix(found.dn, configuration):
        return ()
    key = key_in(employee_id)
    types = (key.type,) if key is not None else _types_at(found.dn, configuration)
    return tuple(identity_of(user_type, employee_id) for user_type in types)


def key_in(employee_id: str | None) -> AccountKey | None:
    """The source key that an employeeID is; None for any other value."""
    match = _SOURCE_KEY.fullmatch((employee_id or "").upper())
    return AccountKey(UserType(match[1]), int(match[2])) if match is not None else None


def bears_prefix(dn: str, configuration: Configuration) -> bool:
    """Whether the object's name begins with the test prefix, which is empty in production."""
    return value_of(dn).casefold().startswith(configuration.test_prefix.casefold())


def _types_at(dn: str, configuration: Configuration) -> tuple[UserType, ...]:
    """The type whose place holds the object, the inner one of two; both where the places do not tell."""
    depths = {UserType.STUDENT: _depth(dn, configuration, configuration.students.parent)}
    depths[UserType.STAFF] = _depth(dn, configuration, configuration.staff.parent)
    deepest = max(depths.values())
    return tuple(user_type for user_type in _BY_RULE if depths[user_type] == deepest)


def _depth(dn: str, configuration: Configuration, parent: str) -> int:
    """How deep a place lies in which the object stands; 0 where it does not."""
    place = f"{parent},{configuration.base_dn}" if parent else configuration.base_dn
    return place.count(",") + 1 if is_below(dn, place) else 0
