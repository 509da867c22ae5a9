"""One connection to the customer's database: verified, kept alive, with bounded waits."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import asyncpg

from connect_worker.errors import ConfigurationError
from connect_worker.settings import DatabaseSettings, is_on_this_machine
from connect_worker.store.faults import CERTIFICATE_INVALID, CONTRACT_BROKEN, connecting, expected_name, working
from connect_worker.store.row import Row

CONNECT_SECONDS = 10
COMMAND_SECONDS = 300
CLOSE_SECONDS = 5
KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 30, 10, 3
NAME_LENGTH = 63  # PostgreSQL cuts longer application names


class Session:
    """A signed-in connection whose errors are Connect's own.

    Every method raises ConnectionFailedError when the connection breaks or an answer takes longer than
    COMMAND_SECONDS, and ConfigurationError when a table, view, column or right is missing.
    """

    def __init__(self, connection: asyncpg.Connection, settings: DatabaseSettings) -> None:
        self._connection = connection
        self._settings = settings

    async def fetch(self, query: str, *arguments: object, within: float | None = None) -> Sequence[Row]:
        """The rows of one statement; `within` that many seconds instead of COMMAND_SECONDS."""
        with working(self._settings):
            return await self._connection.fetch(query, *arguments, timeout=within)

    async def execute(self, script: str) -> None:
        """Run statements without arguments and without result, all in one round trip."""
        with working(self._settings):
            await self._connection.execute(script)

    async def copy(
        self, table: str, columns: Sequence[str], records: Iterable[Sequence[object]], *, schema: str = "pg_temp"
    ) -> None:
        """COPY records into a table."""
        with working(self._settings):
            await self._connection.copy_records_to_table(
                table, schema_name=schema, columns=list(columns), records=records
            )

    @asynccontextmanager
    async def transaction(
        self, isolation: Literal["read_committed", "repeatable_read"] | None = None, *, readonly: bool = False
    ) -> AsyncIterator[None]:
        """One transaction; inside another one, a savepoint."""
        with working(self._settings):
            outermost = not self._connection.is_in_transaction()
            transaction = self._connection.transaction(isolation=isolation, readonly=readonly)
        async with self._never_left_open(outermost=outermost):
            await transaction.start()
        try:
            yield
        except BaseException:
            if self.is_open:
                with working(self._settings):
                    await transaction.rollback()
            raise
        async with self._never_left_open(outermost=outermost):
            await transaction.commit()

    @asynccontextmanager
    async def _never_left_open(self, *, outermost: bool) -> AsyncIterator[None]:
        """A BEGIN that was broken off may have been heard: what is written later would vanish with its transaction."""
        try:
            with working(self._settings):
                yield
        except BaseException:
            if outermost and self.is_open:
                with working(self._settings):
                    await self._connection.execute("ROLLBACK")
            raise

    @property
    def is_open(self) -> bool:
        """Whether the connection still stands, as far as is known here."""
        return not self._connection.is_closed()

    @property
    def server_version(self) -> tuple[int, int]:
        """Major and minor version of the server."""
        version = self._connection.get_server_version()
        return version.major, version.minor


@asynccontextmanager
async def open_session(settings: DatabaseSettings, *, application_name: str) -> AsyncIterator[Session]:
    """Connect, sign in, and close at the end, whatever happened.

    Raises ConnectionFailedError, LoginRefusedError, ConfigurationError (sslmode or ca that cannot be used).
    """
    tls = tls_context(settings)
    host, port = settings.dialled
    with connecting(settings):
        connection = await asyncpg.connect(
            host=host,
            port=port,
            database=settings.name,
            user=settings.username,
            password=settings.password.reveal(),
            ssl=tls or False,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            connection_class=_KeptAlive,
            server_settings=_server_settings(application_name),
        )
    try:
        _require_unicode(connection, settings)
        yield Session(connection, settings)
    finally:
        await _close(connection)


def _require_unicode(connection: asyncpg.Connection, settings: DatabaseSettings) -> None:
    """Names are any script's, and in another encoding a byte need not be a letter at all."""
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        raise ConfigurationError(
            f"the database {settings.name} at {settings} has the encoding {encoding}, not UTF8",
            todo="Restore a dump of it into a database that was made with ENCODING 'UTF8'",
            reason=CONTRACT_BROKEN,
        )


def application_name(realm: str, run_id: str, host: str) -> str:
    """What the database's administrator, and a run that waits for the lock, see of a run."""
    room = NAME_LENGTH - len(f"connect-worker {realm} @{host}")
    shortest_id = 8
    return f"connect-worker {realm} {run_id[: max(room, shortest_id)]}@{host}"[:NAME_LENGTH]


def tls_context(settings: DatabaseSettings) -> ssl.SSLContext | None:
    """How to verify the server; None: without TLS, which only a server on this machine itself may be asked for.

    Raises ConfigurationError (DatabaseCertificateInvalid).
    """
    if settings.sslmode == "disable" and settings.tunnel_port is None and is_on_this_machine(settings.host):
        return None
    if settings.sslmode != "verify-full":
        raise ConfigurationError(
            f"sslmode {settings.sslmode} is not allowed for the database at {settings}",
            todo="Use verify-full; disable is for loopback addresses and Unix sockets only",
            reason=CERTIFICATE_INVALID,
        )
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.expected_name = expected_name(settings)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trust(context, settings.ca)
    return context


class _NamedContext(ssl.SSLContext):
    """Verifies the name of the server meant; asyncpg would verify the address dialled, which may be a relay's end."""

    expected_name: str

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,  # noqa: ARG002 - the dialled address
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.expected_name, session)


def _trust(context: ssl.SSLContext, ca: str | None) -> None:
    if ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return
    try:
        context.load_verify_locations(cadata=ca)
    except ssl.SSLError as error:
        raise ConfigurationError(
            "ca.crt of the database Secret is no certificate in PEM",
            todo="Put the certificate of the authority there that signed the database's certificate",
            reason=CERTIFICATE_INVALID,
        ) from error


class _KeptAlive(asyncpg.Connection):
    """Notices within a minute that the other end, or the relay between, is gone."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        connected = transport.get_extra_info("socket")
        if connected.family in {socket.AF_INET, socket.AF_INET6}:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_COUNT)


def _server_settings(application_name: str) -> dict[str, str]:
    return {
        "application_name": application_name,
        "search_path": "pg_catalog",
        "timezone": "UTC",
        "datestyle": "ISO",
        "jit": "off",
        # The server frees a killed worker's lock within two minutes.
        "tcp_keepalives_idle": str(KEEPALIVE_IDLE),
        "tcp_keepalives_interval": str(KEEPALIVE_INTERVAL),
        "tcp_keepalives_count": str(KEEPALIVE_COUNT),
    }


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
