"""How the relay is called: the methods' names, and what both ends of a gRPC connection are set to.

Requests and answers are bytes: neither end gives gRPC a serializer, for frames and messages are encoded before.
"""

import re
from collections.abc import Mapping, Sequence

from connect_protocol.relay.frames import LARGEST_FRAME

RELAY = "connect.relay.v1.Relay"
BRIDGE = "connect.relay.v1.Bridge"
CONNECT = f"/{RELAY}/Connect"
ATTACH = f"/{BRIDGE}/Attach"
SERVE = f"/{BRIDGE}/Serve"
VISIT = f"/{BRIDGE}/Visit"

HEARTBEAT_SECONDS = 20.0
MISSED_HEARTBEATS = 3
"""So many heartbeats that are missing are a dead peer, which is thus noticed within a minute."""

SHORTEST_PAUSE_MS = 900
"""Between two pings of a client on an idle connection: workers may be told to ask once in a second."""

IDLE_SECONDS = 60
LARGEST_METADATA = 8192

_WRITE_FAILED = "Internal error from Core"
_NOT_REACHED = re.compile(
    r"failed to connect to all addresses; last error: [A-Z_]+: ipv[46]:\S+: (?P<why>.*)", re.DOTALL
)
_REFUSED_BY_SYSTEM = re.compile(r"Failed to connect to remote host: (?:\S+: )?(?P<why>.+) \(\d+\)")
_NOT_VERIFIED = re.compile(r"CERTIFICATE_VERIFY_FAILED(?P<why>: [a-z][^:]*)?")
_OTHER_NAME = "Hostname Verification Check failed"

_LIBRARY: Mapping[str, str] = {"GRPC_EXPERIMENTS": "-event_engine_client,-event_engine_listener"}
"""Sockets are read by the thread that waits for what happens to calls, and not by a pool of threads that hand the work
to each other: three would wake for each message. A later version may pass over names that it does not know any more.
"""

Options = Sequence[tuple[str, int]]


def library(environment: Mapping[str, str]) -> Mapping[str, str]:
    """What gRPC's library must find in the environment when it is loaded; what somebody has set holds as it is."""
    return {name: environment.get(name, value) for name, value in _LIBRARY.items()}


def client_options(heartbeat: float = HEARTBEAT_SECONDS) -> Options:
    """What a bridge's or worker's channel is set to; `heartbeat` in seconds."""
    # Each channel has a connection of its own, which dies with it.
    return (*_both_ends(heartbeat), ("grpc.use_local_subchannel_pool", 1))


def server_options(heartbeat: float = HEARTBEAT_SECONDS) -> Options:
    """What the relay's server is set to."""
    return (
        *_both_ends(heartbeat),
        # The clients' pings come about as often as the server's own, or as a client is told; more often is a flood.
        ("grpc.http2.min_ping_interval_without_data_ms", min(int(heartbeat * 250), SHORTEST_PAUSE_MS)),
        # Who is there and calls nothing is sent away; a client comes back with its next call.
        ("grpc.max_connection_idle_ms", IDLE_SECONDS * 1000),
        # Callers send no metadata of their own.
        ("grpc.max_metadata_size", LARGEST_METADATA // 2),
        ("grpc.absolute_max_metadata_size", LARGEST_METADATA),
        # A second relay on the same port fails instead of taking every other connection.
        ("grpc.so_reuseport", 0),
    )


def in_plain_words(details: str) -> str:
    """What a call's status says, for people.

    gRPC's Python part has words of its own in place of the relay's where the call ends as something is being written;
    where none begins, its core tells the whole way to the fault.
    """
    if details == _WRITE_FAILED:
        return "the relay has ended the call without a word"
    found = _NOT_REACHED.fullmatch(details)
    return _why_not_reached(found["why"]) if found else details


def _why_not_reached(why: str) -> str:
    if found := _REFUSED_BY_SYSTEM.fullmatch(why):
        return found["why"]
    if found := _NOT_VERIFIED.search(why):
        return f"the relay's certificate does not verify{found['why'] or ''}"
    if _OTHER_NAME in why:
        return "the relay's certificate does not bear the name by which it is called"
    return why


def _both_ends(heartbeat: float) -> Options:
    """Pings after a heartbeat's time without traffic, without calls too, and the end when no answer comes."""
    patience = int(heartbeat * (MISSED_HEARTBEATS - 1) * 1000)
    return (
        ("grpc.keepalive_time_ms", int(heartbeat * 1000)),
        ("grpc.keepalive_timeout_ms", patience),
        # While a ping that measures the bandwidth is under way, no other is sent: this one's timeout counts then.
        ("grpc.http2.ping_timeout_ms", patience),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.max_receive_message_length", LARGEST_FRAME),
        ("grpc.max_send_message_length", LARGEST_FRAME),
        ("grpc.http2.max_frame_size", 1024 * 1024),
    )
