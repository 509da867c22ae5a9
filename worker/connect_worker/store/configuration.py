"""The configurator's tables as a Configuration. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from connect_worker.core.dn import domain_of, is_name
from connect_worker.errors import ConfigurationError
from connect_worker.model.account import EXTENSION_PLACES, Extensions
from connect_worker.model.configuration import (
    Audience,
    Configuration,
    DisplayNameFollows,
    GroupRule,
    InfoSwitch,
    LevelRule,
    MandantRule,
    OfficeSwitch,
    PasswordKind,
    PasswordPolicy,
    TitleSwitch,
)
from connect_worker.model.ids import Criterion, Mandant
from connect_worker.store.row import Row

_STUDENT_VERSION = 1  # students have no substitution text: their 1 is what is 2 for staff (seed 002)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigurationRows:
    """The rows of connect_config and its sister tables, as they were read."""

    config: Row
    levels: Iterable[Row]
    mandants: Iterable[Row]
    groups: Iterable[Row]
    extension_attributes: Iterable[Row] = ()


def configuration_of(rows: ConfigurationRows) -> Configuration:
    """Raises ConfigurationError with everything that is missing."""
    config = rows.config
    faults = [
        *_unusable_places(config, rows.groups),
        *_unknown_criteria(rows.groups),
        *_contradictory_policies(config, rows.levels),
    ]
    if faults:
        raise ConfigurationError(*faults, todo="Complete the configuration in the tables connect.connect_config…")
    return Configuration(
        base_dn=config["dn"],
        staff=_staff(config, rows.extension_attributes),
        students=_students(config, rows.extension_attributes),
        levels=tuple(map(_level, rows.levels)),
        mandants=tuple(map(_mandant, rows.mandants)),
        groups=tuple(map(_group, rows.groups)),
        manual_password=_policy(config, "manual_"),
        relaxed_warnings=frozenset(config["relaxed_warnings"]),
        protected_objects=tuple(config["protected_objects"]),
        display_name_follows=DisplayNameFollows(config["display_name_follows"]),
        **{column: config[column] for column in _SAME_NAME},
    )


_SAME_NAME = (
    "state",
    "test_prefix",
    "sync_ad",
    "restrict_functions",
    "create_containers",
    "class_carry_over_days",
    "reserve_days",
    "employee_id_is_insurance_number",
    "show_gender",
    "adoption",
    "rename_at_adoption",
    "locked_by",
    "lock_reason",
    "locked_at",
)


def _unusable_places(config: Row, groups: Iterable[Row]) -> Iterator[str]:
    """The base DN must be one in a domain; the places below it are written without it, and may be empty."""
    base = config["dn"]
    if not base:
        yield "connect.connect_config.dn is empty: the customer's base DN, below which all stands"
    elif not is_name(base) or not domain_of(base):
        yield f"connect.connect_config.dn: {base!r} is no DN that ends in a domain, like OU=Schule,DC=schule,DC=ch"
    places = [(f"connect_config.{column}", config[column]) for column in ("dn_personal", "dn_student")]
    places += [(f"connect_config_group.dn of {row['criterion']}", row["dn"]) for row in groups]
    for where, place in places:
        if place and not is_name(place):
            yield f"connect.{where}: {place!r} is no DN, like OU=Klassen,OU=Gruppen"


def _unknown_criteria(groups: Iterable[Row]) -> list[str]:
    known = {criterion.value for criterion in Criterion if criterion is not Criterion.MANUAL}
    return [
        f"connect.connect_config_group: this program does not know the criterion {row['criterion']}"
        for row in groups
        if row["criterion"] not in known
    ]


_PASSWORDS = ("personal", "student", "manual")


def _contradictory_policies(config: Row, levels: Iterable[Row]) -> Iterator[str]:
    """Nobody can have to do what he may not (ruling 26). The tables refuse it too, where nobody took that away."""
    places = [(f"connect_config.{whose}_…", _policy(config, f"{whose}_")) for whose in _PASSWORDS]
    places += [(f"connect_config_level at position {row['position']}", _policy(row)) for row in levels]
    for where, policy in places:
        if policy.must_change and policy.may_not_change:
            yield f"connect.{where}: force_password_change and prevent_password_change exclude each other"


def _staff(config: Row, extensions: Iterable[Row]) -> Audience:
    return Audience(
        parent=config["dn_personal"],
        info=InfoSwitch(config["personal_user_info"]),
        title=TitleSwitch(config["personal_user_title"]),
        office=OfficeSwitch(config["personal_office_name"]),
        business_phone=config["personal_ad_telephone"],
        entra_business_phone=config["personal_aad_telephone"],
        entra_mobile_phone=config["personal_aad_mobile"],
        extension_templates=_extensions(extensions, "personal"),
        **_common(config, "personal"),
    )


def _students(config: Row, extensions: Iterable[Row]) -> Audience:
    has_version = config["student_user_info"] == _STUDENT_VERSION
    return Audience(
        parent=config["dn_student"],
        info=InfoSwitch.VERSION if has_version else InfoSwitch.EMPTY,
        office=OfficeSwitch(config["student_office_name"]),
        extension_templates=_extensions(extensions, "student"),
        **_common(config, "student"),
    )


def _extensions(rows: Iterable[Row], audience: str) -> Extensions:
    templates = {row["number"]: row["template"] for row in rows if row["audience"] == audience}
    return tuple(templates.get(number) for number in range(1, EXTENSION_PLACES + 1))


def _common(config: Row, audience: str) -> dict[str, Any]:
    return {
        "name_template": config[f"{audience}_name_template"],
        "lead_days": config[f"{audience}_lead_days"],
        "grace_days": config[f"{audience}_grace_days"],
        "password": _policy(config, f"{audience}_"),
        "initials": config[f"{audience}_user_initials"],
        "company": config[f"{audience}_company"],
        "department": config[f"{audience}_department"],
        "country": config[f"{audience}_country"],
        "language": config[f"{audience}_language"],
        "user_type": config[f"{audience}_user_type"],
        "primary_role": config[f"{audience}_primary_role"],
    }


def _policy(row: Row, prefix: str = "") -> PasswordPolicy:
    return PasswordPolicy(
        kind=PasswordKind(row[f"{prefix}password_policy"]),
        digits=row[f"{prefix}password_digits"],
        length=row[f"{prefix}password_length"],
        never_expires=row[f"{prefix}disable_password_expiration"],
        must_change=row[f"{prefix}force_password_change"],
        may_not_change=row[f"{prefix}prevent_password_change"],
    )


def _level(row: Row) -> LevelRule:
    return LevelRule(
        position=row["position"],
        level=row["level"],
        program_years=frozenset(row["program_years"]),
        last_program_year=row["last_program_year"],
        password=_policy(row),
    )


def _mandant(row: Row) -> MandantRule:
    return MandantRule(
        number=Mandant(row["mandant_number"]),
        student_domain=row["student_upn_domain"],
        staff_domain=row["personal_upn_domain"],
        student_home_page=row["student_homepage"],
        staff_home_page=row["personal_homepage"],
    )


def _group(row: Row) -> GroupRule:
    return GroupRule(
        criterion=Criterion(row["criterion"]),
        parent=row["dn"],
        dn_first_element=row["dn_first_elem"],
        name=row["group_name"],
        display_name=row["display_name"],
        sam_account_name=row["sam_account_name"],
        ad_type=row["ad_type"],
        aad_type=row["aad_type"],
        grace_days=row["grace_days"],
    )
