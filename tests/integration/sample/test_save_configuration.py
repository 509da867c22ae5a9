"""A configuration with no value at its default, written and read back."""

from dataclasses import fields, replace

from connect_worker.model.account import NO_EXTENSIONS
from connect_worker.model.configuration import (
    Audience,
    Configuration,
    DisplayNameFollows,
    InfoSwitch,
    OfficeSwitch,
    PasswordKind,
    PasswordPolicy,
    TitleSwitch,
)
from connect_worker.sample.configuration import build_configuration
from connect_worker.sample.save_configuration import save_configuration
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import open_session
from connect_worker.store.reading import Reader

LOCK = {"locked_by", "lock_reason", "locked_at"}

STUDENTS = Audience(
    parent="OU=Lernende",
    name_template="{last_name} {first_name}",
    lead_days=14,
    grace_days=60,
    password=PasswordPolicy(
        kind=PasswordKind.SIMPLE_WITH_SPECIAL, digits=4, length=10, never_expires=True, may_not_change=True
    ),
    info=InfoSwitch.VERSION,
    initials=True,
    office=OfficeSwitch.CLASSROOM,
    company="Schule",
    department="Lernende",
    country="LI",
    language="fr-CH",
    user_type="Guest",
    primary_role=True,
    extension_templates=("[Stufe]", None, "", *NO_EXTENSIONS[3:]),
)
STAFF = replace(
    STUDENTS,
    parent="OU=Personal",
    password=PasswordPolicy(kind=PasswordKind.COMPLEX, digits=5, length=14, must_change=True),
    info=InfoSwitch.SUBSTITUTION,
    title=TitleSwitch.PROFESSION,
    office=OfficeSwitch.STAFF_ROOM,
    business_phone=True,
    entra_business_phone=True,
    entra_mobile_phone=True,
    extension_templates=(*NO_EXTENSIONS[1:], "['x']"),
)
USUAL = build_configuration("DC=school,DC=test")
UNUSUAL = replace(
    USUAL,
    staff=STAFF,
    students=STUDENTS,
    state="SG",
    test_prefix="TEST_",
    sync_ad=False,
    restrict_functions=True,
    create_containers=False,
    levels=tuple(replace(rule, last_program_year=6) for rule in USUAL.levels),
    groups=tuple(replace(rule, grace_days=45, aad_type="EDUCLASS") for rule in USUAL.groups),
    class_carry_over_days=7,
    reserve_days=400,
    display_name_follows=DisplayNameFollows.REGENERATE,
    employee_id_is_insurance_number=True,
    show_gender=True,
    relaxed_warnings=frozenset({9}),
    protected_objects=("svc-connect",),
    adoption=True,
    rename_at_adoption=True,
    manual_password=PasswordPolicy(kind=PasswordKind.SIMPLE, may_not_change=True),
)


def test_the_configuration_has_no_value_at_its_default() -> None:
    plain = Configuration(base_dn="", staff=STAFF, students=STUDENTS, levels=(), mandants=(), groups=())
    usual = {name for name in (field.name for field in fields(plain)) if getattr(plain, name) == getattr(UNUSUAL, name)}

    assert usual == {"staff", "students", *LOCK}


async def test_whatever_is_configured_is_read_back(database: DatabaseSettings) -> None:
    async with open_session(database, application_name="tests") as session:
        await save_configuration(session, UNUSUAL)

        configuration, _ = await Reader(session).read_own()

    assert configuration == UNUSUAL


async def test_a_configuration_replaces_the_one_before(database: DatabaseSettings) -> None:
    simple = replace(UNUSUAL, levels=UNUSUAL.levels[:1], mandants=UNUSUAL.mandants[:1], groups=UNUSUAL.groups[:1])
    async with open_session(database, application_name="tests") as session:
        await save_configuration(session, UNUSUAL)
        await save_configuration(session, simple)

        configuration, _ = await Reader(session).read_own()

    assert configuration == simple


async def test_the_offices_lock_stays(database: DatabaseSettings) -> None:
    async with open_session(database, application_name="tests") as session:
        await session.execute("UPDATE connect.connect_config SET locked_by = 'Sekretariat', lock_reason = 'Umzug'")
        await save_configuration(session, UNUSUAL)

        configuration, _ = await Reader(session).read_own()

    assert (configuration.locked_by, configuration.lock_reason) == ("Sekretariat", "Umzug")
