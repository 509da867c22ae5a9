"""gRPC, and the only module that imports it: streams of bytes with TLS 1.3 and certificates on both sides."""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar
from urllib.parse import unquote

from connect_protocol.relay import service

os.environ.update(service.library(os.environ))

# gRPC's Python interface has no setting for the least TLS version, and its library reads this variable once, when it is
# loaded. It names the cipher suites of TLS 1.2 only; this one needs a pre-shared key, which nobody has: so no handshake
# below TLS 1.3 ever succeeds, whichever side of it this process is.
os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-PSK-AES128-CBC-SHA"

# Whether there is a proxy on the way is decided elsewhere, once: this keeps gRPC from looking into NO_PROXY again.
os.environ["no_grpc_proxy"] = ""  # noqa: SIM112 - it is read in lower case

import grpc
import grpc.aio
from cryptography import x509

from connect_protocol.relay.allocator import keep_freed
from connect_protocol.relay.errors import StreamBrokenError
from connect_protocol.relay.identity import Identity
from connect_protocol.relay.pump import FrameStream
from connect_relay.audit import Caller
from connect_relay.descriptors import callers_allowed
from connect_relay.errors import AbortedError, AddressInUseError
from connect_relay.settings import Address, Limits, Proxy, Times
from connect_relay.trust import serial_of

keep_freed()

_OVER = (grpc.aio.BaseError, grpc.RpcError, asyncio.InvalidStateError)
"""What gRPC raises, from case to case, on a call that is over."""
_SAN = "x509_subject_alternative_name"
_CERTIFICATE = "x509_pem_cert"
MOST_CERTIFICATES = 4096
"""So many callers' certificates are kept as they were read: each connection comes with one."""

