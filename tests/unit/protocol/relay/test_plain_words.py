"""What gRPC's library says of a relay that it does not reach, in the words of people."""

import pytest

from connect_protocol.relay.service import in_plain_words

BEGIN = "failed to connect to all addresses; last error: UNKNOWN: ipv4:10.251.0.1:8443: "
TLS = "Tls handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Failed to connect to remote host: connect: Connection refused (111)", "Connection refused"),
        ("Failed to connect to remote host: getsockopt(SO_ERROR): No route to host (113)", "No route to host"),
        ("Failed to connect to remote host: Connection refused (111)", "Connection refused"),
        (
            f"{TLS}CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate: OK",
            "the relay's certificate does not verify: unable to get local issuer certificate",
        ),
        (f"{TLS}CERTIFICATE_VERIFY_FAILED", "the relay's certificate does not verify"),
        (
            "Custom verification check failed with error: UNAUTHENTICATED: Hostname Verification Check failed.",
            "the relay's certificate does not bear the name by which it is called",
        ),
        ("Handshake read failed (Socket closed)", "Handshake read failed (Socket closed)"),
    ],
)
def test_the_way_to_the_fault_is_left_out(said: str, words: str) -> None:
    assert in_plain_words(BEGIN + said) == words
    assert in_plain_words(BEGIN.replace("ipv4:10.251.0.1:8443", "ipv6:%5B::1%5D:8443") + said) == words


def test_what_the_relay_says_stays_as_it_is() -> None:
    assert in_plain_words("no bridge serves realm musterwil") == "no bridge serves realm musterwil"
