"""The encoding rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.simulator.ber import (
    MalformedError,
    Reader,
    Tag,
    context,
    encode,
    encode_integer,
    encode_sequence,
    encode_text,
    message_size,
)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (256, "02020100"), (-1, "0201ff"), (-129, "0202ff7f")],
)
def test_integers_take_the_fewest_bytes(value: int, encoded: str) -> None:
    assert encode_integer(value).hex() == encoded


@given(st.integers(min_value=-(2**63), max_value=2**63))
def test_integers_survive(value: int) -> None:
    assert Reader(encode_integer(value)).integer() == value


@given(st.binary(max_size=70000))
def test_contents_of_any_length_survive(content: bytes) -> None:
    encoded = encode(Tag.OCTETS, content)
    assert message_size(encoded) == len(encoded)
    assert Reader(encoded).content(Tag.OCTETS) == content


@pytest.mark.parametrize(("size", "header"), [(127, "047f"), (128, "048180"), (256, "04820100"), (65536, "0483010000")])
def test_long_lengths_have_a_length_of_their_own(size: int, header: str) -> None:
    assert encode(Tag.OCTETS, b"x" * size).hex().startswith(header)


def test_parts_are_read_in_their_order() -> None:
    reader = Reader(encode_sequence(encode_integer(7), encode_text("Zoé"))).enter(Tag.SEQUENCE)
    assert (reader.integer(), reader.text(), reader.at_end) == (7, "Zoé", True)


def test_context_tags() -> None:
    assert (context(3), context(3, constructed=True)) == (0x83, 0xA3)


@pytest.mark.parametrize("start", [b"", b"\x30", b"\x30\x82\x01"])
def test_a_size_that_has_not_arrived_is_unknown(start: bytes) -> None:
    assert message_size(start) is None


@pytest.mark.parametrize(
    "broken",
    ["", "04", "0405616263", "0480616263", "3003", "0200"],
    ids=["nothing", "no length", "cut off", "indefinite", "another tag", "an integer without bytes"],
)
def test_what_is_malformed_is_refused(broken: str) -> None:
    reader = Reader(bytes.fromhex(broken))
    with pytest.raises(MalformedError):
        reader.integer() if broken == "0200" else reader.content(Tag.OCTETS)


def test_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(MalformedError, match="UTF-8"):
        Reader(encode(Tag.OCTETS, b"\xff")).text()


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    reader = Reader(data)
    try:
        while not reader.at_end:
            reader.element()
    except MalformedError:
        pass
