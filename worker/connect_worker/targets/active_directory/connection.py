"""Opening a connection to the directory: encrypted and verified, or not at all."""

import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ldap3 import NONE, SASL, SYNC, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException

from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.settings import LOOPBACK, DirectorySettings, is_on_this_machine
from connect_worker.targets.active_directory.answers import Answer
from connect_worker.targets.active_directory.kerberos import KerberosError
from connect_worker.targets.active_directory.refusals import login_refused
from connect_worker.targets.active_directory.sasl import MECHANISM, bind_with_keytab

CONNECT_TIMEOUT_SECONDS = 10
ANSWER_TIMEOUT_SECONDS = 60
_PORTS = {"ldap": 389, "ldaps": 636}
CATALOG_PORTS = {"ldap": 3268, "ldaps": 3269}


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where to connect, and how the connection is protected. `server_name` is what the certificate must name.

    `tunnel_port`: this end of a tunnel that leads there.
    """

    host: str
    port: int
    server_name: str
    tls_at_once: bool
    start_tls: bool
    tunnel_port: int | None = None

    @property
    def dialled(self) -> tuple[str, int]:
        """Host and port to connect to."""
        return (self.host, self.port) if self.tunnel_port is None else (LOOPBACK, self.tunnel_port)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" + (" behind the relay" if self.tunnel_port is not None else "")


class VerifiedTls(Tls):
    """TLS that accepts the one expected name only, and remembers why it refused a certificate.

    ldap3's own check also accepts the host that was dialled: behind a tunnel that is a loopback address.
    """

    def __init__(self, server_name: str, ca: str | None) -> None:
        """`ca`: PEM text; None trusts the system's authorities. Raises ssl.SSLError when it holds no certificate."""
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._server_name = server_name
        self._context = ssl.create_default_context(cadata=ca)
        # From Python 3.13 on the default refuses authorities without a key usage, which many a school's own are.
        self._context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self.refused: ssl.SSLCertVerificationError | None = None

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002 - ldap3's signature
        """Put TLS on the connection's socket. Raises ssl.SSLError, and ldap3 loses all of it but the text."""
        try:
            connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._server_name)
        except ssl.SSLCertVerificationError as refused:
            self.refused = refused
            raise


def address_of(settings: DirectorySettings) -> Address:
    """Take the URL apart. Raises ConfigurationError for a URL that is none, and for plain LDAP to another machine."""
    url = urlsplit(settings.url)
    try:
        port = url.port
    except ValueError:
        port = -1
    if url.scheme not in _PORTS or not url.hostname or port == -1:
        raise ConfigurationError(
            f"the directory's url {settings.url!r} is none: it should look like ldaps://dc1.school.example"
        )
    start_tls = url.scheme == "ldap" and settings.start_tls
    is_here = settings.tunnel_port is None and is_on_this_machine(url.hostname)
    if url.scheme == "ldap" and not start_tls and not is_here:
        raise ConfigurationError(
            f"the directory's url {settings.url!r} is not encrypted, and {url.hostname} is another machine",
            todo="Use ldaps://, or leave StartTLS on",
            reason="DirectoryNotEncrypted",
        )
    return Address(
        host=url.hostname,
        port=port or _PORTS[url.scheme],
        server_name=settings.server_name or url.hostname,
        tls_at_once=url.scheme == "ldaps",
        start_tls=start_tls,
        tunnel_port=settings.tunnel_port,
    )


