"""Targets in SSH's words."""

import pytest

from connect_protocol.relay.frames import Reset, ResetCode
from connect_relay.errors import RefusedError
from connect_relay.ssh_names import TargetName, read_target
from connect_relay.ssh_stream import reset_told, told


@pytest.mark.parametrize(
    ("host", "port", "realm", "name"),
    [
        ("database", 5432, "school-a", "database"),
        ("database", 1, "school-a", "database"),
        ("school-a/database", 5432, "school-a", "database"),
        ("school-b/database", 5432, "school-b", "database"),
        ("localhost", 5432, "school-a", "database"),
        ("", 636, "school-a", "directory"),
        ("*", 3269, "school-a", "global-catalog"),
        ("127.0.0.1", 389, "school-a", "port-389"),
    ],
)
def test_a_host_and_a_port_name_a_target(host: str, port: int, realm: str, name: str) -> None:
    assert read_target(host, port, "school-a") == TargetName(realm=realm, name=name)


@pytest.mark.parametrize(
    "host",
    [
        "/",
        "/database",
        "school-a/",
        "a" * 64,
        "school-a/" + "a" * 64,
        "Database",
        "db.school-a",
        "data base",
        "-db",
        "a=b",
        "db\n",
        "d\u202eb",
        "school a/database",
        "x/school-a/database",
    ],
)
def test_what_names_no_target_is_refused(host: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_target(host, 5432, "school-a")
    assert refused.value.reset.code is ResetCode.REFUSED
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()


def test_a_reset_that_was_put_into_words_is_read_again() -> None:
    reset = Reset(code=ResetCode.UNKNOWN_TARGET, message="target x: not on the list")
    assert reset_told(told(reset), "x") == reset


@pytest.mark.parametrize("text", ["Connection refused", "connect: No route to host", ""])
def test_what_a_stock_ssh_says_is_a_target_not_reached(text: str) -> None:
    reset = reset_told(text, "database")
    assert reset.code is ResetCode.TARGET_UNREACHABLE
    assert reset.message == f"target database cannot be reached: {text or 'the bridge gives no reason'}"
