"""What can go wrong on a connection's stream of frames."""


class ProtocolError(Exception):
    """The other side sent what the protocol does not allow."""


class StreamBrokenError(Exception):
    """The stream of frames ended before its time, or nobody is at its other end any more."""
