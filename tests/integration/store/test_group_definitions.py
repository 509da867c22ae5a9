"""The eleven group definitions that the migrations bring (seed 002, «Konfigurator»; ruling 17)."""

from connect_worker.core.templates import GroupTemplates, Placeholder
from connect_worker.model.ids import Criterion
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import open_session
from connect_worker.store.migrate import known_migrations, migrate
from connect_worker.store.repository import Store
from tests.support.postgres import PostgresServer

VALUES = {
    Placeholder.MANDANT: "SR",
    Placeholder.BUILDING_SHORT_NAME: "BÜ",
    Placeholder.BUILDING_NAME: "Büel",
    Placeholder.BUILDING_ID: "7",
    Placeholder.CLASS_NAME: "1a",
    Placeholder.CLASS_SUBGROUP: "Blau",
    Placeholder.CLASS_ID: "4711",
    Placeholder.SCHOOL_YEAR: "2023/24",
    Placeholder.FUNCTION: "Köchin / Koch",
    Placeholder.LEVEL: "Primar",
    Placeholder.LEVEL_ID: "Primar",
}
NAMES = {
    Criterion.STAFF_AND_STUDENTS_PER_BUILDING: ("SR_SH_BUE", "SR_SH_BUE", "Schulhaus Büel", "SR.SH.7"),
    Criterion.ALL_STAFF: ("Alle_Personal", "Personal_Alle", "Alle_Personal", "ALLE_PERS"),
    Criterion.STAFF_PER_MANDANT: ("SR_Personal", "SR_Personal", "Alles Personal SR", "SR_PERS"),
    Criterion.STAFF_PER_MANDANT_AND_FUNCTION: (
        "SR_FN_Koechin / Koch",
        "SR_FN_Koechin / Koch",
        "Funktion Köchin / Koch ¦ SR",
        "SR_FN_Koechin - Koch",
    ),
    Criterion.STAFF_PER_BUILDING: ("SR_SH_Personal_BUE", "SR_SH_Personal_BUE", "Alles Personal Büel", "SR.SH_PERS.7"),
    Criterion.STAFF_PER_BUILDING_AND_LEVEL: (
        "SR_SH_Personal_BUE_Primar",
        "SR_SH_Personal_BUE_Primar",
        "Alles Personal Büel ¦ Primar",
        "SR.SH_PERS.7.Primar",
    ),
    Criterion.ALL_STUDENTS: ("Alle_Lernende", "Schueler_Alle", "Alle_Lernende", "ALLE_STUD"),
    Criterion.STUDENTS_PER_MANDANT: ("SR_Lernende", "SR_Lernende", "Alle Lernende SR", "SR_STUD"),
    Criterion.STUDENTS_AND_TEACHER_PER_CLASS: (
        "SR_KL_BUE_1a_Blau_2023-24",
        "SR_KL_BUE_1a_Blau_2023-24",
        "Klasse Blau 1a ¦ Büel",
        "KL.4711",
    ),
    Criterion.STUDENTS_PER_BUILDING: ("SR_SH_Lernende_BUE", "SR_SH_Lernende_BUE", "Alle Lernende Büel", "SR.SH_STUD.7"),
    Criterion.STUDENTS_PER_BUILDING_AND_LEVEL: (
        "SR_SH_Lernende_BUE_Primar",
        "SR_SH_Lernende_BUE_Primar",
        "Alle Lernende Büel ¦ Primar",
        "SR.SH_STUD.7.Primar",
    ),
}
BEFORE_ALL_CRITERIA = 3


async def test_every_criterion_has_a_definition_that_names_its_groups(
    store: Store, school: DatabaseSettings, postgres: PostgresServer
) -> None:
    postgres.run("UPDATE connect.connect_config_group SET switched_on = true", database=school.name)
    rules = (await store.read_own())[0].groups
    filled = {rule.criterion: GroupTemplates.of(rule).fill(VALUES) for rule in rules}
    made = {key: (names.cn, names.name, names.display_name, names.sam_account_name) for key, names in filled.items()}
    assert made == NAMES
    assert {names.parent for names in filled.values()} == {None}
    assert {(rule.ad_type, rule.aad_type) for rule in rules} == {("SG", None)}


async def test_a_database_of_an_earlier_version_gets_the_new_definitions_and_its_groups_keep_their_versions(
    empty_database: DatabaseSettings, postgres: PostgresServer
) -> None:
    group = 'SELECT group_config_source_table, "timestamp" FROM connect.main_connect_group'
    async with open_session(empty_database, application_name="tests") as session:
        await migrate(session, known_migrations()[:BEFORE_ALL_CRITERIA])
        postgres.run(
            """
            INSERT INTO connect.main_connect_group (group_config_rule, group_config_source_table)
            VALUES ('all_staff', 'none');
            UPDATE connect.connect_config_group SET group_name = 'ours' WHERE criterion = 'all_staff'
            """,
            database=empty_database.name,
        )
        _, version = postgres.run(group, database=empty_database.name).split("|")
        await migrate(session)
    assert postgres.run(group, database=empty_database.name) == f"No-Table-all_staff|{version}"
    found = postgres.run(
        "SELECT criterion FROM connect.connect_config_group WHERE NOT switched_on", database=empty_database.name
    )
    assert set(found.split()) == {criterion.value for criterion in NAMES}
    kept = "SELECT group_name FROM connect.connect_config_group WHERE criterion = 'all_staff'"
    assert postgres.run(kept, database=empty_database.name) == "ours"
