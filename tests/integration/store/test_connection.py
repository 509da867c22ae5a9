"""Connecting to a real server, and every way in which that fails."""

import asyncio
import socket
from dataclasses import replace
from typing import Any

import pytest

from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings
from connect_worker.store.connection import Session, application_name, open_session
from tests.support.certificates import create_authority
from tests.support.ports import reserved_port
from tests.support.postgres import PostgresServer, through_socket
from tests.support.round_trips import counting_relay


async def refusal(settings: DatabaseSettings) -> ConnectError:
    """The error that connecting ends with."""
    with pytest.raises(ConnectError) as caught:
        async with open_session(settings, application_name="tests"):
            pass
    assert settings.password.reveal() not in str(caught.value)
    return caught.value


async def test_a_session_is_encrypted_named_and_safe(empty_database: DatabaseSettings) -> None:
    name = application_name("hofen", "1f0c", "pod-7")
    async with open_session(empty_database, application_name=name) as session:
        (row,) = await session.fetch(
            """
            SELECT ssl, application_name, current_setting('search_path') AS search_path,
                current_setting('TimeZone') AS time_zone,
                current_setting('tcp_keepalives_idle') AS idle,
                current_setting('tcp_keepalives_interval') AS interval,
                current_setting('tcp_keepalives_count') AS count
            FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE pid = pg_backend_pid()
            """
        )
    assert row["ssl"] is True
    assert row["application_name"] == "connect-worker hofen 1f0c@pod-7"
    assert (row["search_path"], row["time_zone"]) == ("pg_catalog", "UTC")
    assert (row["idle"], row["interval"], row["count"]) == ("30", "10", "3")


async def test_the_worker_too_notices_a_dead_connection(empty_database: DatabaseSettings) -> None:
    async with open_session(empty_database, application_name="tests") as session:
        connection: Any = session._connection
        connected = connection._transport.get_extra_info("socket")
        options = [
            connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
            connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
        ]
    assert options == [1, 30, 10, 3]


async def test_the_host_itself_is_verified_where_no_other_name_is_given(empty_database: DatabaseSettings) -> None:
    async with open_session(replace(empty_database, server_name=None), application_name="tests") as session:
        assert session.server_version[0] == 15


async def test_a_certificate_for_another_name_is_refused_and_the_name_is_told(empty_database: DatabaseSettings) -> None:
    error = await refusal(replace(empty_database, server_name="db.other.test"))
    assert isinstance(error, LoginRefusedError)
    assert error.reason == "DatabaseCertificateInvalid"
    assert "does not verify for the name db.other.test" in error.what
    assert "serverName" in error.todo


async def test_a_certificate_of_an_unknown_authority_is_refused(empty_database: DatabaseSettings) -> None:
    for ca in (create_authority("Another CA").pem, None):
        error = await refusal(replace(empty_database, ca=ca))
        assert error.reason == "DatabaseCertificateInvalid"
        assert "ca.crt" in error.todo


async def test_a_server_without_tls_is_refused(empty_database: DatabaseSettings, postgres: PostgresServer) -> None:
    postgres.run("ALTER SYSTEM SET ssl = off")
    postgres.run("SELECT pg_reload_conf()")
    try:
        error = await refusal(empty_database)
    finally:
        postgres.run("ALTER SYSTEM RESET ssl")
        postgres.run("SELECT pg_reload_conf()")
    assert isinstance(error, LoginRefusedError)
    assert error.reason == "DatabaseCertificateInvalid"
    assert "offers no TLS" in error.what


async def test_a_ca_that_is_no_certificate_is_a_configuration_error(empty_database: DatabaseSettings) -> None:
    error = await refusal(replace(empty_database, ca="-----BEGIN CERTIFICATE-----\nrubbish"))
    assert isinstance(error, ConfigurationError)
    assert "ca.crt" in error.what


@pytest.mark.parametrize("sslmode", ["disable", "allow", "prefer", "require", "verify-ca", ""])
async def test_nothing_but_full_verification_leaves_this_machine(
    empty_database: DatabaseSettings, sslmode: str
) -> None:
    error = await refusal(replace(empty_database, host="db.school.test", sslmode=sslmode))
    assert isinstance(error, ConfigurationError)
    assert "verify-full" in error.todo


async def test_tls_may_be_disabled_on_loopback_and_on_a_socket(
    empty_database: DatabaseSettings, postgres: PostgresServer
) -> None:
    plain = replace(empty_database, sslmode="disable", ca=None)
    for settings in (plain, through_socket(postgres, plain)):
        async with open_session(settings, application_name="tests") as session:
            (row,) = await session.fetch("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            assert row["ssl"] is False


async def test_a_refused_login_says_which(empty_database: DatabaseSettings) -> None:
    for settings in (
        replace(empty_database, password=Secret("wrong password")),
        replace(empty_database, username="nobody"),
        replace(empty_database, name="nowhere"),
    ):
        error = await refusal(settings)
        assert isinstance(error, LoginRefusedError)
        assert error.reason == "DatabaseLoginFailed"
        assert f"the login of {settings.username} to {settings.name}" in error.what


async def test_a_server_that_is_not_there_is_a_failed_connection(empty_database: DatabaseSettings) -> None:
    with reserved_port() as nobody:
        for settings in (
            replace(empty_database, port=nobody),
            replace(empty_database, host="nowhere.invalid"),
        ):
            error = await refusal(settings)
            assert isinstance(error, ConnectionFailedError)
            assert error.reason == "DatabaseUnreachable"


async def test_a_connection_that_breaks_within_the_run_is_told_as_that(
    empty_database: DatabaseSettings, postgres: PostgresServer
) -> None:
    async with open_session(empty_database, application_name="to be ended") as session:
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to be ended'")
        for _ in range(2):
            with pytest.raises(ConnectionFailedError) as caught:
                await session.fetch("SELECT 1")
            assert caught.value.reason == "DatabaseUnreachable"
        assert not session.is_open


async def test_a_connection_that_breaks_within_a_transaction_shows_its_own_error(
    empty_database: DatabaseSettings, postgres: PostgresServer
) -> None:
    async def broken_off() -> None:
        async with open_session(empty_database, application_name="to be ended") as session, session.transaction():
            postgres.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to be ended'"
            )
            await session.fetch("SELECT 1")

    with pytest.raises(ConnectionFailedError, match="broke off"):
        await broken_off()


async def test_a_deadlock_with_somebody_elses_work_is_worth_another_try(
    database: DatabaseSettings,
) -> None:
    async with open_session(database, application_name="tests") as session:
        with pytest.raises(ConnectionFailedError, match="broke off"):
            await session.execute("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$")
        assert session.is_open


async def test_a_transaction_that_is_broken_off_as_it_begins_does_not_swallow_what_is_written_later(
    database: DatabaseSettings,
) -> None:
    """A run that is told to stop at this very moment still has to record its own end."""

    async def begin(session: Session) -> None:
        async with session.transaction():
            raise AssertionError("it was broken off before")

    def interrupt() -> None:
        beginning.cancel()

    async with counting_relay(database.host, database.port) as relay:
        plain = replace(database, port=relay.port, sslmode="disable", ca=None)
        async with open_session(plain, application_name="tests") as session:
            relay.look = interrupt
            beginning = asyncio.create_task(begin(session))
            with pytest.raises(asyncio.CancelledError):
                await beginning
            relay.look = lambda: None
            await session.execute("CREATE TABLE connect.written_later ()")
    async with open_session(database, application_name="tests") as session:
        (row,) = await session.fetch("SELECT to_regclass('connect.written_later') IS NOT NULL AS is_there")
        assert row["is_there"]
