"""What an update reads, from real views."""

from datetime import date

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.model.configuration import GroupRule, LevelRule, PasswordKind, PasswordPolicy
from connect_worker.model.ids import Criterion
from connect_worker.settings import DatabaseSettings
from connect_worker.store.repository import Store
from tests.support.postgres import PostgresServer


async def faults(store: Store) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        await store.read_night()
    assert caught.value.reason == "DatabaseContractBroken"
    return caught.value.faults


async def test_the_master_data_come_as_records(store: Store) -> None:
    master = (await store.read_night()).master_data
    (student,) = master.students
    assert (student.first_name, student.last_name, student.gender, student.class_id) == ("Léa", "Müller", "w", 21)
    assert [person.employment_building_ids for person in master.staff] == [(3, 4), ()]
    assert master.classes[0].further_teacher_ids == (12,)
    assert [(mandant.number, mandant.company) for mandant in master.mandants] == [(1, "Schule Hofen"), (2, None)]
    assert master.school_years[0].mandant is None
    assert [function.counts_for_connect for function in master.functions] == [True, False]
    assert {row.staff_id for row in master.staff_functions} == {11, 12}
    assert master.buildings[0].head_staff_id == 11


async def test_a_time_in_a_date_is_cut(store: Store) -> None:
    (student,) = (await store.read_night()).master_data.students
    assert student.entry_on == date(2026, 8, 17)


async def test_the_row_version_is_the_views_own_or_else_a_hash_of_the_row(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    first = (await store.read_night()).master_data
    postgres.run("UPDATE school.staff SET room = 'Z 9' WHERE id = 11", database=school.name)
    second = (await store.read_night()).master_data
    assert first.students[0].row_version == "7"
    assert first.staff[0].row_version != second.staff[0].row_version
    assert first.staff[1].row_version == second.staff[1].row_version


async def test_the_configuration_comes_with_the_seeds_defaults(store: Store) -> None:
    configuration = (await store.read_night()).configuration
    assert configuration.base_dn == "DC=school,DC=test"
    assert configuration.staff.parent == "OU=LocalProfile,OU=Lehrpersonen,OU=Accounts"
    assert configuration.staff.password == PasswordPolicy(kind=PasswordKind.COMPLEX, must_change=True)
    assert configuration.students.password == PasswordPolicy(kind=PasswordKind.SIMPLE)
    assert configuration.levels == (
        LevelRule(
            position=1,
            level="Primar",
            program_years=frozenset({1, 2, 3}),
            password=PasswordPolicy(kind=PasswordKind.SIMPLE),
        ),
        LevelRule(
            position=2,
            level="Primar",
            program_years=frozenset(),
            password=PasswordPolicy(kind=PasswordKind.SIMPLE_WITH_SPECIAL),
        ),
    )
    assert configuration.groups[0] == GroupRule(
        criterion=Criterion.ALL_STUDENTS,
        parent="OU=Stufen,OU=Gruppen",
        dn_first_element="['CN=Alle_Lernende']",
        name="['Schüler_Alle']",
        display_name="['Alle_Lernende']",
        sam_account_name="['ALLE_STUD']",
        ad_type="SG",
    )
    assert [rule.criterion for rule in configuration.groups] == [
        Criterion.ALL_STUDENTS,
        Criterion.STUDENTS_AND_TEACHER_PER_CLASS,
    ]


async def test_every_fault_of_the_views_is_told_at_once(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        """
        DROP VIEW connect.source_function;
        DROP VIEW connect.source_mandant;
        CREATE VIEW connect.source_mandant AS SELECT number::text, company FROM school.mandant;
        GRANT SELECT ON connect.source_mandant TO connect_worker;
        REVOKE SELECT ON connect.source_class FROM connect_worker;
        DROP VIEW connect.source_school_year;
        CREATE VIEW connect.source_school_year AS
            SELECT id, name, starts_on::timestamptz, ends_on, mandant FROM school.school_year;
        GRANT SELECT ON connect.source_school_year TO connect_worker;
        """,
        database=school.name,
    )
    assert await faults(store) == (
        "the view connect.source_class may not be read",
        "the view connect.source_function is missing",
        "the column connect.source_mandant.number is of type text, not bigint",
        "the view connect.source_mandant lacks the column short_name (text)",
        "the column connect.source_school_year.starts_on is of type timestamp with time zone, not date",
    )


async def test_a_key_that_stands_twice_and_an_empty_mandatory_field_are_named(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        """
        INSERT INTO school.staff (id, first_name, last_name, mandants) VALUES (12, 'Ursula', 'Frei', 1);
        INSERT INTO school.staff_function VALUES (11, 6);
        UPDATE school.student SET last_name = NULL;
        """,
        database=school.name,
    )
    assert await faults(store) == (
        "connect.source_student.last_name is NULL where id = 31",
        "connect.source_staff: the key id = 12 stands there twice",
        "connect.source_staff_function: the key staff_id = 11, function_id = 6 stands there twice",
    )


async def test_a_view_that_fails_while_it_is_read_is_a_fault_of_the_contract(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run(
        """
        CREATE OR REPLACE VIEW connect.source_building AS
            SELECT id / 0 AS id, name, short_name, street, postal_code, city, head_staff_id FROM school.building
        """,
        database=school.name,
    )
    assert "division by zero" in (await faults(store))[0]


async def test_a_configuration_without_base_dn_is_refused(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run("UPDATE connect.connect_config SET dn = ''", database=school.name)
    with pytest.raises(ConfigurationError, match=r"connect_config\.dn is empty"):
        await store.read_own()
