"""Which column of main_connect_user and main_connect_group holds which field: SELECT, COPY and UPDATE follow from it.

Pure. docs/reference/database.md tells every column, also those that no field uses yet.
"""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from connect_worker.model.account import (
    ALIAS_PLACES,
    EXTENSION_PLACES,
    NO_EXTENSIONS,
    Account,
    EntraProfile,
    Gender,
    Names,
    Origin,
    PrimaryRole,
    Profile,
    Status,
    Unmet,
)
from connect_worker.model.directory import ObjectKey
from connect_worker.model.finding import Note, NoteCode
from connect_worker.model.group import Group
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Mandant, UserType
from connect_worker.model.state import NameKind, ReservedName, TakeOver
from connect_worker.store.row import Row

USER_KEY = {"type": "user_config_type", "source_id": "user_config_source_fk"}
NAMES = {
    "dn_parent": "user_config_dn",
    "dn_first_element": "user_config_dn_first_elem",
    "cn": "user_cn",
    "sam_account_name": "user_sam_account_name",
    "user_principal_name": "user_user_principal_name",
    "mail": "user_mail",
}
ALIASES = tuple(f"user_mail_alias{place}" for place in range(1, ALIAS_PLACES + 1))
EXTENSIONS = tuple(f"user_extension_attribute{place:02}" for place in range(1, EXTENSION_PLACES + 1))
PROFILE = {
    "employee_id": "user_employee_id",
    "given_name": "user_given_name",
    "surname": "user_sn",
    "display_name": "user_display_name",
    "initials": "user_initials",
    "title": "user_title",
    "company": "user_company",
    "department": "user_department",
    "manager": "user_manager",
    "office": "user_physical_delivery_office_name",
    "street_address": "user_street_address",
    "postal_code": "user_postal_code",
    "city": "user_l",
    "state": "user_st",
    "country": "user_c",
    "preferred_language": "user_preferred_language",
    "home_page": "user_www_home_page",
    "telephone_number": "user_telephone_number",
    "info": "user_info",
}
ENTRA = {
    "external_source": "user_aad_external_source",
    "mail_nickname": "user_aad_mail_nickname",
    "business_phone": "user_aad_business_phone",
    "mobile_phone": "user_aad_mobile_phone",
    "usage_location": "user_aad_usage_location",
    "user_type": "user_aad_user_type",
    "birth_on": "user_aad_birth_date",
    "grade": "user_aad_grade",
    "graduation_year": "user_aad_graduation_year",
}
ENTRA_CHOICES = {"primary_role": "user_primary_role", "gender": "user_aad_gender"}
USER = {
    "mandants": "user_mandant",
    "mandant_chosen": "user_config_mandant_chosen",
    "delete_on": "user_config_delete",
    "disabled_since": "user_disabled_since",
    "is_generic": "user_config_is_generic",
    "has_changed": "user_config_has_changed",
    "regenerate_names": "user_config_regenerate_names",
    "initial_password": "user_password",
    "password_reset": "user_config_password_reset",
    "password_reset_confirmed": "user_password_reset_confirmed",
    "password_set_at": "user_password_set_at",
    "password_never_expires": "user_disable_password_expiration",
    "must_change_password": "user_force_change_password_next_sign_in",
    "password_change_prevented": "user_prevent_password_change",
    "weak_password_allowed": "user_disable_strong_password",
    "password_change_denied": "user_password_change_denied",
    "object_guid": "user_object_guid",
    "source_version": "user_timestamp_source",
}
USER_CHOICES = {
    "mandant_chosen_by": "user_config_mandant_chosen_by",
    "status": "user_status",
    "status_before": "user_status_before",
    "unmet": "user_unmet",
}
USER_READ_ONLY = {"id": "id", "version": '"timestamp"', "warning": "user_warning"}
"""Set by the database itself, or by `write_findings` alone."""

GROUP_KEY = {
    "criterion": "group_config_rule",
    "mandant": "group_config_rule_mandant",
    "source_id": "group_config_source_fk",
    "level": "group_config_rule_level",
}
GROUP = {
    "dn_parent": "group_config_dn",
    "dn_first_element": "group_config_dn_first_elem",
    "cn": "group_cn",
    "sam_account_name": "group_sam_account_name",
    "display_name": "group_display_name",
    "description": "group_description",
    "ad_type": "group_type",
    "mandants": "group_mandant",
    "mandant_chosen": "group_config_mandant_chosen",
    "delete_on": "group_config_delete",
    "disabled_since": "group_disabled_since",
    "is_generic": "group_config_is_generic",
    "has_changed": "group_config_has_changed",
    "object_guid": "group_object_guid",
    "info": "group_info",
    "aad_type": "group_aad_type",
    "aad_mail_nickname": "group_aad_mail_nickname",
    "aad_guid": "group_aad_guid",
}
GROUP_CHOICES = {
    "mandant_chosen_by": "group_config_mandant_chosen_by",
    "status": "group_status",
    "status_before": "group_status_before",
}
GROUP_READ_ONLY = {"id": "id", "version": '"timestamp"', "warning": "group_warning"}

USER_COLUMNS = (
    *USER_KEY.values(),
    *NAMES.values(),
    *PROFILE.values(),
    *ENTRA.values(),
    *ENTRA_CHOICES.values(),
    *USER.values(),
    *USER_CHOICES.values(),
    *ALIASES,
    *EXTENSIONS,
)
GROUP_COLUMNS = (*GROUP_KEY.values(), *GROUP.values(), *GROUP_CHOICES.values(), "group_config_source_table")

