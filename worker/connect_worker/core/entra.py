"""What describes a person in Entra ID alone, by the seed's second table (002, «Attribute») and its switches.

The columns are filled whether or not Entra ID is synced: whoever switches it on finds them ready.
"""

from connect_worker.core.addresses import mail_nickname
from connect_worker.core.lengths import SHORT, Fitting
from connect_worker.core.levels import last_program_years, program_year_of
from connect_worker.core.school import Placement, School
from connect_worker.model.account import EntraProfile, Gender, PrimaryRole
from connect_worker.model.configuration import Audience, Configuration
from connect_worker.model.person import SchoolClass, Staff, Student

EXTERNAL_SOURCE = "sis"
USAGE_LOCATION = "CH"
USER_TYPE = "Member"
LAST_YEAR = 2200

# As administrations write it, and eCH-0044 (1 male, 2 female).
_GENDERS = {
    **dict.fromkeys(("m", "male", "männlich", "maennlich", "mann", "knabe", "1"), Gender.MALE),
    **dict.fromkeys(("f", "w", "female", "weiblich", "frau", "mädchen", "maedchen", "2"), Gender.FEMALE),
}


class EntraAttributes:
    """Builds the profiles for one customer and day."""

    def __init__(self, configuration: Configuration, school: School, fitting: Fitting) -> None:
        self._configuration = configuration
        self._school = school
        self._fit = fitting.fit
        self._last_program_years = last_program_years(configuration.levels)

    def of_student(self, student: Student, placement: Placement, principal_name: str | None) -> EntraProfile:
        """Student.… by the seed's table; phones stay empty."""
        audience = self._configuration.students
        row = placement.school_class
        return EntraProfile(
            primary_role=PrimaryRole.STUDENT if audience.primary_role else None,
            external_source=EXTERNAL_SOURCE,
            mail_nickname=mail_nickname(principal_name),
            usage_location=_usage_location(audience),
            user_type=_user_type(audience),
            birth_on=student.birth_on,
            gender=gender_of(student.gender) if self._configuration.show_gender else Gender.OTHER,
            grade=self._fit("grade", f"{row.name} {row.subgroup or ''}", SHORT),
            graduation_year=self._graduation_year(row, program_year_of(student, row)),
        )

    def of_staff(self, staff: Staff, principal_name: str | None) -> EntraProfile:
        """Personal.… by the seed's table; birth date, gender, grade and graduation year stay empty."""
        audience = self._configuration.staff
        mobile = staff.mobile_phone if audience.entra_mobile_phone else None
        business = staff.business_phone if audience.entra_business_phone else None
        return EntraProfile(
            primary_role=PrimaryRole.TEACHER if audience.primary_role else None,
            external_source=EXTERNAL_SOURCE,
            mail_nickname=mail_nickname(principal_name),
            business_phone=self._fit("business phone", business, SHORT),
            mobile_phone=self._fit("mobile phone", mobile, SHORT),
            usage_location=_usage_location(audience),
            user_type=_user_type(audience),
        )

    def _graduation_year(self, row: SchoolClass, program_year: int | None) -> int | None:
        """When the pupil leaves school (ruling 4); None if anything is missing, or the year lies in the past.

        Counted from the year of the class, to which the program year belongs: the current one, but for a class that is
        only planned, or carried over for some days.
        """
        year = self._school.school_year(row)
        last = self._last_program_years.get(row.level or "")
        if year is None or last is None or program_year is None:
            return None
        graduation = year.ends_on.year + last - program_year
        return graduation if self._school.today.year <= graduation <= LAST_YEAR else None


def gender_of(written: str | None) -> Gender:
    """The gender that an administration has written in its own way."""
    return _GENDERS.get((written or "").strip().casefold(), Gender.OTHER)


def _usage_location(audience: Audience) -> str:
    return audience.country or USAGE_LOCATION


def _user_type(audience: Audience) -> str:
    return audience.user_type or USER_TYPE
