"""What can go wrong on a connection that is carried over SSH."""


class ChannelBrokenError(Exception):
    """The channel is gone before its time: closed without an end, or with the SSH connection under it."""


class ConnectionLostError(ChannelBrokenError):
    """The SSH connection itself is gone, with every channel on it."""