_SOURCE_TABLES = {
    Criterion.STAFF_AND_STUDENTS_PER_BUILDING: "source_building",
    Criterion.STAFF_PER_MANDANT_AND_FUNCTION: "source_function",
    Criterion.STAFF_PER_BUILDING: "source_building",
    Criterion.STAFF_PER_BUILDING_AND_LEVEL: "source_building",
    Criterion.STUDENTS_AND_TEACHER_PER_CLASS: "source_class",
    Criterion.STUDENTS_PER_BUILDING: "source_building",
    Criterion.STUDENTS_PER_BUILDING_AND_LEVEL: "source_building",
    Criterion.MANUAL: "manual",
}

_account_values = attrgetter(
    *(f"key.{field}" for field in USER_KEY),
    *(f"names.{field}" for field in NAMES),
    *(f"profile.{field}" for field in PROFILE),
    *(f"entra.{field}" for field in (*ENTRA, *ENTRA_CHOICES)),
    *USER,
    *USER_CHOICES,
)
_group_values = attrgetter(*(f"key.{field}" for field in GROUP_KEY), *GROUP, *GROUP_CHOICES)


def row_of_account(account: Account) -> tuple[object, ...]:
    """The values of USER_COLUMNS."""
    return (*_account_values(account), *account.names.aliases, *account.extension_attributes)


def row_of_group(group: Group) -> tuple[object, ...]:
    """The values of GROUP_COLUMNS."""
    return (*_group_values(group), _source_table(group.key.criterion))


def account_of(row: Row) -> Account:
    """One row of main_connect_user."""
    before = row[USER_CHOICES["status_before"]]
    first, second, third, fourth, fifth = (row[column] for column in ALIASES)
    extensions = tuple(row[column] for column in EXTENSIONS)
    return Account(
        key=user_key_of(row),
        names=Names(aliases=(first, second, third, fourth, fifth), **_fields(row, NAMES)),
        profile=Profile(**_fields(row, PROFILE)),
        entra=_entra_of(row),
        extension_attributes=extensions if any(extensions) else NO_EXTENSIONS,
        mandant_chosen_by=Origin(row[USER_CHOICES["mandant_chosen_by"]]),
        status=Status(row[USER_CHOICES["status"]]),
        status_before=None if before is None else Status(before),
        unmet=tuple(map(Unmet, row[USER_CHOICES["unmet"]])),
        id=row["id"],
        version=row["timestamp"],
        warning=row["user_warning"],
        **_fields(row, USER),
    )


def group_of(row: Row) -> Group:
    """One row of main_connect_group."""
    before = row[GROUP_CHOICES["status_before"]]
    return Group(
        key=group_key_of(row),
        mandant_chosen_by=Origin(row[GROUP_CHOICES["mandant_chosen_by"]]),
        status=Status(row[GROUP_CHOICES["status"]]),
        status_before=None if before is None else Status(before),
        id=row["id"],
        version=row["timestamp"],
        warning=row["group_warning"],
        **_fields(row, GROUP),
    )


def _entra_of(row: Row) -> EntraProfile:
    role, gender = (row[column] for column in ENTRA_CHOICES.values())
    return EntraProfile(
        primary_role=None if role is None else PrimaryRole(role),
        gender=None if gender is None else Gender(gender),
        **_fields(row, ENTRA),
    )


def user_key_of(row: Row) -> AccountKey:
    """The key of a row of main_connect_user."""
    return AccountKey(UserType(row["user_config_type"]), row["user_config_source_fk"])


def group_key_of(row: Row) -> GroupKey:
    """The key of a row of main_connect_group."""
    return GroupKey(
        Criterion(row["group_config_rule"]),
        Mandant(row["group_config_rule_mandant"]),
        row["group_config_source_fk"],
        row["group_config_rule_level"],
    )


def row_of_reserved(reserved: ReservedName) -> tuple[object, ...]:
    """The columns of connect_reserved_name: kind, name, guid, owner_type, owner_source_fk, until."""
    owner = reserved.owner or (None, None)
    return (reserved.kind, reserved.name, reserved.guid, *owner, reserved.until)


def reserved_of(row: Row) -> ReservedName:
    """One row of connect_reserved_name."""
    owner = None if row["owner_type"] is None else AccountKey(UserType(row["owner_type"]), row["owner_source_fk"])
    return ReservedName(kind=NameKind(row["kind"]), name=row["name"], guid=row["guid"], owner=owner, until=row["until"])


def take_over_of(row: Row) -> TakeOver:
    """One row of connect_migration."""
    return TakeOver(
        key=AccountKey(UserType(row["migration_type"]), row["source_fk"]),
        guid=row["user_guid"],
        aliases=tuple(row["aliases"]),
        refusal=row["refusal"],
    )


def object_key(text: str) -> ObjectKey:
    """The key that `str(key)` has written: `S.00012`, `all_staff:0:0`, `staff_per_building_and_level:1:3:Sek`."""
    if ":" in text:
        criterion, mandant, source_id, *level = text.split(":", 3)
        return GroupKey(Criterion(criterion), Mandant(int(mandant)), int(source_id), *level)
    return account_key(text)


def account_key(text: str) -> AccountKey:
    """The key that `str(key)` has written: `S.00012`."""
    kind, source_id = text.split(".")
    return AccountKey(UserType(kind), int(source_id))


def _source_table(criterion: Criterion) -> str:
    """Where the source's key comes from; where there is no source, the seed's artificial value («Gruppenbildung»)."""
    return _SOURCE_TABLES.get(criterion, f"No-Table-{criterion.value}")


def note_of(row: Row) -> Note:
    """What an update noted, as connect_warning keeps it."""
    return Note(key=object_key(row["object"]), code=NoteCode(row["code"]), found=row["found"])


def _fields(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    return {field: row[column] for field, column in columns.items()}
