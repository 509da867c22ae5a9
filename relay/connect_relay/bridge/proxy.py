"""Opens a connection through an HTTP proxy, for all that is not gRPC, which does so by itself."""

import asyncio
import os
import socket
from http import HTTPStatus

from connect_relay.bridge.dialing import connect
from connect_relay.errors import UnreachableError
from connect_relay.settings import Address, Proxy

LONGEST_ANSWER = 16 * 1024
_END = b"\r\n\r\n"


async def reach(address: Address, proxy: Proxy | None, seconds: float) -> socket.socket:
    """A connected socket that does not block, to an address, through the proxy if there is one.

    Nothing of what the other side says has been read. Raises UnreachableError, whose words hold no login.
    """
    first = address if proxy is None else proxy.address
    connection = await _connected(first, "the proxy " if proxy else "", seconds)
    if proxy is None:
        return connection
    try:
        async with asyncio.timeout(seconds):
            status = await _ask(connection, proxy, address)
    except BaseException as error:
        connection.close()
        if isinstance(error, TimeoutError):
            raise UnreachableError(
                f"the proxy {proxy} has not answered within {seconds:g} s",
                todo="Does it know the relay's name, and may it reach the relay?",
            ) from None
        if isinstance(error, OSError):
            raise UnreachableError(f"the proxy {proxy} has hung up: {_words(error)}") from error
        raise
    if status != HTTPStatus.OK:
        connection.close()
        raise _refusal(proxy, address, status)
    return connection


async def _connected(address: Address, what: str, seconds: float) -> socket.socket:
    try:
        async with asyncio.timeout(seconds):
            return await connect(address)
    except TimeoutError:
        raise UnreachableError(
            f"{what}{address} has not answered within {seconds:g} s", todo="Does a firewall let this machine out to it?"
        ) from None
    except OSError as error:
        raise UnreachableError(f"{what}{address} cannot be reached: {_words(error)}") from error


async def _ask(connection: socket.socket, proxy: Proxy, address: Address) -> int:
    """Ask for the connection; returns the status of the proxy's answer, 0 if it is none."""
    lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}"]
    if proxy.login:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, "\r\n".join(lines).encode() + _END)
    answer = b""
    # One byte at a time: what follows the answer is for somebody else.
    while not answer.endswith(_END) and len(answer) < LONGEST_ANSWER:
        piece = await loop.sock_recv(connection, 1)
        if not piece:
            break
        answer += piece
    return _status(answer)


def _status(answer: bytes) -> int:
    words = answer.partition(b"\r\n")[0].split(maxsplit=2)
    if len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1].isdigit():
        return int(words[1])
    return 0


def _refusal(proxy: Proxy, address: Address, status: int) -> UnreachableError:
    match status:
        case 0:
            return UnreachableError(f"{proxy} does not answer as an HTTP proxy does", todo="Is it the proxy's port?")
        case HTTPStatus.PROXY_AUTHENTICATION_REQUIRED | HTTPStatus.UNAUTHORIZED if proxy.login:
            return UnreachableError(f"the proxy {proxy} refuses this user and password", todo="Mend them")
        case HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return UnreachableError(
                f"the proxy {proxy} asks for a user and a password", todo="Give them in a file by --proxy-login"
            )
        case HTTPStatus.FORBIDDEN:
            return UnreachableError(
                f"the proxy {proxy} forbids connections to {address} (403)",
                todo="Let whoever runs the proxy allow CONNECT to this host and port",
            )
        case _:
            return UnreachableError(
                f"the proxy {proxy} answers {status} when asked for {address}",
                todo="Can the proxy itself reach the relay?",
            )


def _words(error: OSError) -> str:
    """Without the address, which some messages hold in place of the reason; a name that is none has no number."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or type(error).__name__
