"""Where asyncpg's and the socket's exceptions become Connect's own: what was wrong, where, and what to do."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.settings import DatabaseSettings

UNREACHABLE = "DatabaseUnreachable"
LOGIN_FAILED = "DatabaseLoginFailed"
CERTIFICATE_INVALID = "DatabaseCertificateInvalid"
CONTRACT_BROKEN = "DatabaseContractBroken"
ROW_REFUSED = "DatabaseRowRefused"

_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
_BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InterfaceError,
    # asyncpg has lost its place in what the server says, as when that hangs up while nobody asks for anything.
    asyncpg.InternalClientError,
    OSError,
)
_CONTRACT = (
    asyncpg.SyntaxOrAccessError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.DataError,
)


def expected_name(settings: DatabaseSettings) -> str:
    """The name that the server's certificate must bear, whatever address is dialled."""
    return settings.server_name or settings.host


@contextmanager
def connecting(settings: DatabaseSettings) -> Iterator[None]:
    """Map what goes wrong while connecting and signing in.

    Raises ConnectionFailedError (DatabaseUnreachable) or LoginRefusedError (DatabaseLoginFailed,
    DatabaseCertificateInvalid).
    """
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _connect_error(error, settings) from error


@contextmanager
def working(settings: DatabaseSettings) -> Iterator[None]:
    """Map what goes wrong on a connection that stands.

    Raises ConnectionFailedError (DatabaseUnreachable) or ConfigurationError (DatabaseContractBroken,
    DatabaseRowRefused).
    """
    try:
        yield
    except _CONTRACT as error:
        raise _contract_error(error) from error
    except asyncpg.IntegrityConstraintViolationError as error:
        # Its own words hold the whole row, with names and a password that may not be sealed.
        raise _refused_row_error(error) from None
    except _BROKEN as error:
        raise ConnectionFailedError(
            f"the work with the database at {settings} broke off: {_words(error)}",
            todo="Nothing is lost: the next run reads again and finishes the work",
            reason=UNREACHABLE,
        ) from error


def _connect_error(error: Exception, settings: DatabaseSettings) -> ConnectError:
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _certificate_error(error, settings)
    if isinstance(error, ConnectionError) and "SSL" in str(error):
        return LoginRefusedError(
            f"the database at {settings} offers no TLS",
            todo="Turn ssl on in its postgresql.conf; Connect never falls back to an unencrypted connection",
            reason=CERTIFICATE_INVALID,
        )
    if isinstance(error, _REFUSED):
        return LoginRefusedError(
            f"the database at {settings} refuses the login of {settings.username} to {settings.name}: {_words(error)}",
            todo="Check username, password and dbname in the database Secret, and the server's pg_hba.conf",
            reason=LOGIN_FAILED,
        )
    return ConnectionFailedError(
        f"the database at {settings} cannot be reached: {_words(error)}",
        todo="Check host and port in the database Secret, the relay, and that PostgreSQL is running",
        reason=UNREACHABLE,
    )


def _certificate_error(error: ssl.SSLError, settings: DatabaseSettings) -> LoginRefusedError:
    why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
    return LoginRefusedError(
        f"the certificate of the database at {settings} does not verify for the name {expected_name(settings)}: {why}",
        todo="Put the authority's certificate into ca.crt of the database Secret, and into serverName a name that "
        "the server's certificate bears",
        reason=CERTIFICATE_INVALID,
    )


def _contract_error(error: asyncpg.PostgresError) -> ConfigurationError:
    return ConfigurationError(
        f"the database does not hold what Connect expects: {_words(error)}",
        todo="Compare the views connect.source_* with docs/reference/database.md, and run connect-worker migrate",
        reason=CONTRACT_BROKEN,
    )


def _refused_row_error(error: asyncpg.IntegrityConstraintViolationError) -> ConfigurationError:
    return ConfigurationError(
        f"a row of connect.{error.table_name} would break {error.constraint_name or error.column_name}",
        todo="Look for a row of that table that another program has written, such as a second one with the same GUID; "
        "nothing of this step was written",
        reason=ROW_REFUSED,
    )


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error).strip() or type(error).__name__
