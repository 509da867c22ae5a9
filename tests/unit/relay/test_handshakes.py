"""What gRPC's library writes of handshakes, as it was seen to write it; addresses and numbers are made up."""

import pytest

from connect_relay.handshakes import Cause, Failure, Reader, Through

ARGS = (
    "args={endpoint=0x7f, args={grpc.internal.endpoint_local_address=ipv4:10.0.0.1:8443, "
    "grpc.internal.endpoint_peer_address=ipv4:10.0.0.9:50123, grpc.so_reuseport=0}, "
    "read_buffer.Length()=0, exit_early=0}"
)
TLS = "UNKNOWN: Ssl handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: "
TIME = "I1123 00:00:36.294917   18296 "
STEPS = (
    f"{TIME}handshaker.cc:80] handshake_manager 0x7f: adding handshaker security [0x7f] at index 1\n"
    f"{TIME}handshaker.cc:155] CallNextHandshakerLocked: error=OK shutdown=false index=1, {ARGS}\n"
    f"{TIME}channel_trace.h:396] handshake manager 0x7f:  calling handshaker security at index 1\n"
)
APPENDIX = "=== Source Location Trace: ===\nsrc/core/util/status_helper.cc:68\n"


def failing(error: str) -> str:
    """All that is written of a handshake that fails."""
    return (
        f"{STEPS}{TIME}ssl_transport_security.cc:2563] Handshake failed with error {error}\n"
        f"{TIME}handshaker.cc:155] CallNextHandshakerLocked: error={error}\n{APPENDIX}"
        f" shutdown=false index=2, {ARGS}\n"
        f"{TIME}channel_trace.h:396] handshake manager 0x7f: Failed with error: {error}\n{APPENDIX}\n"
    )


@pytest.mark.parametrize(
    ("error", "cause", "reason"),
    [
        (
            TLS + "error:100000c0:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE: Invalid context: OK",
            Cause.NO_CERTIFICATE,
            "the caller has no certificate",
        ),
        (
            TLS + "error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate has expired: OK",
            Cause.CERTIFICATE_REFUSED,
            "the caller's certificate is not accepted: certificate has expired",
        ),
        ("UNAVAILABLE: Handshake read failed (Socket closed)", Cause.HUNG_UP, "the caller has hung up"),
        ("UNAVAILABLE: Handshake read failed (Endpoint closing)", Cause.TIMEOUT, "not done in time"),
        (
            "UNAVAILABLE: Handshake read failed (FD Shutdown (endpoint shutdown))",
            Cause.TIMEOUT,
            "not done in time",
        ),
        ("UNKNOWN: Cannot check peer: missing selected ALPN property.", Cause.NO_HTTP2, "HTTP/2 is not offered"),
        ("UNKNOWN: something else", Cause.OTHER, "UNKNOWN: something else"),
    ],
)
def test_a_failure_is_told_with_who_and_why(error: str, cause: Cause, reason: str) -> None:
    assert list(Reader().read(failing(error))) == [
        Failure(peer="ipv4:10.0.0.9:50123", cause=cause, reason=reason),
    ]


def test_it_does_not_matter_where_the_text_is_cut() -> None:
    reader = Reader()
    text = failing("UNAVAILABLE: Handshake read failed (Socket closed)")
    (failure,) = (found for character in text for found in reader.read(character))
    assert failure == Failure(peer="ipv4:10.0.0.9:50123", cause=Cause.HUNG_UP, reason="the caller has hung up")
    assert reader.rest() == ""


def test_who_gets_through_is_counted() -> None:
    through = f"{TIME}handshaker.cc:155] CallNextHandshakerLocked: error=OK shutdown=false index=2, " + ARGS.replace(
        "args={grpc.", "args={grpc.auth_context=0x7f, grpc."
    )
    assert list(Reader().read(f"{STEPS}{through}\n")) == [Through()]


@pytest.mark.parametrize(
    "other",
    [
        "Traceback (most recent call last):\n",
        "\n",
        "src/core/iomgr.cc:5\n",
        f"{TIME}server.cc:12] something about a server\n",
        "E1123 00:00:36.294917   18296 handshaker.cc:99] something else about a handshaker\n",
    ],
)
def test_what_is_not_about_handshakes_goes_on(other: str) -> None:
    assert list(Reader().read(other + STEPS)) == [other]


def test_a_traceback_right_behind_a_failure_goes_on_whole() -> None:
    traceback = "Traceback (most recent call last):\n  File x\n\nValueError: y\n"
    *_, first, second, third, fourth = Reader().read(
        failing("UNAVAILABLE: Handshake read failed (Socket closed)") + traceback
    )
    assert f"{first}{second}{third}{fourth}" == traceback


def test_a_line_that_never_ends_is_not_lost() -> None:
    reader = Reader()
    assert list(reader.read("Fatal Python err")) == []
    assert reader.rest() == "Fatal Python err"
