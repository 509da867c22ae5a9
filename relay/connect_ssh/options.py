"""What every SSH connection of ours is set to. asyncssh's own defaults are traps: no keepalive, a window of 2 MiB."""

from typing import TypedDict

from connect_protocol.relay.credit import BASE_WINDOW

KEEPALIVE_SECONDS = 20.0
MISSED_KEEPALIVES = 3
"""So many answers that are missing are a dead peer, which is thus noticed within a minute and some."""
LARGEST_PACKET = 128 * 1024
"""Bytes of data in one packet that we take; OpenSSH sends 32 KiB at most, whatever we offer."""


LARGEST_CHANNEL_WINDOW = 16 * 1024 * 1024
"""Bytes; 335 MB/s at 50 ms. A stalled reader fills a window on each SSH connection of its way, and these are two."""


class ConnectionOptions(TypedDict):
    """Arguments of asyncssh that servers and clients have alike."""

    encryption_algs: list[str]
    compression_algs: list[str]
    keepalive_interval: float
    keepalive_count_max: int


class ChannelOptions(TypedDict):
    """Arguments of asyncssh for one channel."""

    window: int
    max_pktsize: int


CHANNEL: ChannelOptions = {"window": BASE_WINDOW, "max_pktsize": LARGEST_PACKET}
"""The window at first; WatchedChannel lets it grow."""


def connection_options(keepalive: float = KEEPALIVE_SECONDS) -> ConnectionOptions:
    """What both ends are set to; `keepalive` in seconds.

    Fast ciphers only, in the order of preference: of two ends that know more, a client's ssh would choose a slow one.
    """
    return {
        "encryption_algs": ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"],
        "compression_algs": ["none"],
        "keepalive_interval": keepalive,
        "keepalive_count_max": MISSED_KEEPALIVES,
    }
