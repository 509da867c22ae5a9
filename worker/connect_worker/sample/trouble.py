"""What happens at a school: the sample's office edits its records, and Connect has to follow at night."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connect_worker.errors import ConfigurationError
from connect_worker.model.ids import AccountKey, UserType, mask_of
from connect_worker.model.person import Student
from connect_worker.sample.frame import DORF, SEE
from connect_worker.sample.load import loaded_order
from connect_worker.sample.people import FullName, insurance_number
from connect_worker.sample.school import SampleSchool
from connect_worker.store.connection import Session

NEW_SURNAME = "Zellweger"
NEWCOMER = FullName("Ayşe", "Öztürk-Widmer")


class Trouble(StrEnum):
    """An edit of the master data."""

    NAME_CHANGE = "name-change"
    LEAVER = "leaver"
    ENTRANT = "entrant"
    WARNING = "warning"
    CURE = "cure"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One edit: whose record, what for people to read, and the statement that does it."""

    key: AccountKey
    sentence: str
    statement: str
    arguments: tuple[object, ...]


def plan_edit(trouble: Trouble, school: SampleSchool, today: date) -> Edit:
    """The edit that makes this trouble, each time with the same pupil, who is ordinary otherwise."""
    renamed, leaver, doubled, classmate = (_student(school, key) for key in school.ordinary_pupils[:4])
    match trouble:
        case Trouble.NAME_CHANGE:
            return _name_change(renamed)
        case Trouble.LEAVER:
            return _leaver(leaver, today)
        case Trouble.ENTRANT:
            return _entrant(classmate, after=school.ordinary_pupils[-1], today=today)
        case Trouble.WARNING:
            return _warning(doubled)
        case Trouble.CURE:
            return _cure(doubled)


async def make_trouble(session: Session, trouble: Trouble, *, today: date) -> Edit:
    """Edit the record in the database's sample school. Raises ConfigurationError where there is none."""
    order = await loaded_order(session)
    if order is None:
        raise ConfigurationError(
            "This database holds no sample school", todo="Load one first", reason="NotASampleDatabase"
        )
    edit = plan_edit(trouble, order.build(), today)
    await session.fetch(edit.statement, *edit.arguments)
    return edit


def _student(school: SampleSchool, key: int) -> Student:
    return next(row for row in school.data.students if row.id == key)


def _key(student: Student) -> AccountKey:
    return AccountKey(UserType.STUDENT, student.id)


def _called(student: Student) -> str:
    return f"{student.first_name} {student.last_name} ({_key(student)})"


def _name_change(student: Student) -> Edit:
    return Edit(
        key=_key(student),
        sentence=f"{_called(student)} is called {student.first_name} {NEW_SURNAME} from now on",
        statement="UPDATE administration.lernende SET nachname = $2 WHERE lernende_id = $1",
        arguments=(student.id, NEW_SURNAME),
    )


def _leaver(student: Student, today: date) -> Edit:
    return Edit(
        key=_key(student),
        sentence=f"{_called(student)} leaves the school today, {today}",
        statement="UPDATE administration.lernende SET austritt = $2 WHERE lernende_id = $1",
        arguments=(student.id, today),
    )


def _entrant(classmate: Student, *, after: int, today: date) -> Edit:
    key = AccountKey(UserType.STUDENT, after + 1)
    return Edit(
        key=key,
        sentence=f"{NEWCOMER.first} {NEWCOMER.last} ({key}) enters the class of {_called(classmate)}",
        statement="""
            INSERT INTO administration.lernende
                (lernende_id, vorname, nachname, ahv_nummer, eintritt, geburtsdatum, geschlecht, organisation_id,
                 organisation_geplant_id, programmjahr, mandantzahl)
            VALUES ($1, $2, $3, $4, $5, $6, 'f', $7, $8, $9, $10)
            ON CONFLICT (lernende_id) DO NOTHING""",
        arguments=(
            key.source_id,
            *NEWCOMER,
            insurance_number(key.source_id),
            today,
            classmate.birth_on,
            classmate.class_id,
            classmate.planned_class_id,
            classmate.program_year,
            classmate.mandants,
        ),
    )


def _warning(student: Student) -> Edit:
    """Of two configured mandants none can be chosen: the seed's warning 1."""
    return Edit(
        key=_key(student),
        sentence=f"{_called(student)} is entered for two mandants, and nobody says which one counts",
        statement="UPDATE administration.lernende SET mandantzahl = $2 WHERE lernende_id = $1",
        arguments=(student.id, mask_of(DORF, SEE)),
    )


def _cure(student: Student) -> Edit:
    return Edit(
        key=_key(student),
        sentence=f"{_called(student)} is entered for one mandant again",
        statement="UPDATE administration.lernende SET mandantzahl = $2 WHERE lernende_id = $1",
        arguments=(student.id, student.mandants),
    )
