"""AES-GCM of RFC 5647 in place: what asyncssh seals it opens, and the other way round, packet for packet."""

import os

import pytest
from asyncssh.encryption import Encryption, get_encryption
from cryptography.exceptions import InvalidTag

from connect_ssh.gcm import HEADER, TAG, Gcm

KEY = bytes(range(16))
IV = b"salt" + bytes(7) + b"\xfe"
"""The counter carries over into the next byte soon."""


def _stock() -> Encryption:
    return get_encryption(b"aes128-gcm@openssh.com", KEY, IV)


def _ours() -> Gcm:
    return Gcm(_stock())  # type: ignore[arg-type]


def _sealed(cipher: Gcm, content: bytes) -> bytearray:
    packet = bytearray(len(content).to_bytes(HEADER, "big") + content + bytes(TAG))
    cipher.seal(memoryview(packet), len(content))
    return packet


def _opened(cipher: Gcm, packet: bytearray) -> bytes:
    length = len(packet) - HEADER - TAG
    cipher.open(memoryview(packet), length)
    return bytes(packet[HEADER:][:length])


CONTENTS = [os.urandom(16 * count) for count in (1, 2, 100, 8192)]


def test_asyncssh_opens_what_was_sealed() -> None:
    sealing, opening = _ours(), _stock()
    for number, content in enumerate(CONTENTS):
        packet = bytes(_sealed(sealing, content))
        rest, mac = packet[16 : len(packet) - TAG], packet[-TAG:]
        assert opening.decrypt_packet(number, packet[:16], rest, HEADER, mac) == content


def test_what_asyncssh_sealed_is_opened() -> None:
    sealing, opening = _stock(), _ours()
    for number, content in enumerate(CONTENTS):
        body, mac = sealing.encrypt_packet(number, len(content).to_bytes(HEADER, "big"), content)
        assert _opened(opening, bytearray(body + mac)) == content


def test_both_may_take_turns_on_one_counter() -> None:
    """For asyncssh asks the same object for the packets that stay its own."""
    sealing, opening = _ours(), _stock()
    for number, content in enumerate(CONTENTS * 2):
        header = len(content).to_bytes(HEADER, "big")
        packet = b"".join(sealing.encrypt_packet(number, header, content)) if number % 2 else _sealed(sealing, content)
        whole = bytes(packet)
        rest, mac = whole[16 : len(whole) - TAG], whole[-TAG:]
        assert opening.decrypt_packet(number, whole[:16], rest, HEADER, mac) == content


def test_it_goes_on_where_asyncssh_stood() -> None:
    stock, opening = _stock(), _stock()
    for number in range(3):
        packet, mac = stock.encrypt_packet(number, bytes(4), bytes(16))
        opening.decrypt_packet(number, packet[:16], packet[16:], HEADER, mac)
    sealed = _sealed(Gcm(stock), CONTENTS[0])  # type: ignore[arg-type]
    assert _opened(Gcm(opening), sealed) == CONTENTS[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("position", [0, 3, 4, 19, 20, 35])
def test_any_bit_that_differs_is_noticed(position: int) -> None:
    """In the length, in what is encrypted, in the tag."""
    packet = _sealed(_ours(), CONTENTS[0])
    packet[position] ^= 1
    with pytest.raises(InvalidTag):
        _opened(_ours(), packet)


def test_a_packet_that_comes_twice_is_refused() -> None:
    sealed = _sealed(_ours(), CONTENTS[0])
    opening = _ours()
    assert _opened(opening, bytearray(sealed)) == CONTENTS[0]
    with pytest.raises(InvalidTag):
        _opened(opening, bytearray(sealed))
