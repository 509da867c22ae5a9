"""The pupils who make a school's data hard: each odd case by name, and how an ordinary pupil becomes it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum, auto

from connect_worker.model.ids import mandants_of, mask_of
from connect_worker.model.person import SchoolClass, Student
from connect_worker.sample.frame import GUEST, Calendar, Frame
from connect_worker.sample.people import INSURANCE_NUMBER_OF_BOTH, PUPIL_AND_STAFF, FullName

Alteration = Callable[[Student], Student]

LEAD_DAYS = 30
"""Lead time (Vorlaufzeit) of the sample's configuration, which the entries just inside and outside go by."""


class OddPupil(StrEnum):
    """What is odd about one pupil of the sample."""

    UMLAUTS = auto()
    ACCENTS = auto()
    SHARP_S = auto()
    DOUBLE_NAME = auto()
    HYPHENS = auto()
    NAMESAKE_1 = auto()
    NAMESAKE_2 = auto()
    NAMESAKE_3 = auto()
    NAMESAKE_IN_ASCII = auto()
    PARTICLE_GERMAN = auto()
    PARTICLE_FRENCH = auto()
    PARTICLE_DUTCH = auto()
    APOSTROPHE = auto()
    APOSTROPHE_OF_PRINTERS = auto()
    APOSTROPHE_IN_FRONT = auto()
    CYRILLIC = auto()
    ARABIC = auto()
    TAMIL = auto()
    CHINESE = auto()
    VIETNAMESE = auto()
    ONE_LETTER = auto()
    LONG_NAME = auto()
    LONGER_NAME = auto()
    LONGEST_NAME = auto()
    OUTER_BLANKS = auto()
    TWIN_1 = auto()
    TWIN_2 = auto()
    STAFF_TOO = auto()
    BARE = auto()
    OTHER_GENDER = auto()
    LOGIN = auto()
    LOGIN_WITH_UMLAUT = auto()
    LOGIN_SHARED_1 = auto()
    LOGIN_SHARED_2 = auto()
    GUEST_TOO = auto()
    GUEST_ONLY = auto()
    CLASS_OF_GUESTS_TOO = auto()
    CLASS_IN_NEIGHBOURS_BUILDING = auto()
    CLASS_WITHOUT_TEACHER = auto()
    CLASS_WITHOUT_LEVEL = auto()
    CLASS_OF_UNCONFIGURED_LEVEL = auto()
    CLASS_OF_PAST_YEAR = auto()
    CLASS_PLANNED = auto()
    CLASS_PLANNED_FOR_COMING_YEAR = auto()
    CLASS_MISSING = auto()
    ENTRY_UNKNOWN = auto()
    ENTRY_FICTIVE = auto()
    ENTRY_TODAY = auto()
    ENTRY_ON_LAST_LEAD_DAY = auto()
    ENTRY_AFTER_LEAD_TIME = auto()
    ENTRY_AFTER_EXIT = auto()
    EXIT_PAST = auto()
    EXIT_TODAY = auto()
    EXIT_TOMORROW = auto()


OUT_OF_SCOPE = frozenset(
    {
        OddPupil.GUEST_ONLY,
        OddPupil.CLASS_WITHOUT_LEVEL,
        OddPupil.CLASS_OF_UNCONFIGURED_LEVEL,
        OddPupil.CLASS_OF_PAST_YEAR,
        OddPupil.CLASS_PLANNED_FOR_COMING_YEAR,
        OddPupil.CLASS_MISSING,
        OddPupil.ENTRY_AFTER_LEAD_TIME,
        OddPupil.ENTRY_AFTER_EXIT,
        OddPupil.EXIT_PAST,
        OddPupil.EXIT_TODAY,
    }
)
"""Those whom Connect does not take; in July the coming year's class counts already, in August the past year's still."""

