"""How the relay is called: the methods' names, and what both ends of a gRPC connection are set to.

Requests and answers are bytes: neither end gives gRPC a serializer, for frames and messages are encoded before.
"""

from connect_protocol.relay.frames import LARGEST_FRAME

RELAY = "connect.relay.v1.Relay"
BRIDGE = "connect.relay.v1.Bridge"
CONNECT = f"/{RELAY}/Connect"
ATTACH = f"/{BRIDGE}/Attach"
SERVE = f"/{BRIDGE}/Serve"

KEEPALIVE_SECONDS = 20
"""After so long without traffic a ping is sent, without calls too."""
KEEPALIVE_TIMEOUT_SECONDS = 40
"""A ping that is not answered for so long ends the connection: a dead peer is noticed within a minute."""

_BOTH_ENDS = (
    ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_SECONDS * 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", LARGEST_FRAME),
    ("grpc.max_send_message_length", LARGEST_FRAME),
    ("grpc.http2.max_frame_size", 1024 * 1024),
)
CLIENT_OPTIONS = (
    *_BOTH_ENDS,
    # Each channel has a connection of its own, which dies with it.
    ("grpc.use_local_subchannel_pool", 1),
)
SERVER_OPTIONS = (
    *_BOTH_ENDS,
    # The clients' pings come as often as the server's own; anything more often than half of that is a flood.
    ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_SECONDS * 500),
    # A second relay on the same port fails instead of taking every other connection.
    ("grpc.so_reuseport", 0),
)
