"""A person's descriptive attributes by the seed's tables (002, «Attribute») and the configurator's switches.

Values are trimmed, empty is None, and what is longer than Active Directory takes is cut (ruling 32); the employeeID,
which identifies, never is.
"""

from collections.abc import Callable

from connect_worker.core.employee_ids import employee_id_of
from connect_worker.core.lengths import DISPLAY_NAME, INITIALS, LONG, MEDIUM, SHORT, Fitting
from connect_worker.core.school import Placement, School
from connect_worker.core.surroundings import Surroundings, SurroundingsOf
from connect_worker.model.account import Profile
from connect_worker.model.configuration import Audience, Configuration, InfoSwitch, OfficeSwitch, TitleSwitch
from connect_worker.model.ids import AccountKey, Mandant, UserType
from connect_worker.model.person import Staff, Student

ManagerDn = Callable[[AccountKey], str | None]
"""The DN of an active account, or None."""


class Attributes:
    """Builds profiles for one customer and day."""

    def __init__(
        self, configuration: Configuration, school: School, *, version: str, manager_dn: ManagerDn, fitting: Fitting
    ) -> None:
        """`version` is the program's, for the info switch; `manager_dn` resolves an active account."""
        self._fitting = fitting
        self._surroundings = SurroundingsOf(configuration, school)
        self._configuration = configuration
        self._school = school
        self._info_version = f"Connect {version}"
        self._manager_dn = manager_dn

    def of_student(self, student: Student, placement: Placement, mandant: Mandant | None) -> Profile:
        """Student.Klasse.… by the seed's table; title, telephone stay empty."""
        audience = self._configuration.students
        row = placement.school_class
        key = AccountKey(UserType.STUDENT, student.id)
        building = self._school.building(row.building_id)
        return self._profile(
            student,
            key,
            audience,
            surroundings=self._surroundings.find(key.type, building, mandant),
            manager=self._manager(row.main_teacher_id, key),
            office=row.room if audience.office is OfficeSwitch.CLASSROOM else None,
            info=self._info_version if audience.info is InfoSwitch.VERSION else None,
        )

    def of_staff(self, staff: Staff, mandant: Mandant | None) -> Profile:
        """Personal.… by the seed's table; the building by ruling 20."""
        audience = self._configuration.staff
        key = AccountKey(UserType.STAFF, staff.id)
        building = self._school.building_of_staff(staff)
        return self._profile(
            staff,
            key,
            audience,
            surroundings=self._surroundings.find(key.type, building, mandant),
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
        surroundings: Surroundings,
        manager: str | None,
        office: str | None,
        info: str | None,
        title: str | None = None,
        telephone_number: str | None = None,
    ) -> Profile:
        fit = self._fitting.fit
        self._fitting.add(surroundings.cuts)
        return Profile(
            employee_id=self._employee_id(person, key),
            given_name=fit("given name", person.first_name, SHORT),
            surname=fit("surname", person.last_name, SHORT),
            display_name=fit("display name", f"{person.last_name} {person.first_name}", DISPLAY_NAME),
            initials=fit("initials", person.short_code, INITIALS) if audience.initials else None,
            title=fit("title", title, MEDIUM),
            company=surroundings.company,
            department=surroundings.department,
            manager=manager,
            office=fit("office", office, MEDIUM),
            street_address=surroundings.street_address,
            postal_code=surroundings.postal_code,
            city=surroundings.city,
            state=surroundings.state,
            country=surroundings.country,
            preferred_language=surroundings.preferred_language,
            home_page=surroundings.home_page,
            telephone_number=fit("telephone number", telephone_number, SHORT),
            info=fit("info", info, LONG),
        )

    def _employee_id(self, person: Student | Staff, key: AccountKey) -> str | None:
        return employee_id_of(self._configuration, person, key)

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
