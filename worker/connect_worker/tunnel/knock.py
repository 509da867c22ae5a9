"""Why a relay does not let us in: asked with plain TLS, for gRPC tells no more than that the socket was closed."""

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from cryptography import x509

from connect_worker.errors import ConnectError
from connect_worker.settings import GrpcRelay
from connect_worker.tunnel import failures
from connect_worker.tunnel.base import Obstacle, PassedOverError
from connect_worker.tunnel.places import Place

KNOCK_SECONDS = 10
SOON_DAYS = 30
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""How every HTTP/2 client begins (RFC 9113, section 3.4): the server's answer comes once it has let the client in."""


async def knock(settings: GrpcRelay, place: Place) -> PassedOverError | None:
    """What keeps us out, as the error to raise; None if the relay lets us in."""
    try:
        async with asyncio.timeout(KNOCK_SECONDS):
            let_in = await _says_hello(settings, place)
    except ssl.SSLCertVerificationError as fault:
        return _not_admitted(failures.relay_not_trusted(place.name, fault.verify_message.rstrip(".")))
    except TimeoutError:
        return _unreachable(place, f"no answer within {KNOCK_SECONDS} s")
    except OSError as fault:
        return _unreachable(place, _words(fault))
    return None if let_in else _not_admitted(failures.refused(_refusal(settings, place)))


def valid_until(settings: GrpcRelay) -> datetime:
    """When the worker's certificate ends (UTC)."""
    return x509.load_pem_x509_certificate(settings.certificate.encode()).not_valid_after_utc


def validity(end: datetime, now: datetime) -> str:
    """Until when a certificate is valid, and what to do if that is soon."""
    left = (end - now).days
    warning = f" ({left} days: have it renewed, connect-relay pki renew)" if left < SOON_DAYS else ""
    return f"until {end:%Y-%m-%d}{warning}"


def _not_admitted(failure: ConnectError) -> PassedOverError:
    return PassedOverError(Obstacle.NOT_ADMITTED, failure)


def _unreachable(place: Place, why: str) -> PassedOverError:
    return PassedOverError(Obstacle.UNREACHABLE, failures.relay_unreachable(place.name, why))


async def _says_hello(settings: GrpcRelay, place: Place) -> bool:
    """With TLS 1.3 a server looks at the client's certificate last: it has taken it if it goes on talking."""
    reader, writer = await asyncio.open_connection(
        place.host, place.port, ssl=_context(settings), server_hostname=place.server_name
    )
    try:
        writer.write(_HELLO)
        return bool(await reader.read(1))
    except (ConnectionError, ssl.SSLError):
        return False
    finally:
        writer.transport.abort()


def _context(settings: GrpcRelay) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=settings.ca)
    context.set_alpn_protocols(["h2"])
    with _in_memory(f"{settings.certificate}\n{settings.key.reveal()}\n") as path:
        context.load_cert_chain(path)
    return context


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """A path to read this text from, once: Python's TLS takes a key from a file only, and no disk shall hold it."""
    descriptor = os.memfd_create("relay")
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _words(fault: OSError) -> str:
    """Without the address, which asyncio writes in place of the reason. A name that is none has a number below zero."""
    if fault.errno is not None and fault.errno > 0:
        return os.strerror(fault.errno)
    return fault.strerror or type(fault).__name__


def _refusal(settings: GrpcRelay, place: Place) -> str:
    return (
        f"the relay at {place.name} refuses the worker's certificate, which is valid until "
        f"{valid_until(settings):%Y-%m-%d}: it has expired, or another authority than the relay's has signed it"
    )
