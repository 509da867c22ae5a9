"""Whatever stands in the school's data: a correct account, or an error that names view, column and record.

Configuration, views that are missing and keys that stand twice: test_configuration_faults.py.
"""

import pytest

from tests.support.builders import TODAY
from tests.support.domain import SignIn
from tests.support.postgres import PostgresServer
from tests.support.scenario import School
from tests.support.site import Site, assert_clear, assert_recorded
from tests.support.worker import Worker

CONTRACT_BROKEN = "DatabaseContractBroken"
BOTH = pytest.mark.parametrize("server", ["simulator", "samba"], indirect=True)
LETTERS = "x" * 300

NAMES = {
    ("A" * 300, "B" * 300): ("A" * 64, "B" * 256),
    ("Zoe 😀", "Ok👩‍👩‍👧"): ("Zoe.Ok", "Ok👩‍👩‍👧 Zoe 😀"),
    ("😀", "🎉"): ("S.00003", "🎉 😀"),
    ("محمد", "العربي"): ("S.00004", "العربي محمد"),
    ("דוד", "כהן"): ("S.00005", "כהן דוד"),
    ("Zoe\u0308", "A\u030angstro\u0308m"): ("Zoe.Angstroem", None),
    ("Z\u0310\u0311\u0312algo", "X\u0335"): ("Zalgo.X", None),
    ("Anna\nMaria", "Mus\tter"): ("Anna Maria.Mus ter", "Mus ter Anna Maria"),
    ("An\u200bna", "\ufeffMuster"): ("Anna.Muster", "Muster Anna"),
    ("\u202eanna", "mus\u2066ter"): ("anna.muster1", "muster anna"),
    ("An\x07na", "\x1b[31mRot"): ("Anna.31mRot", "[31mRot Anna"),
    (" ", "Nurname"): ("Nurname", "Nurname"),
    ("", ""): ("S.00013", None),
    ('a,b+c"d\\e<f>;g=h', "#x/y"): ("a b c d e f g h.x y", '#x/y a,b+c"d\\e<f>;g=h'),
    (" #Anna ", "Muster\\"): ("Anna.Muster2", "Muster\\ #Anna"),
    ("D’Arcy", "O'Neill`´"): ("DArcy.ONeill", "O'Neill`´ D’Arcy"),
    ("李", "小龙"): ("S.00017", "小龙 李"),
    ("Ἀθηνᾶ", "Ёлкин"): ("Athina.Elkin", "Ёлкин Ἀθηνᾶ"),
    ("*)(uid=*", "a|b&c!"): ("uid.a b c", "a|b&c! *)(uid=*"),
    ("a@b", "c@d"): ("a b.c d", "c@d a@b"),
    ("..", "...x.."): ("x", "...x.. .."),
    ("𝔄𝔫𝔫𝔞", "ﬁsch"): ("Anna.fisch", "ﬁsch 𝔄𝔫𝔫𝔞"),
    ("İpek", "Işık"): ("Ipek.Isik", "Işık İpek"),
}
"""Given name and surname, as they are entered; CN and display name (None: as a directory composes its signs)."""


@BOTH
def test_a_pupil_of_any_name_has_an_account(site: Site) -> None:
    """In ASCII where he signs in, as he is written where it is read; signs that only steer a screen are left out."""
    people = dict(enumerate(NAMES, start=1))
    site.enrol(0)
    site.customer.edit_school(
        School(students={n: {"first_name": first, "last_name": last} for n, (first, last) in people.items()})
    )
    ended = site.run()
    assert (ended.exit_code, ended.report["reason"]) == (0, "Synced"), ended.stdout
    objects, passwords = site.domain.objects(), site.customer.initial_passwords()
    for number, name in people.items():
        found, (cn, display) = objects[f"S.{number:05d}"], NAMES[name]
        assert (name, found.dn) == (name, f"CN={cn},OU=Pupils,DC=school,DC=test")
        assert display is None or found.value("displayName") == display
        assert found.value("mail") == f"{cn.lower().replace(' ', '.')}@schule.example"
    dns = {objects[sam].dn: passwords[sam] for sam in passwords}
    assert site.domain.sign_ins(dns) == {dn: SignIn.ACCEPTED if "Pupils" in dn else SignIn.MUST_CHANGE for dn in dns}
    assert site.run().report["reason"] == "NothingToDo"