Message = TypeVar("Message")
Handler = Callable[[FrameStream, Caller], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificates:
    """PEM: our own certificate with its chain, its private key, and the authority that the other side must be of."""

    certificate: bytes
    key: bytes = field(repr=False)
    ca: bytes


class _ServerStream:
    """A call as a stream of frames, at the relay."""

    def __init__(self, context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        self._context = context

    async def receive(self) -> bytes | None:
        message = await _unless_over(self._context.read())
        return None if message is grpc.aio.EOF else message

    async def send(self, frame: bytes) -> None:
        await _unless_over(self._context.write(frame))

    async def end(self) -> None:
        """Nothing to do: a server says its end by returning from the call."""


async def _unless_over(work: Awaitable[bytes | None]) -> bytes | None:
    """A call whose client is gone raises what gRPC's library calls an internal or a usage error."""
    try:
        return await work
    except _OVER as error:
        raise StreamBrokenError("the caller is gone") from error


class Server:
    """The relay's port."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        certificates: Certificates,
        *,
        limits: Limits,
        times: Times,
    ) -> None:
        """Nothing is opened yet."""
        options = (
            *service.server_options(times.heartbeat),
            ("grpc.server_handshake_timeout_ms", int(times.first_frame * 1000)),
            ("grpc.max_allowed_incoming_connections", callers_allowed(limits.calls)),
            # The calls of one client beyond these wait at the client.
            ("grpc.max_concurrent_streams", limits.calls_per_realm),
        )
        self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=limits.calls)
        self._server.add_generic_rpc_handlers((_Handlers(handlers),))
        self._renewed: deque[grpc.ServerCertificateConfiguration] = deque(maxlen=1)
        self._credentials = grpc.dynamic_ssl_server_credentials(
            _configuration(certificates), self._take_renewed, require_client_authentication=True
        )

    def renew(self, certificates: Certificates) -> None:
        """Show these, and ask for these, from the next handshake on; connections that stand go on."""
        self._renewed.append(_configuration(certificates))

    def _take_renewed(self) -> "grpc.ServerCertificateConfiguration | None":
        """What gRPC asks for before each handshake, in a thread of its own; a configuration can be given to it once."""
        try:
            return self._renewed.pop()
        except IndexError:
            return None

    async def start(self, listen: Address) -> int:
        """Listen; returns the port. Raises AddressInUseError."""
        try:
            port = self._server.add_secure_port(str(listen), self._credentials)
        except RuntimeError as error:
            raise AddressInUseError(f"nobody can listen on {listen}", todo="Is another relay running?") from error
        await self._server.start()
        return int(port)

    async def stop(self, grace: float) -> None:
        """Take no new call; those under way get `grace` seconds."""
        await self._server.stop(grace)


def _configuration(certificates: Certificates) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(certificates.key, certificates.certificate)], root_certificates=certificates.ca
    )


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # gRPC comes without types
    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._methods = {
            method: grpc.stream_stream_rpc_method_handler(_behaviour(handler)) for method, handler in handlers.items()
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return self._methods.get(handler_call_details.method)


def _behaviour(handler: Handler) -> Callable[..., Awaitable[None]]:
    async def serve(_requests: object, context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        caller = _caller(context.auth_context(), context.peer())
        try:
            await handler(_ServerStream(context), caller)
        except AbortedError as error:
            code = grpc.StatusCode.PERMISSION_DENIED if error.refused else grpc.StatusCode.ABORTED
            await context.abort(code, str(error))

    return serve


def _caller(facts: Mapping[str, tuple[bytes, ...]], peer: str) -> Caller:
    certificate = _parsed(facts[_CERTIFICATE][0])
    return Caller(
        identity=_identity(facts.get(_SAN, ())),
        # gRPC writes an IPv6 address's brackets as in a URI.
        peer=unquote(peer),
        credential=serial_of(certificate),
        certificate=certificate,
    )


@lru_cache(maxsize=MOST_CERTIFICATES)
def _parsed(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def _identity(names: tuple[bytes, ...]) -> Identity | None:
    """The one identity that a certificate names; None if it names none or several."""
    found = [uri for name in names if (uri := name.decode(errors="replace")).startswith("connect:")]
    try:
        return Identity.parse(found[0]) if len(found) == 1 else None
    except ValueError:
        return None


class ClientStream:
    """A call as a stream of frames, at the bridge."""

    def __init__(self, call: "grpc.aio.StreamStreamCall[bytes, bytes]") -> None:
        self._call = call

    async def receive(self) -> bytes | None:
        """See FrameStream."""
        message = await self._unless_over(self._call.read())
        if message is not grpc.aio.EOF:
            return bytes(message)
        if await self._call.code() is not grpc.StatusCode.OK:
            raise StreamBrokenError(await self._cause())
        return None

    async def send(self, frame: bytes) -> None:
        """See FrameStream."""
        await self._unless_over(self._call.write(frame))

    async def end(self) -> None:
        """See FrameStream."""
        with suppress(StreamBrokenError):
            await self._unless_over(self._call.done_writing())

    def close(self) -> None:
        """End the call, unless it is over."""
        self._call.cancel()

    async def _unless_over(self, work: Awaitable[Message]) -> Message:
        """A call that this end has closed raises CancelledError in whoever waits for it, though nobody cancels him.

        Left as it is, that would end his task without an error, which nobody who watches over tasks is told of.
        """
        try:
            return await work
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            raise StreamBrokenError("this side has closed the connection") from None
        except _OVER as error:
            raise StreamBrokenError(await self._cause()) from error

    async def _cause(self) -> str:
        code = await self._call.code()
        return f"{code.name}: {service.in_plain_words(await self._call.details())}"


def _is_cancelled() -> bool:
    """Whether somebody cancels the task that runs now."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Channel:
    """A bridge's connection to the relay."""

    def __init__(
        self,
        relay: Address,
        certificates: Certificates,
        heartbeat: float,
        *,
        name: str = "",
        proxy: Proxy | None = None,
    ) -> None:
        """`name` is what the relay's certificate must have, where that is not the address's host."""
        credentials = grpc.ssl_channel_credentials(
            root_certificates=certificates.ca,
            private_key=certificates.key,
            certificate_chain=certificates.certificate,
        )
        options = [
            *service.client_options(heartbeat),
            ("grpc.ssl_target_name_override", name or relay.host),
            *_proxy_options(proxy),
        ]
        self._channel = grpc.aio.secure_channel(str(relay), credentials, options=options)

    def call(self, method: str) -> ClientStream:
        """Begin a call. Raises StreamBrokenError when this end has closed the connection."""
        try:
            return ClientStream(self._channel.stream_stream(method)())
        except grpc.aio.UsageError as error:
            raise StreamBrokenError("the connection to the relay is closed") from error

    async def close(self) -> None:
        """End the connection and all calls on it."""
        await self._channel.close()


def _proxy_options(proxy: Proxy | None) -> tuple[tuple[str, int | str], ...]:
    """The login goes as a header: gRPC would take a login in the proxy's URL apart at each @ and colon."""
    if proxy is None:
        return (("grpc.enable_http_proxy", 0),)
    through = ("grpc.http_proxy", str(proxy))
    if not proxy.login:
        return (through,)
    return through, ("grpc.http_connect_headers", f"Proxy-Authorization:{proxy.authorization}")
