"""Students and staff in one shape: what an account needs to know of its person."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from connect_worker.core.levels import LevelRules, program_year_of
from connect_worker.core.school import School
from connect_worker.core.scope import Scope, StaffScope, StudentScope
from connect_worker.model.account import Unmet
from connect_worker.model.configuration import Audience, Configuration, LevelRule, PasswordPolicy
from connect_worker.model.ids import AccountKey, Mandant, MandantMask, UserType


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A person of the master data; `scope` keeps the record behind it.

    Out of scope `policy` is None, and so is `level`: the row of the level that holds for a student.
    """

    key: AccountKey
    first_name: str
    last_name: str
    short_code: str | None
    login: str | None
    mandants: MandantMask
    exit_on: date | None
    source_version: str | None
    unmet: tuple[Unmet, ...]
    audience: Audience
    policy: PasswordPolicy | None
    level: LevelRule | None
    scope: StudentScope | StaffScope


def candidates(configuration: Configuration, school: School) -> Iterator[Candidate]:
    """Everybody in the master data: students first, then staff, as the seed has it."""
    scope = Scope(configuration, school)
    levels = LevelRules(configuration.levels)
    for student in school.students:
        yield _student(scope.of_student(student), configuration, levels)
    for staff in school.staff:
        yield _staff(scope.of_staff(staff), configuration)


def domain(configuration: Configuration, user_type: UserType, mandant: Mandant | None) -> str | None:
    """The mail domain of the chosen mandant for this type of user; None while none is chosen."""
    rule = next((row for row in configuration.mandants if row.number == mandant), None)
    if rule is None:
        return None
    return rule.student_domain if user_type is UserType.STUDENT else rule.staff_domain


def _student(scope: StudentScope, configuration: Configuration, levels: LevelRules) -> Candidate:
    row = scope.placement.school_class if scope.placement is not None and not scope.unmet else None
    level = None
    if row is not None and row.level is not None:
        level = levels.find(row.level, program_year_of(scope.person, row))
    return _candidate(UserType.STUDENT, scope, configuration.students, level.password if level else None, level)


def _staff(scope: StaffScope, configuration: Configuration) -> Candidate:
    audience = configuration.staff
    return _candidate(UserType.STAFF, scope, audience, audience.password if not scope.unmet else None)


def _candidate(
    user_type: UserType,
    scope: StudentScope | StaffScope,
    audience: Audience,
    policy: PasswordPolicy | None,
    level: LevelRule | None = None,
) -> Candidate:
    person = scope.person
    return Candidate(
        key=AccountKey(user_type, person.id),
        first_name=person.first_name,
        last_name=person.last_name,
        short_code=person.short_code,
        login=person.login,
        mandants=person.mandants,
        exit_on=person.exit_on,
        source_version=person.row_version,
        unmet=scope.unmet,
        audience=audience,
        policy=policy,
        level=level,
        scope=scope,
    )
