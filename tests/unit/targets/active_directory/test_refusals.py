"""A refusal says what the directory said, and what it means."""

import pytest

from connect_worker.errors import ConnectionFailedError, LoginRefusedError
from connect_worker.targets.active_directory.answers import Answer
from connect_worker.targets.active_directory.refusals import login_refused, words_of


def _answer(code: int, message: str = "") -> Answer:
    return Answer(request_id=1, code=code, message=message)


@pytest.mark.parametrize(
    "answer",
    [
        _answer(53, "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0"),
        _answer(19, "0000052D: Constraint violation - check_password_restrictions: the password is too short."),
    ],
    ids=["Windows", "Samba"],
)
def test_a_password_that_the_policy_refuses_is_named_as_such(answer: Answer) -> None:
    words = words_of(answer)
    assert words.startswith("the domain's password policy refuses the password")
    assert answer.message in words


def test_a_refusal_that_needs_no_explanation_is_given_in_the_directory_s_words() -> None:
    assert words_of(_answer(32, "no such base")) == "noSuchObject (32): no such base"
    assert words_of(_answer(32)) == "noSuchObject (32)"
    assert words_of(_answer(4711)) == "unknown result (4711)"


def test_a_missing_right_is_said_to_be_one() -> None:
    assert words_of(_answer(50, "00002098: …")).startswith("the account that Connect signs in with lacks the right")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("52e", "the password is wrong"),
        ("525", "there is no such account"),
        ("533", "the account is disabled"),
        ("532", "password has expired"),
        ("701", "the account has expired"),
        ("773", "must change its password first"),
        ("775", "is locked out"),
    ],
)
def test_why_a_login_failed_is_told_from_the_code_in_the_message(data: str, words: str) -> None:
    message = f"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"
    error = login_refused(_answer(49, message), "CN=connect")
    assert isinstance(error, LoginRefusedError)
    assert error.reason == "DirectoryLoginFailed"
    assert words in error.what
    assert "CN=connect" in error.what
    assert error.todo


def test_a_server_that_wants_encryption_says_so() -> None:
    error = login_refused(_answer(8, "BindSimple: Transport encryption required."), "CN=connect")
    assert "StartTLS" in error.todo


def test_a_busy_server_is_no_wrong_password() -> None:
    assert isinstance(login_refused(_answer(51), "CN=connect"), ConnectionFailedError)