def connect(settings: DirectorySettings, *, answer_timeout: int = ANSWER_TIMEOUT_SECONDS) -> Connection:
    """Open a connection and sign in. An answer that does not come within so many seconds breaks the connection.

    Encrypting and signing in must go faster: who takes the connection and then says nothing is no directory.
    Raises ConfigurationError, LoginRefusedError (account or certificate), ConnectionFailedError.
    """
    address = address_of(settings)
    tls = _tls(settings, address)
    host, port = address.dialled
    server = Server(
        host,
        port=port,
        use_ssl=address.tls_at_once,
        get_info=NONE,
        tls=tls,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
    )
    connection = Connection(
        server,
        client_strategy=SYNC,
        auto_referrals=False,
        auto_range=False,
        check_names=False,
        receive_timeout=min(CONNECT_TIMEOUT_SECONDS, answer_timeout),
        **_login(settings),
    )
    try:
        _open(connection, address)
    except (LDAPException, OSError) as fault:
        _abandon(connection)
        raise _unreachable(address, tls, fault) from fault
    _sign_in(connection, settings, address)
    connection.receive_timeout = answer_timeout
    connection.socket.settimeout(answer_timeout)
    return connection


def _open(connection: Connection, address: Address) -> None:
    connection.open(read_server_info=False)
    # What ends TLS's handshake waits for no answer: without this, the request after it would, for 40 ms.
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.start_tls:
        connection.start_tls(read_server_info=False)


def _login(settings: DirectorySettings) -> dict[str, Any]:
    """How ldap3 is told who signs in."""
    if settings.keytab is None:
        return {"user": settings.bind_dn, "password": settings.password.reveal()}
    return {"authentication": SASL, "sasl_mechanism": MECHANISM, "sasl_credentials": ()}


def _sign_in(connection: Connection, settings: DirectorySettings, address: Address) -> None:
    try:
        answer = _bind(connection, settings, address)
    except (LDAPException, OSError) as fault:
        _abandon(connection)
        raise _broken(address, fault) from fault
    except KerberosError as fault:
        connection.unbind()
        raise _kerberos_failed(settings, fault) from fault
    if answer.code:
        connection.unbind()
        raise login_refused(answer, settings.bind_dn)


def _bind(connection: Connection, settings: DirectorySettings, address: Address) -> Answer:
    if settings.keytab is not None:
        return bind_with_keytab(connection, settings.keytab, address.server_name)
    connection.bind(read_server_info=False)
    result = connection.result
    return Answer(request_id=0, code=result["result"], message=result["message"].rstrip("\x00"))


def _kerberos_failed(settings: DirectorySettings, fault: KerberosError) -> ConnectError:
    if fault.is_unreachable:
        return ConnectionFailedError(
            f"no key distribution centre of {settings.bind_dn} answers: {fault}",
            todo="Check that krb5.conf or DNS leads to one, and that it runs",
            reason="DirectoryUnreachable",
        )
    return LoginRefusedError(
        f"Kerberos does not sign in {settings.bind_dn}: {fault}",
        todo="Check principal and keytab of the directory Secret, the name in its url, and that no clock is wrong",
        reason="DirectoryLoginFailed",
    )


def _abandon(connection: Connection) -> None:
    """Close what ldap3 leaves open when a connection fails half way."""
    if connection.socket is not None:
        connection.socket.close()


def _tls(settings: DirectorySettings, address: Address) -> VerifiedTls:
    try:
        return VerifiedTls(address.server_name, settings.ca)
    except ssl.SSLError as fault:
        raise ConfigurationError(
            "the directory's ca.crt holds no certificate",
            todo="Put the PEM text of the authority there that has signed the directory's certificate",
        ) from fault


def _unreachable(address: Address, tls: VerifiedTls, fault: Exception) -> ConnectError:
    if tls.refused is not None:
        return LoginRefusedError(
            f"the certificate of the directory at {address} is refused; expected is one for {address.server_name}: "
            f"{tls.refused.verify_message.rstrip('.')}",
            todo="Put the authority that signed it into ca.crt, and the name that it was made for into serverName",
            reason="DirectoryCertificateInvalid",
        )
    return _broken(address, fault)


def _broken(address: Address, fault: Exception) -> ConnectionFailedError:
    return ConnectionFailedError(
        f"the directory at {address} does not answer: {fault}",
        todo="Check that it runs, that host and port are right, and that the network or the tunnel leads there",
        reason="DirectoryUnreachable",
    )
