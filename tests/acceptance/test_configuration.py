"""`config`: the configurator's tables as YAML, checked as a whole, and their effect shown before they are saved."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.support.scenario import Office, School
from tests.support.site import Site, assert_discreet, assert_recorded
from tests.support.worker import Ended

SECRETS = {"ad_password", "connect_api_password"}
LOCK = {"locked_by", "lock_reason", "locked_at"}


@pytest.fixture
def school(site: Site) -> Site:
    """Two pupils of level Primar and one of Sek with their teacher, all in the directory."""
    site.enrol(2)
    site.customer.edit_school(
        School(classes={2: {"level": "Sek", "main_teacher_id": None}}, students={3: {"class_id": 2}})
    )
    site.customer.configure({"levels": ["Primar", "Sek"]})
    assert site.run().report["reason"] == "Synced"
    return site


def effects(ended: Ended) -> dict[str, int]:
    return {f"{effect['what']} ({effect['reason']})": effect["count"] for effect in ended.document["effects"]}


def general(site: Site) -> Mapping[str, Any]:
    return site.customer.rows("SELECT * FROM connect.connect_config")[0]


def test_every_column_of_the_configuration_is_exported_but_secrets_and_the_lock(school: Site) -> None:
    """A column that a migration adds is there by itself."""
    columns = school.customer.rows("""
        SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
        WHERE table_schema = 'connect' AND table_name LIKE 'connect\\_config%'""")
    exported = yaml.safe_load(school.worker("config", "export").stdout)
    told = {("connect_config", name) for name in exported["general"]}
    for part, rows in exported.items():
        told |= {(f"connect_config_{part}", name) for row in rows if part != "general" for name in row}
    empty = {f"connect_config_{part}" for part, rows in exported.items() if not rows}
    expected = {(row["table"], row["column"]) for row in columns if row["table"] not in empty}
    assert {f"connect_config_{part}" for part in exported if part != "general"} | {"connect_config"} == {
        row["table"] for row in columns
    }
    assert expected - told == {("connect_config", name) for name in SECRETS | LOCK | {"only_row"}}


def test_what_is_exported_can_be_imported_and_changes_nothing(school: Site) -> None:
    exported = school.worker("config", "export").stdout
    (school.worker.folder / "settings.yaml").write_text(exported)
    ended = school.run("config", "import", str(school.worker.folder / "settings.yaml"))
    assert (ended.exit_code, ended.report["reason"], ended.document["changes"]) == (0, "NothingToDo", [])
    assert school.worker("config", "export").stdout == exported


def test_the_effect_is_told_by_kind_and_reason_and_nothing_is_saved_unasked(school: Site) -> None:
    exported = yaml.safe_load(school.worker("config", "export").stdout)
    exported["level"] = [row for row in exported["level"] if row["level"] != "Sek"]
    exported["general"] |= {"dn_student": "OU=Kinder", "student_company": "Schule"}
    path = school.worker.folder / "settings.yaml"
    path.write_text(yaml.safe_dump(exported))
    asked = school.worker("config", "import", str(path))
    assert asked.exit_code == 2
    assert "level.2: {" in asked.stderr
    assert "general.dn_student: 'OU=Pupils' → 'OU=Kinder'" in asked.stderr
    assert "→ 1 pupils who leave (level not configured): S.00003" in asked.stderr
    assert "Nobody is there to be asked" in asked.stderr
    assert general(school)["dn_student"] == "OU=Pupils"

    saved = school.run("config", "import", str(path), "--yes", "--by", "Frau Keller")
    assert (saved.exit_code, saved.report["reason"]) == (0, "Configured"), saved.stdout
    assert effects(saved) == {
        "groups that end (students and teacher per class)": 1,
        "pupils who are moved (to OU=Kinder,DC=school,DC=test)": 2,
        "pupils who leave (level not configured)": 1,
        "pupils with other attributes (company)": 2,
    }
    assert_recorded(school, saved)
    assert general(school)["dn_student"] == "OU=Kinder"
    acts = school.customer.rows("SELECT sentence FROM connect.connect_change WHERE kind = 'change_configuration'")
    assert "Frau Keller set general.student_company: – → 'Schule'" in {act["sentence"] for act in acts}


def test_single_settings_are_set_by_their_names(school: Site) -> None:
    ended = school.run(
        "config",
        "set",
        "student_lead_days=14",
        "state=",
        "level.1.program_years=[1, 2]",
        "warning.7.blocks=object",
        "group.all_staff.switched_on=false",
        "protected_objects=[Administrator]",
        "--yes",
    )
    assert ended.exit_code == 0, ended.stdout
    shown = school.run("config", "show").document
    assert (shown["general"]["student_lead_days"], shown["general"]["state"]) == (14, None)
    assert shown["level"][0]["program_years"] == [1, 2]
    assert shown["warning"] == [{"code": 7, "blocks": "object"}]
    assert next(row for row in shown["group"] if row["criterion"] == "all_staff")["switched_on"] is False
    assert effects(ended)["groups that end (all staff)"] == 1


def test_every_fault_is_told_at_once_and_nothing_is_saved(school: Site) -> None:
    """First what is no value of its column; then what the tables refuse; then what yields no names."""
    ended = school.run("config", "set", "sync_ad=yes please", "student_lead_days=soon", "nothing=1", "dn", "--yes")
    assert ended.document["error"]["message"].splitlines() == ["'dn' is no NAME=VALUE"]

    types = school.run("config", "set", "sync_ad=yes please", "level.1.password_policy=[]", "--yes")
    assert types.exit_code == 2
    assert types.document["error"]["message"].splitlines() == [
        "general.sync_ad is 'yes please', expected is true or false",
        "level.1.password_policy is [], expected is a whole number",
    ]

    tables = school.run(
        "config", "set", "reserve_days=3", "student_country=Schweiz", "level.1.password_length=4", "--yes"
    )
    message = tables.document["error"]["message"]
    assert [
        part for part in ("reserve_days", "student_country", "level.1", "password_length") if part not in message
    ] == []
    assert len(message.splitlines()) == 3

    names = school.run(
        "config",
        "set",
        "student_name_template=[Nachnahme]",
        "group.all_staff.dn_first_elem=['CN=",
        "mandant.1.student_upn_domain=keine domain",
        "test_prefix=Zu lang und leer",
        "--yes",
    )
    message = names.document["error"]["message"]
    assert [part for part in ("'Nachnahme'", "all_staff", "keine domain", "Zu lang") if part not in message] == []
    assert general(school)["reserve_days"] == 365


def test_a_file_with_unknown_or_doubled_settings_is_refused(school: Site) -> None:
    path = school.worker.folder / "settings.yaml"
    path.write_text("general: {dn: OU=A, dn: OU=B}\n")
    doubled = school.run("config", "import", str(path), "--yes")
    assert "dn stands twice" in doubled.document["error"]["message"]
    path.write_text("general: {dnn: OU=A, ad_password: geheim}\nlevels: []\nlevel: [{position: 1}, {position: 1}]\n")
    ended = school.run("config", "import", str(path), "--yes")
    message = ended.document["error"]["message"]
    says = ("general.dnn is unknown", "ad_password is a secret", "unknown part 'levels'")
    assert [part for part in says if part not in message] == []
    assert "geheim" not in ended.stdout + ended.stderr


def test_the_test_prefix_stays_while_objects_bear_it(school: Site) -> None:
    ended = school.run("config", "set", "test_prefix=T-", "--yes")
    assert (ended.exit_code, ended.document["error"]["reason"]) == (2, "TestPrefixInUse")
    assert "8 linked objects" in ended.document["error"]["message"]
    school.customer.run(
        "UPDATE connect.main_connect_user SET user_object_guid = NULL;"
        "UPDATE connect.main_connect_group SET group_object_guid = NULL;"
    )
    assert school.run("config", "set", "test_prefix=T-", "--yes").exit_code == 0


def test_a_secret_comes_from_a_file_is_sealed_and_never_shown(school: Site) -> None:
    """It is bound to its place, like a user's password, and is sealed anew with the others."""
    (school.worker.folder / "password").write_text("Gehe1m-genug\n")
    refused = school.run("config", "set", "ad_password=Gehe1m-genug", "--yes")
    assert (refused.exit_code, "which no command line may hold" in refused.stdout) == (2, True)
    ended = school.run("config", "set", f"ad_password=@{school.worker.folder / 'password'}", "--yes")
    assert ended.exit_code == 0, ended.stdout
    assert general(school)["ad_password"].startswith("v1.")
    shown = school.run("config", "show")
    assert shown.document["secrets"] == {"ad_password": True, "connect_api_password": False}
    told = ended.stdout + ended.stderr + shown.stdout + school.worker("config", "export").stdout + school.dump()
    assert "Gehe1m" not in told
    assert_discreet(school, ended)
    assert school.run("config", "set", "ad_password=", "--yes").exit_code == 0
    assert general(school)["ad_password"] is None