NAMES: Mapping[OddPupil, FullName] = {
    OddPupil.UMLAUTS: FullName("Jörg-Ueli", "Äschlimann-Überschlag"),
    OddPupil.ACCENTS: FullName("Šárka Inès", "Łukaszewicz-Ørsted"),
    OddPupil.SHARP_S: FullName("Götz", "Weiß"),
    OddPupil.DOUBLE_NAME: FullName("Anna Lena", "Müller Meier"),
    OddPupil.HYPHENS: FullName("Jean-Pierre-Marie", "Bachmann-Schmid-Gut"),
    OddPupil.NAMESAKE_1: FullName("Anna", "Müller"),
    OddPupil.NAMESAKE_2: FullName("Anna", "Müller"),
    OddPupil.NAMESAKE_3: FullName("Anna", "Müller"),
    OddPupil.NAMESAKE_IN_ASCII: FullName("Anna", "Mueller"),
    OddPupil.PARTICLE_GERMAN: FullName("Sophie", "von der Mühll"),
    OddPupil.PARTICLE_FRENCH: FullName("Manon", "de la Fouchardière"),
    OddPupil.PARTICLE_DUTCH: FullName("Joost", "van der Linden"),
    OddPupil.APOSTROPHE: FullName("Sinéad", "O'Connor"),
    OddPupil.APOSTROPHE_OF_PRINTERS: FullName("Chiara", "D’Angelo"),
    OddPupil.APOSTROPHE_IN_FRONT: FullName("Gerard", "'t Hooft"),
    OddPupil.CYRILLIC: FullName("Наталія", "Шевченко"),
    OddPupil.ARABIC: FullName("فاطمة", "الزهراء"),
    OddPupil.TAMIL: FullName("கவிதா", "சுப்பிரமணியம்"),
    OddPupil.CHINESE: FullName("小明", "王"),
    OddPupil.VIETNAMESE: FullName("Nguyễn Thị", "Phương Đặng"),
    OddPupil.ONE_LETTER: FullName("Ý", "O"),
    OddPupil.LONG_NAME: FullName("Maximiliana Theodora Konstantina", "Hohenzollern-Sigmaringendorf"),
    OddPupil.LONGER_NAME: FullName(
        "Venkatanarasimharajuvaripeta Subramanya", "Balasubramaniam-Thiruvananthapuram Chandrasekharendra Saraswathi"
    ),
    OddPupil.LONGEST_NAME: FullName("Pablo", " ".join(("Diego José Francisco de Paula Juan Nepomuceno Cipriano",) * 6)),
    OddPupil.OUTER_BLANKS: FullName(" Nina  ", "  Caluori "),
}

LOGINS: Mapping[OddPupil, str] = {
    OddPupil.LOGIN: "a.tanner7",
    OddPupil.LOGIN_WITH_UMLAUT: "jürg.bösch",
}


def odd_pupils(frame: Frame) -> tuple[tuple[OddPupil, Alteration], ...]:
    """Every case with what makes an ordinary pupil of this school odd in just this respect."""
    alterations: dict[OddPupil, Alteration] = {
        **{case: _named(name) for case, name in NAMES.items()},
        **{case: _logged_in_as(login) for case, login in LOGINS.items()},
        **_odd_records(frame),
        **_odd_classes(frame),
        **_odd_dates(frame.calendar),
    }
    return tuple((case, alterations[case]) for case in OddPupil)


def _named(name: FullName) -> Alteration:
    return lambda pupil: replace(pupil, first_name=name.first, last_name=name.last, login=None)


def _logged_in_as(login: str) -> Alteration:
    return lambda pupil: replace(pupil, login=login)


def _twin(first_name: str, birth_on: date) -> Alteration:
    return lambda pupil: replace(pupil, first_name=first_name, last_name="Brändli", login=None, birth_on=birth_on)


