"""asyncpg's words in Connect's errors."""

import asyncpg
import pytest

from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError
from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import application_name
from connect_worker.store.faults import connecting, working

SETTINGS = DatabaseSettings(host="db.test", port=5432, name="school", username="worker", password=Secret("secret"))


def test_a_server_that_never_answers_is_unreachable() -> None:
    with (
        pytest.raises(ConnectionFailedError, match=r"db\.test:5432 cannot be reached: no answer in time"),
        connecting(SETTINGS),
    ):
        raise TimeoutError


def test_a_server_with_too_many_connections_is_unreachable_for_now() -> None:
    with pytest.raises(ConnectionFailedError, match="too many"), connecting(SETTINGS):
        raise asyncpg.TooManyConnectionsError("too many clients")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (asyncpg.UndefinedTableError("no view"), ConfigurationError),
        (asyncpg.UndefinedColumnError("no column"), ConfigurationError),
        (asyncpg.InsufficientPrivilegeError("no right"), ConfigurationError),
        (asyncpg.DatatypeMismatchError("no such type"), ConfigurationError),
        (asyncpg.ConnectionDoesNotExistError("gone"), ConnectionFailedError),
        (asyncpg.AdminShutdownError("going down"), ConnectionFailedError),
        (asyncpg.DeadlockDetectedError("deadlock"), ConnectionFailedError),
        (asyncpg.InternalClientError("got result for unknown protocol state 0"), ConnectionFailedError),
        (ConnectionResetError("reset"), ConnectionFailedError),
        (TimeoutError(), ConnectionFailedError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_fault_of_a_standing_connection_has_its_error(fault: Exception, kind: type[ConnectError]) -> None:
    with pytest.raises(kind) as caught, working(SETTINGS):
        raise fault
    assert type(caught.value) is kind
    assert caught.value.__cause__ is fault


def test_a_fault_of_the_program_stays_what_it_is() -> None:
    with pytest.raises(KeyError), working(SETTINGS):
        raise KeyError("twice")


def test_a_long_application_name_keeps_the_realm_and_loses_the_end_of_the_run_id() -> None:
    name = application_name("hofen", "11111111-2222-3333-4444-555555555555", "connect-hofen-29384756-abcde")
    assert len(name) == 63
    assert name.startswith("connect-worker hofen 11111111")
    assert name.endswith("@connect-hofen-29384756-abcde")
