"""A relay as `doctor` sees it: its name, the proxy, its port, TLS, and whether it would let this bridge in."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from cryptography import x509

from connect_protocol.relay.control import Hello
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_relay.bridge.examination import Area, Chapter, Step
from connect_relay.bridge.proxy import reach
from connect_relay.bridge.relays import resolve_behind
from connect_relay.bridge.ssh_check import SshWay, check_login
from connect_relay.bridge.tls_answer import Answer, ask_who, called, handshake, shown
from connect_relay.bridge.visiting import Visit, visit
from connect_relay.credentials import CA, CERTIFICATE, KEY
from connect_relay.errors import UnreachableError
from connect_relay.rpc import Certificates, Channel
from connect_relay.settings import BridgeSettings, Proxy, RelayName, RelayPlace

CLOCK_SECONDS = 60.0
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""How every HTTP/2 client begins (RFC 9113, section 3.4): the answer comes once the server has let the client in."""
_OTHER_NAME = {62, 64}
"""OpenSSL's numbers of a certificate for another host or address (X509_V_ERR_…_MISMATCH)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GrpcWay:
    """Who goes to relays by gRPC, and how; `seconds`: patience with each step; `tls`: the certificates' folder."""

    settings: BridgeSettings
    seconds: float
    tls: Path
    certificates: Certificates


async def check_relay(relay: RelayName, way: GrpcWay | SshWay) -> list[Step]:
    """Each step of the way to every address of a relay's name, up to the first that fails."""
    chapter = Chapter(area=Area.RELAY, subject=f"relay {relay}")
    proxy = way.settings.proxy.towards(relay.address)
    try:
        async with asyncio.timeout(way.seconds):
            places = sorted(await resolve_behind(way.settings.proxy)(relay), key=lambda place: place.host)
    except (OSError, TimeoutError) as error:
        words = getattr(error, "strerror", None) or "the name server does not answer"
        todo = "Is the name right? Where only an HTTP proxy knows it, give --proxy"
        return [chapter.fault("DNS", f"{relay.address.host}: {words}", todo)]
    steps = [chapter.well("DNS", "left to the proxy" if proxy else ", ".join(place.host for place in places))]
    for place in places:
        steps += await _check_place(place, way, proxy, chapter)
    return steps


async def _check_place(place: RelayPlace, way: GrpcWay | SshWay, proxy: Proxy | None, chapter: Chapter) -> list[Step]:
    name = "TCP" if proxy is None else "proxy"
    try:
        connection = await reach(place.address, proxy, way.seconds)
    except UnreachableError as error:
        todo = error.todo or "Are name and port right, and does a firewall let this machine out to it?"
        return [chapter.fault(name, error.what, todo)]
    found = f"{place.address} answers" if proxy is None else f"{proxy} lets through"
    first = chapter.well(name, found)
    match way:
        case SshWay():
            return [first, await check_login(place, way, connection, chapter)]
        case GrpcWay():
            return [first, *await _Place(place, way, proxy, chapter).check(connection)]


