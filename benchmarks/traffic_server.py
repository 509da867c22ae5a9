"""The server that every path of the relay's benchmark leads to: a process that echoes, sends or swallows.

A connection's first byte says what is wanted of it (Wanted). Threads, and buffers of a megabyte: it is not the limit.
"""

import socket
import threading
from contextlib import suppress
from enum import Enum

HOST = "127.0.0.1"
BUFFER_BYTES = 1 << 20
COUNT_BYTES = 8


class Wanted(Enum):
    """What a client wants of its connection."""

    ECHO = b"e"
    """Every byte back."""
    SOURCE = b"s"
    """Bytes without end."""
    SINK = b"k"
    """Nothing until the client's half-close; then how many bytes came before it, as COUNT_BYTES, and the end."""


def serve(listening: socket.socket) -> None:
    """Serve every connection in a thread of its own, for ever."""
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


def _serve(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        match connection.recv(1):
            case Wanted.ECHO.value:
                _echo(connection)
            case Wanted.SOURCE.value:
                _send(connection)
            case Wanted.SINK.value:
                _swallow(connection)


def _echo(connection: socket.socket) -> None:
    while heard := connection.recv(BUFFER_BYTES):
        connection.sendall(heard)


def _send(connection: socket.socket) -> None:
    buffer = bytes(BUFFER_BYTES)
    while True:
        connection.sendall(buffer)


def _swallow(connection: socket.socket) -> None:
    buffer = bytearray(BUFFER_BYTES)
    count = 0
    while length := connection.recv_into(buffer):
        count += length
    connection.sendall(count.to_bytes(COUNT_BYTES, "big"))


def main() -> None:
    """Print the port, and serve until killed."""
    with socket.create_server((HOST, 0), backlog=1024) as listening:
        print(listening.getsockname()[1], flush=True)
        serve(listening)


if __name__ == "__main__":
    main()
