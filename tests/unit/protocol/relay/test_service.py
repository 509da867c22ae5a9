"""What gRPC's library is told before it is loaded."""

from connect_protocol.relay.service import HEARTBEAT_SECONDS, client_options, library, server_options

LONGEST_SILENCE = 90_000
"""Milliseconds after which a dead peer must have been noticed."""


def test_what_somebody_has_set_stays_as_it_is() -> None:
    environment = {"GRPC_EXPERIMENTS": "tcp_rcv_lowat", "HOME": "/root"}
    assert library(environment) == {"GRPC_EXPERIMENTS": "tcp_rcv_lowat"}


def test_where_nobody_has_set_anything_sockets_have_no_threads_of_their_own() -> None:
    assert library({}) == {"GRPC_EXPERIMENTS": "-event_engine_client,-event_engine_listener"}


def test_a_dead_peer_is_noticed_in_time_unless_somebody_wants_it_otherwise() -> None:
    for options in (dict(client_options()), dict(server_options())):
        assert options["grpc.keepalive_time_ms"] == HEARTBEAT_SECONDS * 1000
        assert options["grpc.keepalive_time_ms"] + options["grpc.keepalive_timeout_ms"] <= LONGEST_SILENCE
