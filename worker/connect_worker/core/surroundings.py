"""What a person shares with everybody of his kind in one building and mandant (seed 002, «Attribute»)."""

from dataclasses import dataclass

from connect_worker.core.lengths import COUNTRY, HOME_PAGE, LONG, MEDIUM, POSTAL_CODE, SHORT, Fitting
from connect_worker.core.school import School
from connect_worker.model.configuration import Audience, Configuration
from connect_worker.model.ids import Mandant, UserType
from connect_worker.model.person import Building


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Company, place and what the customer has configured; `cuts` tell what did not fit."""

    company: str | None
    department: str | None
    street_address: str | None
    postal_code: str | None
    city: str | None
    state: str | None
    country: str | None
    preferred_language: str | None
    home_page: str | None
    cuts: str | None


class SurroundingsOf:
    """Made once for each kind of user, building and mandant: there are few, and many people in each."""

    def __init__(self, configuration: Configuration, school: School) -> None:
        self._configuration = configuration
        self._school = school
        self._mandants = {row.number: row for row in configuration.mandants}
        self._known: dict[tuple[bool, int | None, Mandant | None], Surroundings] = {}

    def find(self, user_type: UserType, building: Building | None, mandant: Mandant | None) -> Surroundings:
        """What holds for users of this type in this building and mandant."""
        key = (user_type is UserType.STUDENT, building.id if building else None, mandant)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._made(user_type, building, mandant)
        return found

    def _made(self, user_type: UserType, building: Building | None, mandant: Mandant | None) -> Surroundings:
        """Constants win over the rule (ruling 23)."""
        fitting = Fitting()
        fit = fitting.fit
        audience = self._audience(user_type)
        record = self._school.mandant(mandant)
        return Surroundings(
            company=fit("company", audience.company or (record.company if record else None), SHORT),
            department=fit("department", audience.department or (building.name if building else None), SHORT),
            street_address=fit("street", building.street, LONG) if building else None,
            postal_code=fit("postal code", building.postal_code, POSTAL_CODE) if building else None,
            city=fit("city", building.city, MEDIUM) if building else None,
            state=fit("state", self._configuration.state, MEDIUM),
            country=fit("country", audience.country, COUNTRY),
            preferred_language=fit("language", audience.language, SHORT),
            home_page=fit("homepage", self._home_page(user_type, mandant), HOME_PAGE),
            cuts=fitting.take_cuts(),
        )

    def _audience(self, user_type: UserType) -> Audience:
        return self._configuration.students if user_type is UserType.STUDENT else self._configuration.staff

    def _home_page(self, user_type: UserType, mandant: Mandant | None) -> str | None:
        pages = self._mandants.get(mandant) if mandant is not None else None
        if pages is None:
            return None
        return pages.student_home_page if user_type is UserType.STUDENT else pages.staff_home_page
