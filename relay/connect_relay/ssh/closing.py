"""Channels that the relay has closed, and that the other side may not have closed yet: asyncssh keeps them till then.

How long that takes is the other side's affair: a stock ssh first gives its target what has come, and a target may be
slow. So nobody is hurried, but who never closes any shall not have ever more.
"""

from connect_ssh.watched import WatchedChannel


class ClosedHere:
    """Of one connection."""

    def __init__(self) -> None:
        """None yet."""
        self._channels: list[WatchedChannel] = []

    def add(self, channel: WatchedChannel) -> None:
        """It has been closed here."""
        self._channels.append(channel)

    def __len__(self) -> int:
        """How many the other side has not closed yet."""
        self._channels = [channel for channel in self._channels if channel.there]
        return len(self._channels)