def test_somebody_who_changes_it_in_between_is_not_overwritten_and_the_lock_is_no_setting(school: Site) -> None:
    exported = school.worker("config", "export").stdout
    school.customer.edit_office(Office(locked="Frau Keller"))
    assert school.worker("config", "export").stdout == exported
    assert school.run("config", "set", "state=ZH", "--yes").exit_code == 0
    assert general(school)["locked_by"] == "Frau Keller"


def test_check_tells_what_is_wrong_in_the_tables_as_they_stand(school: Site) -> None:
    assert school.worker("config", "check").stdout == "The configuration can be used.\n"
    school.customer.run("UPDATE connect.connect_config SET dn = 'nichts', student_name_template = 'Alle'")
    ended = school.run("config", "check")
    assert ended.exit_code == 2
    assert "'nichts' is no DN" in ended.document["error"]["message"]


def test_at_the_introduction_the_effect_is_not_known_yet(site: Site) -> None:
    """A fresh database has neither a base DN nor views: the first import is what changes that."""
    site.customer.run("DROP SCHEMA school CASCADE")
    ended = site.run(
        "config",
        "set",
        "dn=DC=school,DC=test",
        "mandant.1.student_upn_domain=s.example",
        "mandant.1.personal_upn_domain=p.example",
        "--yes",
    )
    assert ended.exit_code == 0, ended.stdout
    assert "source_student is missing" in ended.document["effectUnknown"]
    assert json.loads(ended.stdout)["report"]["reason"] == "Configured"
