"""Signing in with Kerberos: a ticket for this directory, bound to this TLS connection (RFC 4752, RFC 5929)."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA256, Hash
from ldap3 import Connection
from ldap3.protocol.sasl import sasl

from connect_worker.settings import Keytab
from connect_worker.targets.active_directory.answers import Answer, ResultCode
from connect_worker.targets.active_directory.kerberos import KerberosContext

MECHANISM = "GSSAPI"
_NO_LAYER = bytes([1, 0, 0, 0])
"""Neither signed nor sealed: TLS does both."""
_WEAK = (MD5, SHA1)
_send: Any = sasl.send_sasl_negotiation


def bind_with_keytab(connection: Connection, keytab: Keytab, host: str) -> Answer:
    """Sign in on an open TLS connection to `host`; the directory's last answer. Raises KerberosError, and as ldap3."""
    with KerberosContext(
        principal=keytab.principal,
        keytab=keytab.path,
        service=f"ldap@{host}",
        certificate_hash=certificate_hash(connection.socket.getpeercert(binary_form=True)),
    ) as context:
        return negotiate(connection, context)


def negotiate(connection: Connection, context: KerberosContext) -> Answer:
    """Pass tokens to and fro until both know each other, then agree on no layer below LDAP."""
    token = b""
    while not context.is_complete:
        answer, token = _ask(connection, context.step(token))
        if answer.code != ResultCode.SASL_BIND_IN_PROGRESS:
            return answer
    context.unwrap(token)
    return _ask(connection, context.wrap(_NO_LAYER))[0]


def certificate_hash(certificate: bytes) -> bytes:
    """A certificate (DER), hashed as its signature is, but never with what is broken."""
    used = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    digest = Hash(SHA256() if used is None or isinstance(used, _WEAK) else used)
    digest.update(certificate)
    return digest.finalize()


def _ask(connection: Connection, token: bytes) -> tuple[Answer, bytes]:
    """Send a token; the answer, and the token that came with it."""
    result = _send(connection, None, token)
    answer = Answer(request_id=0, code=result["result"], message=result["message"].rstrip("\x00"))
    return answer, result.get("saslCreds") or b""