class _Place:
    """One address, by gRPC."""

    def __init__(self, place: RelayPlace, way: GrpcWay, proxy: Proxy | None, chapter: Chapter) -> None:
        self._place = place
        self._way = way
        self._proxy = proxy
        self._chapter = chapter
        self._host = place.relay.address.host

    async def check(self, connection: socket.socket) -> list[Step]:
        try:
            step = await self._shake_hands(connection)
        except (OSError, TimeoutError, UnreachableError) as error:
            words = str(error) or f"no answer within {self._way.seconds:g} s"
            return [self._chapter.fault("TLS", f"the connection is cut: {words}", self._exempt())]
        return [step] if step.todo else [step, *await self._visit()]

    async def _reach(self) -> socket.socket:
        return await reach(self._place.address, self._proxy, self._way.seconds)

    async def _shake_hands(self, connection: socket.socket) -> Step:
        """Who answers, and whether he takes our certificate. Raises OSError, TimeoutError, UnreachableError."""
        try:
            context = _context(self._way.tls)
            reader, writer = await handshake(connection, context, self._host, self._way.seconds)
        except ssl.SSLError as error:
            answer = await ask_who(await self._reach(), self._host, self._way.seconds)
            return self._distrusted(error, answer)
        try:
            answer = shown(writer)
            if not await _is_let_in(reader, writer, self._way.seconds):
                todo = "It has been revoked or replaced, or is for another relay: ask for a new bundle"
                return self._chapter.fault("TLS", "the relay refuses this bridge's certificate", todo, Area.ADMISSION)
        finally:
            writer.transport.abort()
        return self._chapter.well("TLS", str(answer))

    def _distrusted(self, error: ssl.SSLError, answer: Answer) -> Step:
        """Why the answer is not believed: it is nobody of ours, or one of ours with something wrong."""
        ours = called(x509.load_pem_x509_certificate(self._way.certificates.ca).subject)
        now = datetime.now(UTC)
        if answer.issuer != ours:
            found = f"{answer.issuer} answers in the relay's place: TLS is broken open on the way ({answer})"
            return self._chapter.fault("TLS", found, self._exempt())
        if not answer.not_before <= now <= answer.not_after:
            todo = (
                f"Is this machine's clock right? It says {now:%Y-%m-%d %H:%M} UTC. If so, tell whoever runs the relay"
            )
            return self._chapter.fault("TLS", f"{answer}, from {answer.not_before:%Y-%m-%d %H:%M} UTC", todo)
        if getattr(error, "verify_code", 0) in _OTHER_NAME:
            return self._chapter.fault("TLS", f"not for {self._host}: {answer}", "Give --relay one of these names")
        found = f"{answer}, but {getattr(error, 'verify_message', error.reason)}"
        return self._chapter.fault("TLS", found, "The relay's authority is not that of ca.crt: ask for a new bundle")

    def _exempt(self) -> str:
        return f"Let whoever runs firewall and proxy exempt {self._place.relay.address} from TLS inspection"

    async def _visit(self) -> list[Step]:
        settings = self._way.settings
        channel = Channel(
            self._place.address,
            self._way.certificates,
            settings.heartbeat_seconds,
            name=self._host,
            proxy=self._proxy,
        )
        hello = Hello(version=metadata.version("connect"), targets=tuple(target.name for target in settings.targets))
        try:
            found = await visit(channel, hello, self._way.seconds)
        except (StreamBrokenError, ProtocolError, TimeoutError) as error:
            words = str(error) or f"no answer within {self._way.seconds:g} s"
            todo = "If a proxy is on the way, it must let HTTP/2 pass; else tell whoever runs the relay"
            return [self._chapter.fault("admission", words, todo, Area.ADMISSION)]
        finally:
            await channel.close()
        return list(_learnt(found, self._chapter))


def _learnt(visit_: Visit, chapter: Chapter) -> list[Step]:
    there = "1 bridge is" if visit_.bridges == 1 else f"{visit_.bridges} bridges are"
    steps = [
        chapter.well("admission", f"the relay {visit_.relay_version} lets this bridge in; {there} attached now"),
        chapter.well("heartbeat", f"{visit_.round_trip * 1000:.1f} ms there and back"),
    ]
    ahead = visit_.ahead
    if abs(ahead) > CLOCK_SECONDS:
        behind = "behind" if ahead > 0 else "ahead of"
        todo = "Set the clock (timedatectl set-ntp true): certificates are valid by it"
        return [*steps, chapter.warning("clock", f"{abs(ahead):.0f} s {behind} the relay's", todo)]
    return [*steps, chapter.well("clock", f"as the relay's, within {max(1, round(abs(ahead)))} s")]


async def _is_let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> bool:
    """With TLS 1.3 a server looks at the client's certificate last: it has taken it if it goes on talking."""
    writer.write(_HTTP2)
    try:
        async with asyncio.timeout(seconds):
            return bool(await reader.read(1))
    except (ConnectionError, ssl.SSLError):
        return False


def _context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(folder / CA)
    context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    context.set_alpn_protocols(["h2"])
    return context
