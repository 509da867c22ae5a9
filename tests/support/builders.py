"""Domain objects with sensible defaults, so that a test names only what it is about."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid5

from connect_worker.model.account import Account, EntraProfile, Names, Profile
from connect_worker.model.configuration import (
    Audience,
    Configuration,
    GroupRule,
    LevelRule,
    MandantRule,
    PasswordKind,
    PasswordPolicy,
)
from connect_worker.model.directory import ActualGroup, ActualUser, Login, Snapshot
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Guid, Mandant, MandantMask, UserType
from connect_worker.model.person import (
    Building,
    Function,
    MandantRecord,
    MasterData,
    SchoolClass,
    SchoolYear,
    Staff,
    Student,
)
from connect_worker.model.secret import SealedSecret

TODAY = date(2026, 11, 16)
NIGHT = datetime.combine(TODAY, time(2))
BASE = "DC=school,DC=test"
STUDENTS_OU = f"OU=Pupils,{BASE}"
STAFF_OU = f"OU=Staff,{BASE}"
GROUPS_OU = f"OU=Groups,{BASE}"
_NAMESPACE = UUID("12345678-1234-5678-1234-567812345678")


def guid(name: str) -> Guid:
    """The same GUID for the same name."""
    return Guid(uuid5(_NAMESPACE, name))


def student_key(number: int) -> AccountKey:
    """Key of a student."""
    return AccountKey(UserType.STUDENT, number)


def staff_key(number: int) -> AccountKey:
    """Key of a staff member."""
    return AccountKey(UserType.STAFF, number)


def class_group_key(number: int) -> GroupKey:
    """Key of a class's group."""
    return GroupKey(Criterion.STUDENTS_AND_TEACHER_PER_CLASS, Mandant(0), number)


def student(number: int = 1, **changes: Any) -> Student:
    """A pupil in scope: class 1, mandant 1."""
    values: dict[str, Any] = {
        "id": number,
        "first_name": "Anna",
        "last_name": f"Muster{number}",
        "short_code": None,
        "login": None,
        "insurance_number": f"756.1234.{5677 + number}.97",
        "entry_on": None,
        "exit_on": None,
        "fictive_entry_on": None,
        "birth_on": date(2015, 5, 5),
        "gender": "f",
        "class_id": 1,
        "planned_class_id": None,
        "program_year": None,
        "mandants": MandantMask(1),
        "row_version": "1",
    }
    return Student(**(values | changes))


def staff(number: int = 1, **changes: Any) -> Staff:
    """A staff member in scope: mandant 1."""
    values: dict[str, Any] = {
        "id": number,
        "first_name": "Peter",
        "last_name": f"Lehrer{number}",
        "short_code": f"le{number}",
        "login": None,
        "insurance_number": None,
        "entry_on": None,
        "exit_on": None,
        "fictive_entry_on": None,
        "profession": "Primarlehrer",
        "business_phone": "+41 44 000 00 00",
        "mobile_phone": None,
        "substitution_text": None,
        "building_id": None,
        "room": None,
        "employment_building_ids": (),
        "main_function_id": None,
        "secondary_function_id": None,
        "mandants": MandantMask(1),
        "row_version": "1",
    }
    return Staff(**(values | changes))


def school_class(number: int = 1, **changes: Any) -> SchoolClass:
    """A class of the current year, level Primar, led by staff 1."""
    values: dict[str, Any] = {
        "id": number,
        "name": f"{number}a",
        "subgroup": None,
        "level": "Primar",
        "program_year": 3,
        "school_year_id": 2,
        "building_id": 1,
        "room": "101",
        "main_teacher_id": 1,
        "further_teacher_ids": (),
        "mandants": MandantMask(1),
    }
    return SchoolClass(**(values | changes))


SCHOOL_YEARS = (
    SchoolYear(id=1, name="2025/26", starts_on=date(2025, 8, 18), ends_on=date(2026, 7, 31), mandant=None),
    SchoolYear(id=2, name="2026/27", starts_on=date(2026, 8, 17), ends_on=date(2027, 7, 31), mandant=None),
    SchoolYear(id=3, name="2027/28", starts_on=date(2027, 8, 16), ends_on=date(2028, 7, 31), mandant=None),
)


def master_data(**changes: Any) -> MasterData:
    """A tiny school: one class, one building whose head is staff 2, one mandant."""
    values: dict[str, Any] = {
        "students": (),
        "staff": (),
        "classes": (school_class(),),
        "buildings": (
            Building(
                id=1,
                name="Schulhaus Dorf",
                short_name="DO",
                street="Dorfstrasse 1",
                postal_code="8000",
                city="Musterwil",
                head_staff_id=2,
            ),
        ),
        "functions": (
            Function(id=1, name="Lehrperson", counts_for_connect=True),
            Function(id=2, name="Hauswart", counts_for_connect=False),
        ),
        "staff_functions": (),
        "mandants": (MandantRecord(number=Mandant(1), short_name="MW", company="Schule Musterwil"),),
        "school_years": SCHOOL_YEARS,
    }
    return MasterData(**(values | changes))


SIMPLE = PasswordPolicy(kind=PasswordKind.SIMPLE)
COMPLEX = PasswordPolicy(kind=PasswordKind.COMPLEX, must_change=True)


