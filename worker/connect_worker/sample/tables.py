"""Master data as rows of the administration's tables (administration.sql): which column holds which field."""

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

from connect_worker.model.person import MasterData, SchoolClass, Staff


class Table(NamedTuple):
    """Rows to copy into one table."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[object, ...]]


MANDANT = {"mandant_id": "number", "kuerzel": "short_name", "bezeichnung": "company"}
SCHULJAHR = {
    "schuljahr_id": "id",
    "bezeichnung": "name",
    "beginn": "starts_on",
    "ende": "ends_on",
    "mandant_id": "mandant",
}
GEBAEUDE = {
    "gebaeude_id": "id",
    "bezeichnung": "name",
    "kurzbezeichnung": "short_name",
    "strasse": "street",
    "plz": "postal_code",
    "ort": "city",
    "leitung_id": "head_staff_id",
}
FUNKTION = {"funktion_id": "id", "bezeichnung": "name", "connect_beruecksichtigt": "counts_for_connect"}
WEITERE_FUNKTION = {"personal_id": "staff_id", "funktion_id": "function_id"}
PERSON = {
    "vorname": "first_name",
    "nachname": "last_name",
    "kurzzeichen": "short_code",
    "login": "login",
    "ahv_nummer": "insurance_number",
    "eintritt": "entry_on",
    "austritt": "exit_on",
    "eintritt_fiktiv": "fictive_entry_on",
    "mandantzahl": "mandants",
}
PERSONAL = {
    "personal_id": "id",
    **PERSON,
    "beruf": "profession",
    "telefon_geschaeft": "business_phone",
    "natel": "mobile_phone",
    "vertretungsinfo": "substitution_text",
    "gebaeude_id": "building_id",
    "zimmer": "room",
    "hauptfunktion_id": "main_function_id",
    "nebenfunktion_id": "secondary_function_id",
}
ORGANISATION = {
    "organisation_id": "id",
    "bezeichnung": "name",
    "untergruppe": "subgroup",
    "stufe": "level",
    "programmjahr": "program_year",
    "schuljahr_id": "school_year_id",
    "gebaeude_id": "building_id",
    "zimmer": "room",
    "mandantzahl": "mandants",
}
LERNENDE = {
    "lernende_id": "id",
    **PERSON,
    "geburtsdatum": "birth_on",
    "geschlecht": "gender",
    "organisation_id": "class_id",
    "organisation_geplant_id": "planned_class_id",
    "programmjahr": "program_year",
}


def tables(data: MasterData) -> tuple[Table, ...]:
    """All tables, in an order that their foreign keys allow. Row versions are the database's own."""
    return (
        _table("mandant", MANDANT, data.mandants),
        _table("schuljahr", SCHULJAHR, data.school_years),
        _table("gebaeude", GEBAEUDE, data.buildings),
        _table("funktion", FUNKTION, data.functions),
        _table("personal", PERSONAL, data.staff),
        Table("anstellung", ("personal_id", "reihenfolge", "gebaeude_id"), _employments(data.staff)),
        _table("weitere_funktion", WEITERE_FUNKTION, data.staff_functions),
        _table("organisation", ORGANISATION, data.classes),
        Table("lehrauftrag", ("organisation_id", "reihenfolge", "personal_id"), _assignments(data.classes)),
        _table("lernende", LERNENDE, data.students),
    )


def _table(name: str, fields: Mapping[str, str], records: Iterable[object]) -> Table:
    return Table(name, tuple(fields), map(attrgetter(*fields.values()), records))


def _employments(staff: Iterable[Staff]) -> Iterator[tuple[object, ...]]:
    for person in staff:
        for place, building in enumerate(person.employment_building_ids, start=1):
            yield person.id, place, building


def _assignments(classes: Iterable[SchoolClass]) -> Iterator[tuple[object, ...]]:
    for row in classes:
        if row.main_teacher_id is not None:
            yield row.id, 1, row.main_teacher_id
        for place, teacher in enumerate(row.further_teacher_ids, start=2):
            yield row.id, place, teacher
