"""AES-GCM under one key, in place (RFC 5647); asyncssh makes a cipher and four copies for each packet.

Knows asyncssh's private parts; see `fast_path`.
"""

from typing import Final

from asyncssh.encryption import Encryption, GCMEncryption
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER: Final = 4
"""Bytes of a packet's length, which is authenticated and not encrypted."""
TAG: Final = 16
BLOCK: Final = 16


class Gcm(Encryption):
    """One direction under one key. The nonce is four fixed bytes and a counter, which nobody else counts from now on.

    In place of asyncssh's own: what it encrypts and decrypts itself goes through here too.
    """

    def __init__(self, stock: GCMEncryption) -> None:
        """Go on where asyncssh's cipher stands, between two packets."""
        cipher = stock._cipher
        self._aead = AESGCM(cipher._key)
        self._fixed = cipher._iv[:4]
        self._counter = int.from_bytes(cipher._iv[4:], "big")
        self._opened: bytes | None = None

    def seal(self, packet: memoryview, length: int) -> None:
        """Encrypt in place: `packet` is the header, `length` bytes and room for the tag."""
        body = packet[HEADER:]
        self._aead.encrypt_into(self._next_nonce(), body[:length], packet[:HEADER], body)

    def open(self, packet: memoryview, length: int) -> None:
        """Verify and decrypt in place. Raises InvalidTag, after which nothing of the packet may be used."""
        body = packet[HEADER:]
        self._aead.decrypt_into(self._next_nonce(), body, packet[:HEADER], body[:length])

    def expect(self, opened: bytes) -> None:
        """The packet that asyncssh asks for next has been decrypted already."""
        self._opened = opened

    # What asyncssh calls

    def encrypt_packet(self, seq: int, header: bytes, packet: bytes) -> tuple[bytes, bytes]:
        """See asyncssh."""
        del seq
        sealed = self._aead.encrypt(self._next_nonce(), packet, header)
        return header + sealed[:-TAG], sealed[-TAG:]

    def decrypt_header(self, seq: int, first_block: bytes, header_len: int) -> tuple[bytes, bytes]:
        """See asyncssh."""
        del seq
        return first_block, first_block[:header_len]

    def decrypt_packet(self, seq: int, first: bytes, rest: bytes, header_len: int, mac: bytes) -> bytes | None:
        """See asyncssh."""
        del seq
        if self._opened is not None:
            opened, self._opened = self._opened, None
            return opened
        try:
            return self._aead.decrypt(self._next_nonce(), first[header_len:] + rest + mac, first[:header_len])
        except InvalidTag:
            return None

    def _next_nonce(self) -> bytes:
        nonce: bytes = self._fixed + self._counter.to_bytes(8, "big")
        self._counter = (self._counter + 1) & 0xFFFFFFFFFFFFFFFF
        return nonce
