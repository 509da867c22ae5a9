"""Ports on loopback: one that is free, and whether somebody listens on one."""

import socket

HOST = "127.0.0.1"


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def listens(port: int) -> bool:
    """Whether a connection is taken."""
    with socket.socket() as attempt:
        return attempt.connect_ex((HOST, port)) == 0