def update(view: str, values: str, record: int = 2) -> str:
    """One record is made wrong."""
    return f"UPDATE school.{view} SET {values} WHERE id = {record}"  # noqa: S608 - names and values of tests


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (update("source_student", "first_name = NULL"), "source_student.first_name is NULL where id = 2"),
        (update("source_student", "mandants = NULL"), "source_student.mandants is NULL where id = 2"),
        (update("source_student", "mandants = -1"), "source_student.mandants is less than 0 where id = 2"),
        (
            update("source_staff", "mandants = (-1::bigint << 63)", 1),
            "source_staff.mandants is less than 0 where id = 1",
        ),
        (update("source_student", "id = -2"), "source_student.id is less than 1 where id = -2"),
        (update("source_student", "id = 0"), "source_student.id is less than 1 where id = 0"),
        (update("source_class", "id = -1", 1), "source_class.id is less than 0 where id = -1"),
        (update("source_student", "entry_on = '0044-03-15 BC'"), "source_student.entry_on is a date before the year 1"),
        (update("source_student", "exit_on = '20000-12-31'"), "source_student.exit_on is a date before the year 1 or"),
        (update("source_school_year", "name = NULL"), "source_school_year.name is NULL where id = 2"),
        (
            "CREATE OR REPLACE VIEW connect.source_staff AS SELECT * FROM school.source_staff WHERE 1 / (id - 1) < 9",
            "connect.source_staff cannot be read: ",
        ),
    ],
    ids=lambda value: value.partition(" SET ")[2] or None,
)
def test_a_record_that_breaks_the_contract_is_named(site: Site, change: str, says: str) -> None:
    """The views' author learns which column of which record to look at; nothing is written."""
    site.enrol(3)
    usn = site.domain.usn
    site.customer.run(change)
    ended = site.run()
    assert_clear(site, ended, exit_code=2, reason=CONTRACT_BROKEN, says=(says,))
    assert_recorded(site, ended)
    assert site.domain.usn == usn
    assert site.customer.users() == site.customer.groups() == {}


@pytest.mark.parametrize(
    "change",
    [
        update("source_student", "class_id = 999"),
        update("source_student", "entry_on = 'infinity'"),
        update("source_student", "exit_on = '-infinity'"),
        update("source_student", "mandants = 0"),
        update("source_student", "mandants = 1::bigint << 62"),
        update("source_class", "level = NULL", 1) + "; " + update("source_student", "class_id = NULL", 1),
    ],
    ids=lambda value: value.partition(" SET ")[2],
)
def test_a_record_that_leads_nowhere_is_out_of_scope(site: Site, change: str) -> None:
    """It has no account; that is all."""
    site.enrol(3)
    site.customer.run(change)
    assert site.run().report["reason"] == "Synced"
    assert "S.00002" not in site.created()
    assert site.run().report["reason"] == "NothingToDo"


@pytest.mark.parametrize(
    "change",
    [
        update("source_class", "main_teacher_id = 999", 1),
        update("source_class", "main_teacher_id = -5, building_id = 999", 1),
        update("source_class", "further_teacher_ids = ARRAY[NULL, 1, 1, 999, -1]", 1),
        update("source_class", "further_teacher_ids = ARRAY[[1, 1], [999, 1]]", 1),
        update("source_building", "head_staff_id = 1", 1),
        update("source_school_year", "ends_on = 'infinity'"),
        update("source_student", "exit_on = 'infinity', entry_on = '-infinity'"),
        update("source_student", "exit_on = '9999-12-31', entry_on = '0001-01-01'"),
        update("source_student", "program_year = 2147483647, gender = '😀', birth_on = '9999-12-31'"),
        update("source_student", f"login = E'{LETTERS}', insurance_number = '{LETTERS}'"),
        update("source_student", "login = E'a\\\\nb@@..;'"),
        "INSERT INTO school.source_staff_function VALUES (1, 77), (99, 1)",
    ],
    ids=lambda value: value.partition(" SET ")[2][:60] or None,
)
def test_what_points_nowhere_costs_nobody_an_account(site: Site, change: str) -> None:
    """Absurd values of one record: its pupil has an account like the others, and so has every teacher."""
    site.enrol(3)
    site.customer.run(change)
    assert site.run().report["reason"] == "Synced"
    assert site.created() == site.linked() == {"S.00001", "S.00002", "S.00003", "P.00001"}
    assert site.run().report["reason"] == "NothingToDo"


def test_who_goes_though_his_exit_is_at_the_end_of_time_has_the_ordinary_grace(site: Site) -> None:
    """Many programs write 31 December 9999, or infinity, where nothing is agreed."""
    site.enrol(12)
    for number, day in ((1, "9999-12-31"), (2, "infinity"), (3, "9999-12-30")):
        site.customer.run(update("source_student", f"exit_on = '{day}'", number))
    assert site.run().report["reason"] == "Synced"
    site.customer.run("UPDATE school.source_student SET class_id = NULL WHERE id < 4")
    assert site.run().report["reason"] == "Synced"
    dates = {sam: row["user_config_delete"] for sam, row in site.customer.users().items()}
    assert (dates["S.00001"], dates["S.00002"]) == ("2026-12-16", "2026-12-16")
    assert dates["S.00003"] == "infinity", "thirty days later than that is never"


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "WIN1252"])
def test_a_database_that_cannot_hold_every_name_is_refused(site: Site, postgres: PostgresServer, encoding: str) -> None:
    """In SQL_ASCII a byte need not even be a letter."""
    name = f"in_{encoding.lower()}"
    postgres.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C' OWNER connect_worker")
    worker = Worker(
        folder=site.worker.folder / name,
        database=postgres.settings(name),
        directory=site.worker.directory,
        today=TODAY,
        forks=site.worker.forks,
    )
    ended = worker.json("run")
    assert (ended.exit_code, ended.report["reason"]) == (2, CONTRACT_BROKEN), ended.stdout
    assert f"has the encoding {encoding}, not UTF8" in ended.report["message"]
    assert "ENCODING 'UTF8'" in ended.report["todo"]
    assert postgres.run("SELECT to_regnamespace('connect') IS NULL", database=name) == "t"
    postgres.drop_database(name)