def configuration(**changes: Any) -> Configuration:
    """One mandant, level Primar, the three group rules, OUs Pupils, Staff and Groups."""
    values: dict[str, Any] = {
        "base_dn": BASE,
        "staff": Audience(
            parent="OU=Staff", name_template="[Vorname]['.'][Nachname]", lead_days=30, grace_days=30, password=COMPLEX
        ),
        "students": Audience(
            parent="OU=Pupils", name_template="[Vorname]['.'][Nachname]", lead_days=30, grace_days=30, password=SIMPLE
        ),
        "levels": (LevelRule(position=1, level="Primar", program_years=frozenset(), password=SIMPLE),),
        "mandants": (MandantRule(number=Mandant(1), student_domain="schule.example", staff_domain="lehrer.example"),),
        "groups": (
            _group_rule(Criterion.ALL_STAFF, "Alle_Personal", "ALLE_PERS"),
            _group_rule(Criterion.ALL_STUDENTS, "Alle_Lernende", "ALLE_STUD"),
            GroupRule(
                criterion=Criterion.STUDENTS_AND_TEACHER_PER_CLASS,
                parent="OU=Groups",
                dn_first_element="['CN='][Mandant]['_KL_'][OrganisationBezeichnung]['_'][Schuljahr]",
                name="[Mandant]['_KL_'][OrganisationBezeichnung]",
                display_name="['Klasse '][OrganisationBezeichnung][' ¦ '][GebäudeBezeichnung]",
                sam_account_name="['KL.'][OrganisationID]",
                ad_type="SG",
            ),
        ),
    }
    return Configuration(**(values | changes))


def _group_rule(criterion: Criterion, name: str, sam: str) -> GroupRule:
    return GroupRule(
        criterion=criterion,
        parent="OU=Groups",
        dn_first_element=f"CN={name}",
        name=name,
        display_name=name,
        sam_account_name=sam,
        ad_type="SG",
    )


def account(number: int = 1, **changes: Any) -> Account:
    """An active pupil's row, complete, not linked to a directory."""
    key = changes.pop("key", student_key(number))
    first = f"Anna.Muster{number}"
    mail = f"{first.lower()}@schule.example"
    values: dict[str, Any] = {
        "key": key,
        "names": Names(
            dn_parent=STUDENTS_OU,
            dn_first_element=f"CN={first}",
            cn=first,
            sam_account_name=str(key),
            user_principal_name=mail,
            mail=mail,
        ),
        "profile": Profile(given_name="Anna", surname=f"Muster{number}", display_name=f"Muster{number} Anna"),
        "entra": EntraProfile(mail_nickname=f"anna-muster{number}"),
        "mandants": MandantMask(1),
        "mandant_chosen": Mandant(1),
        "initial_password": SealedSecret("sealed"),
        "version": number,
    }
    return Account(**(values | changes))


def linked(record: Account, **changes: Any) -> Account:
    """The account as it is once its object exists."""
    values: dict[str, Any] = {"object_guid": guid(str(record.key)), "has_changed": False}
    return replace(record, **(values | changes))


def group(number: int = 1, **changes: Any) -> Group:
    """A class's group, complete, not linked."""
    values: dict[str, Any] = {
        "key": class_group_key(number),
        "dn_parent": GROUPS_OU,
        "dn_first_element": f"CN=MW_KL_{number}a_2026-27",
        "cn": f"MW_KL_{number}a_2026-27",
        "sam_account_name": f"KL.{number}",
        "display_name": f"Klasse {number}a ¦ Schulhaus Dorf",
        "description": f"MW_KL_{number}a",
        "ad_type": "SG",
        "mandants": MandantMask(1),
        "mandant_chosen": Mandant(1),
        "version": number,
    }
    return Group(**(values | changes))


def linked_group(record: Group, **changes: Any) -> Group:
    """The group as it is once its object exists."""
    values: dict[str, Any] = {"object_guid": guid(str(record.key)), "has_changed": False}
    return replace(record, **(values | changes))


def actual_user(record: Account, **changes: Any) -> ActualUser:
    """The object that the account's row describes, exactly in step."""
    names = record.names
    addresses = names.addresses
    values: dict[str, Any] = {
        "guid": record.object_guid or guid(str(record.key)),
        "dn": names.dn,
        "enabled": True,
        "login": Login(
            sam_account_name=names.sam_account_name,
            user_principal_name=names.user_principal_name,
            mail=names.mail,
            addresses=(*addresses[:1], *sorted(addresses[1:])),
            password_never_expires=record.password_never_expires,
        ),
        "profile": record.profile,
        "extension_attributes": record.extension_attributes,
        "protected": False,
        "created": "2026-09-01T02:00:00+00:00",
    }
    return ActualUser(**(values | changes))


def actual_group(record: Group, *members: str, **changes: Any) -> ActualGroup:
    """The object that the group's row describes, with these DNs as members."""
    values: dict[str, Any] = {
        "guid": record.object_guid or guid(str(record.key)),
        "dn": record.dn,
        "sam_account_name": record.sam_account_name,
        "display_name": record.display_name,
        "description": record.description,
        "info": record.info,
        "members": frozenset(members),
        "protected": False,
        "created": "2026-09-01T02:00:00+00:00",
    }
    return ActualGroup(**(values | changes))


def snapshot(*objects: ActualUser | ActualGroup, **changes: Any) -> Snapshot:
    """A directory with these objects and all the OUs."""
    values: dict[str, Any] = {
        "users": tuple(item for item in objects if isinstance(item, ActualUser)),
        "groups": tuple(item for item in objects if isinstance(item, ActualGroup)),
        "organizational_units": (STUDENTS_OU, STAFF_OU, GROUPS_OU),
        "missing_bases": (),
    }
    return Snapshot(**(values | changes))
