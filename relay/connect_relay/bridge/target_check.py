"""A target as `doctor` sees it: its name, its port, and a word of its protocol. Nobody logs in."""

import asyncio
import socket
import struct
from datetime import UTC, datetime

from connect_relay.bridge.dialing import dial
from connect_relay.bridge.examination import Area, Chapter, Step
from connect_relay.bridge.tls_answer import ask_who
from connect_relay.errors import RefusedError
from connect_relay.settings import Target

SOON_DAYS = 30
_POSTGRES_TLS = struct.pack("!II", 8, 80877103)
"""SSLRequest (PostgreSQL's documentation, "Message Formats")."""
_START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
"""An extended request, number 1, that asks for StartTLS (RFC 4511, section 4.14)."""
_SUCCESS = b"\x0a\x01\x00"
_LDAP_ANSWER = 0x30
_POSTGRES_PORT, _LDAP_PORTS, _LDAPS_PORTS = 5432, {389, 3268}, {636, 3269}


async def check_target(target: Target, seconds: float) -> list[Step]:
    """Each step of the way to a target, up to the first that fails."""
    chapter = Chapter(area=Area.TARGET, subject=f"target {target.name} {target.address}")
    try:
        steps = [chapter.well("DNS", await _addresses(target, seconds))]
    except OSError as error:
        todo = "Is the name right, and does this machine ask the school's own name server?"
        return [chapter.fault("DNS", f"{target.address.host}: {error.strerror or 'no answer'}", todo)]
    try:
        connection = await dial(target, seconds)
    except RefusedError as refused:
        todo = "Does the server run there, and does a firewall let this machine reach it?"
        return [*steps, chapter.fault("TCP", str(refused), todo)]
    steps.append(chapter.well("TCP", "connected"))
    try:
        async with asyncio.timeout(seconds):
            return [*steps, *await _speak(target, connection, chapter, seconds)]
    except (OSError, TimeoutError) as error:
        found = f"has not answered within {seconds:g} s" if isinstance(error, TimeoutError) else f"hangs up: {error}"
        return [*steps, chapter.fault("protocol", found, "Is it the right port?")]
    finally:
        connection.close()


async def _addresses(target: Target, seconds: float) -> str:
    address = target.address
    try:
        async with asyncio.timeout(seconds):
            found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise OSError(0, f"the name server has not answered within {seconds:g} s") from None
    return ", ".join(dict.fromkeys(str(place[0]) for *_, place in found))


async def _speak(target: Target, connection: socket.socket, chapter: Chapter, seconds: float) -> list[Step]:
    """Begin as Connect's worker would. Raises OSError, TimeoutError."""
    port = target.address.port
    if target.name == "database" or port == _POSTGRES_PORT:
        refusal = await _postgres(connection, chapter)
    elif port in _LDAP_PORTS:
        refusal = await _start_tls(connection, chapter)
    elif target.name in {"directory", "global-catalog"} or port in _LDAPS_PORTS:
        refusal = None
    else:
        return []
    if refusal is not None:
        return [refusal]
    answer = await ask_who(connection.dup(), target.address.host, seconds)
    if answer.not_after < datetime.now(UTC):
        return [chapter.fault("TLS", str(answer), "The certificate has expired: give the server a new one")]
    if answer.days_left < SOON_DAYS:
        return [chapter.warning("TLS", str(answer), f"{answer.days_left} days left: give the server a new one in time")]
    return [chapter.well("TLS", str(answer))]


async def _postgres(connection: socket.socket, chapter: Chapter) -> Step | None:
    """What keeps PostgreSQL from speaking TLS, if something does."""
    match await _ask(connection, _POSTGRES_TLS, 1):
        case b"S":
            return None
        case b"N":
            return chapter.fault("PostgreSQL", "speaks no TLS", "Connect needs it: set ssl = on in postgresql.conf")
        case _:
            return chapter.fault("PostgreSQL", "something else answers", "Is it the database's port?")


async def _start_tls(connection: socket.socket, chapter: Chapter) -> Step | None:
    """What keeps a directory from speaking TLS on its plain port, if something does."""
    answer = await _ask(connection, _START_TLS, 4096)
    if not answer or answer[0] != _LDAP_ANSWER:
        return chapter.fault("LDAP", "something else answers", "Is it the directory's port?")
    if _SUCCESS not in answer:
        return chapter.fault("LDAP", "speaks no StartTLS", "Give the domain controller a certificate, or use port 636")
    return None


async def _ask(connection: socket.socket, question: bytes, most: int) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, question)
    return await loop.sock_recv(connection, most)
