"""A person's descriptive attributes by the seed's tables (002, «Attribute») and the configurator's switches.

Values are trimmed, empty is None, and what is longer than Active Directory takes is cut (ruling 32); identities never
are. Constants of the configuration win over the rule (ruling 23).
"""

from collections.abc import Callable

from connect_worker.core.lengths import cut
from connect_worker.core.school import Placement, School
from connect_worker.model.account import Profile
from connect_worker.model.configuration import Audience, Configuration, InfoSwitch, OfficeSwitch, TitleSwitch
from connect_worker.model.ids import AccountKey, Mandant, UserType
from connect_worker.model.person import Building, Staff, Student

ManagerDn = Callable[[AccountKey], str | None]
"""The DN of an active account, or None."""

# Upper bounds of Active Directory's schema, in characters.
SHORT = 64
MEDIUM = 128
DISPLAY_NAME = 256
INITIALS = 6
EMPLOYEE_ID = 16
COUNTRY = 3
POSTAL_CODE = 40
LONG = 1024
HOME_PAGE = 2048


def fitted(value: str | None, limit: int) -> str | None:
    """The value with blanks squeezed, cut at `limit`, as a directory counts; None if nothing is left."""
    if not value:
        return None
    text = value if value.isalnum() else " ".join(value.split())
    return cut(text, limit) or None


class Attributes:
    """Builds profiles for one customer and day."""

    def __init__(self, configuration: Configuration, school: School, *, version: str, manager_dn: ManagerDn) -> None:
        """`version` is the program's, for the info switch; `manager_dn` resolves an active account."""
        self._configuration = configuration
        self._school = school
        self._info_version = f"Connect {version}"
        self._manager_dn = manager_dn
        self._mandants = {row.number: row for row in configuration.mandants}

    def of_student(self, student: Student, placement: Placement, mandant: Mandant | None) -> Profile:
        """Student.Klasse.… by the seed's table; title, telephone stay empty."""
        audience = self._configuration.students
        row = placement.school_class
        key = AccountKey(UserType.STUDENT, student.id)
        building = self._school.building(row.building_id)
        pages = self._mandants.get(mandant) if mandant is not None else None
        return self._profile(
            student,
            key,
            audience,
            building=building,
            mandant=mandant,
            home_page=pages.student_home_page if pages else None,
            manager=self._manager(row.main_teacher_id, key),
            office=row.room if audience.office is OfficeSwitch.CLASSROOM else None,
            info=self._info_version if audience.info is InfoSwitch.VERSION else None,
        )

    def of_staff(self, staff: Staff, mandant: Mandant | None) -> Profile:
        """Personal.… by the seed's table; the building by ruling 20."""
        audience = self._configuration.staff
        key = AccountKey(UserType.STAFF, staff.id)
        building = self._school.building_of_staff(staff)
        pages = self._mandants.get(mandant) if mandant is not None else None
        return self._profile(
            staff,
            key,
            audience,
            building=building,
            mandant=mandant,
            home_page=pages.staff_home_page if pages else None,
            manager=self._manager(building.head_staff_id if building else None, key),
            office=self._staff_office(staff, audience),
            info=self._staff_info(staff, audience),
            title=self._staff_title(staff, audience),
            telephone_number=staff.business_phone if audience.business_phone else None,
        )

    def _profile(
        self,
        person: Student | Staff,
        key: AccountKey,
        audience: Audience,
        *,
        building: Building | None,
        mandant: Mandant | None,
        home_page: str | None,
        manager: str | None,
        office: str | None,
        info: str | None,
        title: str | None = None,
        telephone_number: str | None = None,
    ) -> Profile:
        record = self._school.mandant(mandant)
        return Profile(
            employee_id=self._employee_id(person, key),
            given_name=fitted(person.first_name, SHORT),
            surname=fitted(person.last_name, SHORT),
            display_name=fitted(f"{person.last_name} {person.first_name}", DISPLAY_NAME),
            initials=fitted(person.short_code, INITIALS) if audience.initials else None,
            title=fitted(title, MEDIUM),
            company=fitted(audience.company or (record.company if record else None), SHORT),
            department=fitted(audience.department or (building.name if building else None), SHORT),
            manager=manager,
            office=fitted(office, MEDIUM),
            street_address=fitted(building.street, LONG) if building else None,
            postal_code=fitted(building.postal_code, POSTAL_CODE) if building else None,
            city=fitted(building.city, MEDIUM) if building else None,
            state=fitted(self._configuration.state, MEDIUM),
            country=fitted(audience.country, COUNTRY),
            preferred_language=fitted(audience.language, SHORT),
            home_page=fitted(home_page, HOME_PAGE),
            telephone_number=fitted(telephone_number, SHORT),
            info=fitted(info, LONG),
        )

    def _employee_id(self, person: Student | Staff, key: AccountKey) -> str | None:
        """The source key, which is opaque, unless the insurance number is asked for (ruling 21)."""
        if not self._configuration.employee_id_is_insurance_number:
            return str(key)
        return fitted((person.insurance_number or "").replace(".", ""), EMPLOYEE_ID)

    def _manager(self, staff_id: int | None, own: AccountKey) -> str | None:
        """Nobody is his own manager; one without an active account gives an empty value (ruling 20)."""
        if staff_id is None:
            return None
        key = AccountKey(UserType.STAFF, staff_id)
        return None if key == own else self._manager_dn(key)

    def _staff_office(self, staff: Staff, audience: Audience) -> str | None:
        if audience.office is OfficeSwitch.STAFF_ROOM:
            return staff.room
        led = self._school.first_led_class(staff) if audience.office is OfficeSwitch.CLASSROOM else None
        return led.room if led else None

    def _staff_info(self, staff: Staff, audience: Audience) -> str | None:
        if audience.info is InfoSwitch.SUBSTITUTION:
            return staff.substitution_text
        return self._info_version if audience.info is InfoSwitch.VERSION else None

    def _staff_title(self, staff: Staff, audience: Audience) -> str | None:
        if audience.title is TitleSwitch.PROFESSION:
            return staff.profession
        functions = self._school.functions(staff) if audience.title is TitleSwitch.FUNCTION else ()
        return functions[0].name if functions else None
