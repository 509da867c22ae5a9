"""HTTP/2 by hand, as no library lets one speak it: in pieces, in the wrong order, too much of it (RFC 9113)."""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_HEADERS = 4
SECONDS = 15


class Kind(IntEnum):
    """Of frames."""

    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7


def frame(kind: Kind, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """A frame's bytes."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


GREETING = PREFACE + frame(Kind.SETTINGS)


def request(path: str, *, stream: int = 1, **metadata: str) -> bytes:
    """The headers of a gRPC call, each written out (RFC 7541, 6.2.2), without Huffman's code."""
    fields = {
        ":method": "POST",
        ":scheme": "https",
        ":path": path,
        ":authority": "relay",
        "content-type": "application/grpc",
        "te": "trailers",
        **metadata,
    }
    block = b"".join(b"\0" + _text(name) + _text(value) for name, value in fields.items())
    return frame(Kind.HEADERS, block, flags=END_HEADERS, stream=stream)


def message(data: bytes) -> bytes:
    """A gRPC message as it stands in DATA frames."""
    return b"\0" + struct.pack(">I", len(data)) + data


def messages(*all_data: bytes, stream: int = 1) -> bytes:
    """Messages of a call, each in a frame of its own."""
    return b"".join(frame(Kind.DATA, message(data), stream=stream) for data in all_data)


def _text(value: str) -> bytes:
    """A string with its length, which HPACK writes with a prefix of seven bits."""
    data = value.encode("ascii")
    if len(data) < 127:
        return bytes([len(data)]) + data
    length, rest = bytearray([127]), len(data) - 127
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes(length) + data


@contextmanager
def spoken_to(port: int, folder: Path) -> Iterator[ssl.SSLSocket]:
    """Within: TLS with a relay on loopback, with a folder's certificate; nothing of HTTP/2 has been said."""
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        yield secure


def heard(connection: ssl.SSLSocket) -> bytes:
    """All that comes until the other side ends the connection. Raises TimeoutError if it never does."""
    parts = bytearray()
    try:
        while piece := connection.recv(1 << 16):
            parts += piece
    except (ConnectionError, ssl.SSLError):
        pass
    return bytes(parts)
