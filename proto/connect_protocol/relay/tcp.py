"""What every TCP socket at an end of a connection is set to."""

import socket
import struct

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_END_ON_CLOSE = struct.pack("ii", 0, 0)
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def prepare(connection: socket.socket) -> None:
    """Send small pieces at once, and notice within a minute that a silent peer is gone. Raises OSError.

    Closing it is a TCP reset until `end_on_close`: a plain end would look as if all had come. It is so from the
    beginning, for the kernel closes the sockets of a process that is killed.
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


def end_on_close(connection: socket.socket) -> None:
    """Let closing be a plain end: all has come."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _END_ON_CLOSE)
