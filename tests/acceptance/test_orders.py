"""What a person orders by a command: asked before it is done, told afterwards, and kept in the audit."""

import pytest

from tests.support.domain import SignIn
from tests.support.scenario import Office
from tests.support.site import Site, assert_discreet, assert_recorded
from tests.support.worker import ENCRYPTION_KEY, NEXT_ENCRYPTION_KEY


@pytest.fixture
def school(site: Site) -> Site:
    """Three pupils and a teacher, in the directory."""
    site.enrol(3)
    assert site.run().report["reason"] == "Synced"
    return site


def outcomes(ended: object) -> dict[str, str]:
    return {told["user"]: told["outcome"] for told in ended.document["passwords"]}  # type: ignore[attr-defined]


def test_passwords_are_given_by_policy_stored_and_set_by_the_next_sync(school: Site) -> None:
    before = school.customer.initial_passwords()
    ended = school.run("password", "reset", "S.00001", "p.00001", "--generate", "--yes", "--by", "Frau Keller")
    assert (ended.exit_code, ended.report["reason"]) == (0, "ResetOrdered"), ended.stdout
    assert outcomes(ended) == {"P.00001": "next_sync", "S.00001": "next_sync"}
    after = school.customer.initial_passwords()
    assert {sam for sam in after if after[sam] != before[sam]} == {"S.00001", "P.00001"}
    assert_discreet(school, ended)
    assert_recorded(school, ended)
    acts = school.customer.rows(
        "SELECT * FROM connect.connect_change WHERE kind = 'order_password_reset' ORDER BY object"
    )
    assert [(act["object"], act["after"]["by"]) for act in acts] == [
        ("P.00001", "Frau Keller"),
        ("S.00001", "Frau Keller"),
    ]
    assert school.run().report["reason"] == "Synced"
    dn = school.domain.objects()["S.00001"].dn
    assert school.domain.sign_in(dn, after["S.00001"]) is SignIn.ACCEPTED


def test_who_is_meant_is_told_and_without_anybody_to_ask_nothing_is_done(school: Site) -> None:
    ended = school.run("password", "reset", "S.00002", "--class", "1", "--generate")
    assert ended.exit_code == 2
    assert "Give 3 users new initial passwords" in ended.stdout
    assert all(f"S.0000{number}" in ended.stderr for number in (1, 2, 3))
    assert "P.00001" not in ended.stderr
    assert not any(row["user_config_password_reset"] for row in school.customer.users().values())


def test_everything_that_cannot_be_done_is_told_at_once(school: Site) -> None:
    ended = school.run("password", "reset", "S.00077", "M.00001", "--class", "9", "--yes")
    assert ended.exit_code == 2
    assert ended.document["error"]["message"].splitlines() == [
        "S.00077: there is no such user",
        "M.00001: there is no such user",
        "class 9 has no pupil with a login that is not on the way out",
    ]


def test_who_is_not_active_or_not_there_gets_the_password_stored_and_that_is_said(school: Site) -> None:
    school.customer.edit_office(
        Office(
            users={
                "S.00001": {"user_status": 1},
                "S.00002": {"user_status": 3, "user_config_has_changed": True},
                "P.00001": {"user_object_guid": None},
            }
        )
    )
    ended = school.run("password", "reset", "S.00001", "S.00002", "S.00003", "P.00001", "--now", "--yes")
    assert (ended.exit_code, ended.report["reason"]) == (0, "PasswordsSet"), ended.stdout
    assert {told["user"]: (told["outcome"], told["why"]) for told in ended.document["passwords"]} == {
        "P.00001": ("stored", "there is no account yet: it is created with this password"),
        "S.00001": ("stored", "it is deactivated: it is set once it is active again"),
        "S.00002": ("stored", "it is immune: it is set once it is active again"),
        "S.00003": ("set", ""),
    }
    assert school.domain.objects()["S.00002"].is_enabled, "nothing but the passwords"
    assert school.customer.users()["S.00002"]["user_config_has_changed"], "the night has still to look at it"


def test_an_account_that_somebody_deleted_keeps_the_flag(school: Site) -> None:
    school.domain.delete("S.00001")
    ended = school.run("password", "reset", "S.00001", "--now", "--yes")
    assert ended.exit_code == 0
    assert ended.document["passwords"][0]["why"] == "its object is not in the directory"
    assert school.customer.users()["S.00001"]["user_config_password_reset"]


def test_keys_are_rotated_with_two_keys_for_a_while_and_the_old_one_is_not_needed_then(school: Site) -> None:
    before = school.customer.rows("SELECT id, user_password, timestamp FROM connect.main_connect_user ORDER BY id")
    school.worker.write("customer", encryptionKey=f"{NEXT_ENCRYPTION_KEY}\n{ENCRYPTION_KEY}")
    ended = school.run("rotate-keys")
    assert (ended.exit_code, ended.report["reason"]) == (0, "KeysRotated"), ended.stdout
    assert ended.report["changes"] == {"reseal": {"done": 4}}
    after = school.customer.rows("SELECT id, user_password, timestamp FROM connect.main_connect_user ORDER BY id")
    assert [row["timestamp"] for row in after] == [row["timestamp"] for row in before]
    assert not {row["user_password"] for row in after} & {row["user_password"] for row in before}

    school.worker.write("customer", encryptionKey=NEXT_ENCRYPTION_KEY)
    again = school.run("rotate-keys")
    assert (again.report["reason"], again.report["changes"]) == (
        "NothingToDo",
        {"reseal": {"current": 4}},
    )
    assert school.run("password", "reset", "S.00001", "--now", "--yes").report["reason"] == "PasswordsSet"


def test_a_key_that_is_missing_names_whose_secrets_need_it_and_the_others_are_rotated(school: Site) -> None:
    school.worker.write("customer", encryptionKey=f"{NEXT_ENCRYPTION_KEY}\n{ENCRYPTION_KEY}")
    assert school.run("password", "reset", "S.00002", "--generate", "--yes").exit_code == 0
    school.worker.write("customer", encryptionKey=NEXT_ENCRYPTION_KEY)
    ended = school.run("rotate-keys")
    assert (ended.exit_code, ended.report["reason"]) == (2, "EncryptionKeyInvalid")
    assert "user:P.00001, user:S.00001, user:S.00003: sealed with the key" in ended.report["message"]
    assert_discreet(school, ended)


def test_a_dump_of_the_database_gives_no_secret_away(school: Site) -> None:
    school.worker.write("customer", encryptionKey=f"{NEXT_ENCRYPTION_KEY}\n{ENCRYPTION_KEY}")
    passwords = set(school.customer.initial_passwords().values())
    assert school.run("password", "reset", "--class", "1", "--generate", "--now", "--yes").exit_code == 0
    assert school.run("rotate-keys").exit_code == 0
    dump = school.dump()
    assert "Muster1" in dump
    assert [secret for secret in (*passwords, *school.secrets(), NEXT_ENCRYPTION_KEY) if secret in dump] == []
