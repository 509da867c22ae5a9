"""Writes a whole configuration into the configurator's tables, in place of what stands there."""

from collections.abc import Mapping, Sequence

from connect_worker.model.configuration import Audience, Configuration, InfoSwitch, PasswordPolicy
from connect_worker.store.connection import Session

Row = Mapping[str, object]


async def save_configuration(session: Session, configuration: Configuration) -> None:
    """Replace the configuration, within the caller's transaction. The office's lock is none of it, and stays."""
    row = _general(configuration)
    settings = ", ".join(f"{column} = ${place}" for place, column in enumerate(row, start=1))
    await session.fetch(f"UPDATE connect.connect_config SET {settings}", *row.values())  # noqa: S608 - own columns
    await session.execute(
        "TRUNCATE connect.connect_config_level, connect.connect_config_mandant, connect.connect_config_group,"
        " connect.connect_config_warning,"
        " connect.connect_config_extension_attribute"
    )
    await _copy(session, "connect_config_level", _levels(configuration))
    await _copy(session, "connect_config_warning", _relaxed(configuration))
    await _copy(session, "connect_config_mandant", _mandants(configuration))
    await _copy(session, "connect_config_group", _groups(configuration))
    await _copy(session, "connect_config_extension_attribute", _extensions(configuration))


async def _copy(session: Session, table: str, rows: Sequence[Row]) -> None:
    if rows:
        await session.copy(table, tuple(rows[0]), [tuple(row.values()) for row in rows], schema="connect")


def _general(configuration: Configuration) -> Row:
    staff, students = configuration.staff, configuration.students
    return {
        "dn": configuration.base_dn,
        "dn_personal": staff.parent,
        "dn_student": students.parent,
        "state": configuration.state,
        "test_prefix": configuration.test_prefix,
        "sync_ad": configuration.sync_ad,
        "restrict_functions": configuration.restrict_functions,
        "create_containers": configuration.create_containers,
        "class_carry_over_days": configuration.class_carry_over_days,
        "reserve_days": configuration.reserve_days,
        "protected_objects": list(configuration.protected_objects),
        "display_name_follows": configuration.display_name_follows.value,
        "employee_id_is_insurance_number": configuration.employee_id_is_insurance_number,
        "show_gender": configuration.show_gender,
        "adoption": configuration.adoption,
        "rename_at_adoption": configuration.rename_at_adoption,
        **_audience("personal", staff),
        "personal_user_info": staff.info.value,
        "personal_user_title": staff.title.value,
        "personal_ad_telephone": staff.business_phone,
        "personal_aad_telephone": staff.entra_business_phone,
        "personal_aad_mobile": staff.entra_mobile_phone,
        **_audience("student", students),
        # The seed counts the students' switch differently: 1 is the program's version.
        "student_user_info": 1 if students.info is InfoSwitch.VERSION else 0,
        **{f"manual_{column}": value for column, value in _password(configuration.manual_password).items()},
    }


def _audience(prefix: str, audience: Audience) -> Row:
    return {
        f"{prefix}_name_template": audience.name_template,
        f"{prefix}_lead_days": audience.lead_days,
        f"{prefix}_grace_days": audience.grace_days,
        f"{prefix}_user_initials": audience.initials,
        f"{prefix}_office_name": audience.office.value,
        f"{prefix}_company": audience.company,
        f"{prefix}_department": audience.department,
        f"{prefix}_country": audience.country,
        f"{prefix}_language": audience.language,
        f"{prefix}_user_type": audience.user_type,
        f"{prefix}_primary_role": audience.primary_role,
        **{f"{prefix}_{column}": value for column, value in _password(audience.password).items()},
    }


def _password(policy: PasswordPolicy) -> Row:
    return {
        "password_policy": policy.kind.value,
        "password_digits": policy.digits,
        "password_length": policy.length,
        "disable_password_expiration": policy.never_expires,
        "force_password_change": policy.must_change,
        "prevent_password_change": policy.may_not_change,
    }


def _relaxed(configuration: Configuration) -> list[Row]:
    return [{"code": code, "blocks": "object"} for code in sorted(configuration.relaxed_warnings)]


def _levels(configuration: Configuration) -> list[Row]:
    return [
        {
            "position": rule.position,
            "level": rule.level,
            "program_years": sorted(rule.program_years),
            "last_program_year": rule.last_program_year,
            **_password(rule.password),
        }
        for rule in configuration.levels
    ]


def _mandants(configuration: Configuration) -> list[Row]:
    return [
        {
            "mandant_number": rule.number,
            "student_upn_domain": rule.student_domain,
            "personal_upn_domain": rule.staff_domain,
            "student_homepage": rule.student_home_page,
            "personal_homepage": rule.staff_home_page,
        }
        for rule in configuration.mandants
    ]


def _groups(configuration: Configuration) -> list[Row]:
    return [
        {
            "criterion": rule.criterion.value,
            "dn": rule.parent,
            "dn_first_elem": rule.dn_first_element,
            "group_name": rule.name,
            "display_name": rule.display_name,
            "sam_account_name": rule.sam_account_name,
            "ad_type": rule.ad_type,
            "aad_type": rule.aad_type,
            "grace_days": rule.grace_days,
        }
        for rule in configuration.groups
    ]


def _extensions(configuration: Configuration) -> list[Row]:
    audiences = {"personal": configuration.staff, "student": configuration.students}
    return [
        {"audience": audience, "number": number, "template": template}
        for audience, settings in audiences.items()
        for number, template in enumerate(settings.extension_templates, start=1)
        if template is not None
    ]
