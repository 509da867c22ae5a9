"""Ports that are kept for those who are to listen on them, and whether somebody listens on one."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"


@contextmanager
def reserved_port(address: str = HOST) -> Iterator[int]:
    """Within: a port that nobody else is given, and that refuses connections until a server comes that is told of it.

    It stays bound and does not listen; a server may bind it too, as both allow reuse.
    """
    with socket.socket() as reservation:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.bind((address, 0))
        yield int(reservation.getsockname()[1])


def listens(port: int) -> bool:
    """Whether a connection is taken."""
    with socket.socket() as attempt:
        return attempt.connect_ex((HOST, port)) == 0
