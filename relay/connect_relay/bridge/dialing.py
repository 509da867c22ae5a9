"""Connects to a target on the bridge's allow-list, and to any address."""

import asyncio
import os
import socket

from connect_protocol.relay.frames import ResetCode
from connect_relay.errors import RefusedError
from connect_relay.settings import Address, Target


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
    """A connected TCP socket that does not block; of several addresses the first that answers. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    failure: OSError | None = None
    for family, kind, protocol, _, place in found:
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, place)
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure or OSError("no address")


def _unreachable(target: Target, why: str) -> RefusedError:
    return RefusedError(ResetCode.TARGET_UNREACHABLE, f"target {target.name} {why}")
