"""The last words of an SSH connection: a server tells whom it sends away why, and the client hears it."""

import asyncssh

_LONGEST_WORDS = 500


def send_away(connection: asyncssh.SSHServerConnection, reason: str) -> None:
    """End the connection (SSH_MSG_DISCONNECT: RFC 4253, 11.1); a stock ssh shows its user the reason.

    The code is not "by application", whose reason asyncssh keeps from those who are connected.
    """
    connection.disconnect(asyncssh.DISC_SERVICE_NOT_AVAILABLE, reason[:_LONGEST_WORDS])


def farewell(end: Exception | None) -> str:
    """What the server has said of the end that a client's `connection_lost` is told; empty if it said nothing."""
    said = isinstance(end, asyncssh.DisconnectError) and end.code == asyncssh.DISC_SERVICE_NOT_AVAILABLE
    return " ".join(str(end).split())[:_LONGEST_WORDS] if said else ""