def _odd_records(frame: Frame) -> dict[OddPupil, Alteration]:
    twins_birthday = date(frame.calendar.current.starts_on.year - 9, 2, 28)
    first, last = PUPIL_AND_STAFF
    classmate = _placed(frame.classes[0])
    return {
        OddPupil.TWIN_1: _twin("Lea", twins_birthday),
        OddPupil.TWIN_2: _twin("Lia", twins_birthday),
        OddPupil.LOGIN_SHARED_1: lambda pupil: replace(classmate(pupil), login="klassenzimmer"),
        OddPupil.LOGIN_SHARED_2: lambda pupil: replace(classmate(pupil), login="klassenzimmer"),
        OddPupil.STAFF_TOO: lambda pupil: replace(
            pupil, first_name=first, last_name=last, login=None, insurance_number=INSURANCE_NUMBER_OF_BOTH
        ),
        OddPupil.BARE: lambda pupil: replace(
            pupil,
            short_code=None,
            login=None,
            insurance_number=None,
            entry_on=None,
            birth_on=None,
            gender=None,
            planned_class_id=None,
            program_year=None,
        ),
        OddPupil.OTHER_GENDER: lambda pupil: replace(pupil, gender="x"),
        OddPupil.GUEST_TOO: lambda pupil: replace(pupil, mandants=mask_of(*mandants_of(pupil.mandants), GUEST)),
        OddPupil.GUEST_ONLY: lambda pupil: replace(pupil, mandants=mask_of(GUEST)),
    }


def _odd_classes(frame: Frame) -> dict[OddPupil, Alteration]:
    classes, odd, calendar = frame.classes, frame.odd_classes, frame.calendar
    past = frame.class_of(classes[0], calendar.past)
    coming = frame.class_of(classes[0], calendar.coming)
    soon = calendar.today + timedelta(days=LEAD_DAYS // 3)
    return {
        OddPupil.CLASS_OF_GUESTS_TOO: _placed(odd.of_guests_too),
        OddPupil.CLASS_IN_NEIGHBOURS_BUILDING: _placed(odd.in_neighbours_building),
        OddPupil.CLASS_WITHOUT_TEACHER: _placed(odd.without_teacher),
        OddPupil.CLASS_WITHOUT_LEVEL: _placed(odd.without_level),
        OddPupil.CLASS_OF_UNCONFIGURED_LEVEL: _placed(odd.of_unconfigured_level),
        OddPupil.CLASS_OF_PAST_YEAR: _placed(past),
        OddPupil.CLASS_PLANNED: lambda pupil: replace(
            pupil, class_id=None, planned_class_id=pupil.class_id, entry_on=soon
        ),
        OddPupil.CLASS_PLANNED_FOR_COMING_YEAR: lambda pupil: replace(
            pupil, class_id=None, planned_class_id=coming.id, entry_on=calendar.coming.starts_on
        ),
        OddPupil.CLASS_MISSING: lambda pupil: replace(pupil, class_id=None, planned_class_id=None),
    }


def _placed(school_class: SchoolClass) -> Alteration:
    return lambda pupil: replace(
        pupil,
        class_id=school_class.id,
        planned_class_id=None,
        program_year=school_class.program_year,
        mandants=school_class.mandants,
    )


def _odd_dates(calendar: Calendar) -> dict[OddPupil, Alteration]:
    today, day = calendar.today, timedelta(days=1)
    lead = LEAD_DAYS * day
    return {
        OddPupil.ENTRY_UNKNOWN: lambda pupil: replace(pupil, entry_on=None),
        OddPupil.ENTRY_FICTIVE: lambda pupil: replace(pupil, entry_on=None, fictive_entry_on=today + 7 * lead),
        OddPupil.ENTRY_TODAY: lambda pupil: replace(pupil, entry_on=today),
        OddPupil.ENTRY_ON_LAST_LEAD_DAY: lambda pupil: replace(pupil, entry_on=today + lead),
        OddPupil.ENTRY_AFTER_LEAD_TIME: lambda pupil: replace(pupil, entry_on=today + lead + day),
        OddPupil.ENTRY_AFTER_EXIT: lambda pupil: replace(pupil, entry_on=today - day, exit_on=today - 2 * day),
        OddPupil.EXIT_PAST: lambda pupil: replace(pupil, exit_on=today - 5 * lead),
        OddPupil.EXIT_TODAY: lambda pupil: replace(pupil, exit_on=today),
        OddPupil.EXIT_TOMORROW: lambda pupil: replace(pupil, exit_on=today + day),
    }
