"""What can go wrong on a connection that is carried over SSH."""


class ChannelBrokenError(Exception):
    """The channel is gone before its time: closed without an end, or with the SSH connection under it."""


class ConnectionLostError(ChannelBrokenError):
    """The SSH connection itself is gone, with every channel on it."""


class ChannelRefusedError(Exception):
    """The other side does not open a channel; its words, and whether it may not (else, it could not)."""

    def __init__(self, message: str, *, forbidden: bool) -> None:
        super().__init__(message)
        self.forbidden = forbidden


class NotConnectedError(Exception):
    """There is no SSH connection: nobody answers, or nothing that could be understood."""


class HostKeyError(NotConnectedError):
    """The server has another host key than known_hosts says."""


class KeyRefusedError(NotConnectedError):
    """The server does not take our key."""
