"""Somebody described by the update: the smallest school, with the settings and records that a test names."""

from dataclasses import replace
from datetime import datetime, time
from typing import Any

from connect_worker.core.update import Update, update
from connect_worker.model.account import Account
from connect_worker.model.configuration import Configuration, MandantRule
from connect_worker.model.ids import AccountKey, Mandant
from connect_worker.model.person import MasterData, Staff, Student
from connect_worker.model.secret import SealedSecret
from connect_worker.model.state import State
from tests.support.builders import TODAY, configuration, guid, master_data, staff, staff_key, student, student_key

NOW = datetime.combine(TODAY, time(2))
EMPTY = State(accounts=(), groups=(), memberships={})
PAGES = {"student_home_page": "https://pupils.example", "staff_home_page": "https://staff.example"}
MANDANT = MandantRule(number=Mandant(1), student_domain="schule.example", staff_domain="lehrer.example", **PAGES)


def settings(**changes: Any) -> Configuration:
    """A configuration; `staff` and `students` name switches of theirs, all else fields of Configuration."""
    plain = configuration(mandants=(MANDANT,))
    audiences = {
        name: replace(getattr(plain, name), **changes.pop(name)) for name in ("staff", "students") if name in changes
    }
    return replace(plain, **audiences, **changes)


def school(*, person: dict[str, Any] | None = None, **changes: Any) -> MasterData:
    """Pupil 1, staff 1, and staff 2, the building's head; `person` changes pupil 1 and staff 1, where they have it."""
    pupil, teacher = (
        {name: value for name, value in (person or {}).items() if name in record.__slots__}
        for record in (Student, Staff)
    )
    people = {"students": (student(1, **pupil),), "staff": (staff(1, **teacher), staff(2))}
    return master_data(**(people | changes))


def a_night(data: MasterData, config: Configuration, before: State = EMPTY, version: str = "1.0") -> Update:
    """One update."""

    def sealed(*_: object) -> SealedSecret:
        return SealedSecret("sealed")

    return update(before, data, config, today=TODAY, now=NOW, version=version, new_password=sealed)


def synced(state: State) -> State:
    """The state after a sync in which everything was done."""
    accounts = (replace(a, has_changed=False, object_guid=guid(str(a.key))) for a in state.accounts)
    return replace(state, accounts=tuple(accounts))


def account_of(result: Update, key: AccountKey) -> Account:
    """One of the accounts."""
    return next(account for account in result.state.accounts if account.key == key)


PUPIL, TEACHER = student_key(1), staff_key(1)
