"""The TCP side of a pump: a socket, driven without asyncio's transports.

Writing thus returns when the kernel has every byte, which is when more may be granted; a write that fails loses nothing
that can still be read; and nothing is read that could not be sent on at once.
"""

import asyncio
import socket
from contextlib import suppress

from connect_protocol.relay.ending import BrokenError, End


class TcpEnd:
    """A connected TCP socket that does not block; nobody else may use it."""

    def __init__(self, connection: socket.socket) -> None:
        """Nothing is read or written yet."""
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self.broken = False
        """Whether it has broken, or is being given up: what looks like its end then is none."""

    async def read(self, most: int) -> bytes:
        """What has come, at most so many bytes; empty at the end. Raises BrokenError."""
        try:
            return await self._loop.sock_recv(self._connection, most)
        except OSError as error:
            raise _broken(error) from error

    async def write(self, payload: bytes | memoryview | bytearray) -> None:
        """Returns when the kernel has every byte. Raises BrokenError."""
        try:
            await self._loop.sock_sendall(self._connection, payload)
        except OSError as error:
            raise self._write_failed(error) from error

    def write_at_once(self, payload: bytes | memoryview) -> int:
        """How many bytes the kernel has taken without a wait. Raises BrokenError."""
        try:
            return self._connection.send(payload)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._write_failed(error) from error

    def end(self) -> None:
        """Half-close. A peer that has closed altogether refuses it; it has all that it wanted."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of the socket: how that looks to the peer, `tcp` has set."""
        self._connection.close()

    def _write_failed(self, error: OSError) -> BrokenError:
        # Having told it here, the socket tells whoever reads of a plain end.
        self.broken = True
        return _broken(error)


def _broken(error: OSError) -> BrokenError:
    return BrokenError.broken(End.RESET_HERE, f"the connection broke: {error.strerror or type(error).__name__}")
