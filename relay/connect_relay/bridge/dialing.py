"""Connects to a target on the bridge's allow-list, and to any address."""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from connect_protocol.relay.frames import ResetCode
from connect_relay.errors import RefusedError
from connect_relay.settings import Address, Target

NEXT_SECONDS = 0.25
"""Until one more address is tried beside those that have not answered yet (RFC 8305, section 5)."""
_Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""As getaddrinfo has it."""


async def dial(target: Target, seconds: float) -> socket.socket:
    """A connected TCP socket that does not block; of several addresses the first one that answers.

    Raises RefusedError (TARGET_UNREACHABLE) that names the target, not its address.
    """
    try:
        async with asyncio.timeout(seconds):
            return await connect(target.address)
    except TimeoutError:
        raise _unreachable(target, f"has not answered within {seconds:g} s") from None
    except socket.gaierror as error:
        raise _unreachable(target, f"cannot be reached: {error.strerror}") from error
    except OSError as error:
        # Its own words hold the address, which is nobody's business in the cluster.
        reason = os.strerror(error.errno) if error.errno else "no address"
        raise _unreachable(target, f"cannot be reached: {reason}") from error


async def connect(address: Address) -> socket.socket:
    """A connected TCP socket that does not block; of several addresses the first that answers. Raises OSError.

    One that says nothing holds up nobody: the next is tried beside it.
    """
    found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    attempts: list[asyncio.Task[socket.socket]] = []
    try:
        for place in found:
            attempts.append(asyncio.create_task(_connected(place)))
            if (first := await _first(attempts, None if place is found[-1] else NEXT_SECONDS)) is not None:
                attempts.remove(first)
                return first.result()
        return await attempts.pop()
    finally:
        for attempt in attempts:
            attempt.add_done_callback(_let_go)
            attempt.cancel()


async def _connected(found: _Found) -> socket.socket:
    family, kind, protocol, _, place = found
    connection = socket.socket(family, kind, protocol)
    connection.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(connection, place)
    except BaseException:
        connection.close()
        raise
    return connection


async def _first(
    attempts: Sequence[asyncio.Task[socket.socket]], seconds: float | None
) -> asyncio.Task[socket.socket] | None:
    """Who has connected; None if nobody has in time, or all have failed."""
    waiting = set(attempts)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if (first := next((each for each in done if each.exception() is None), None)) is not None:
                    return first
    return None


def _let_go(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


def _unreachable(target: Target, why: str) -> RefusedError:
    return RefusedError(ResetCode.TARGET_UNREACHABLE, f"target {target.name} {why}")
