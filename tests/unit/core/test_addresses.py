"""The address that warnings 7 and 9 let pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.core.addresses import is_valid_address


@pytest.mark.parametrize(
    "address",
    [
        "anna.mueller@schule.ch",
        "Anna.Mueller@Schule.CH",
        "_x@-y.zh",
        "0@0.ch.example",
        "anna+1@schule.ch",
        "müller@schule.ch",
        "o'brien@schule.ch",
        "a\nb@schule.ch",
        "a@b.ch1x",
    ],
)
def test_the_seeds_pattern_lets_it_pass(address: str) -> None:
    assert is_valid_address(address)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "anna",
        "anna@schule",
        "@schule.ch",
        "anna@.ch",
        ".anna@schule.ch",
        "ärger@schule.ch",
        "anna@östlich.ch",
        "anna@schule@kanton.ch",
        "anna.@schule.ch",
        "anna..mueller@schule.ch",
        "anna,mueller@schule.ch",
        ",anna@schule.ch",
        "anna mueller@schule.ch",
        " anna@schule.ch",
        "anna@schule.ch ",
        "anna@schule.c",
        "anna@schule.c1",
        "anna@schule.ch1",
        "anna@schule.ch\n",
        "anna@schule.\u212ah",
        "anna@schule.chſ",
    ],
)
def test_the_seeds_pattern_refuses_it(address: str | None) -> None:
    assert not is_valid_address(address)


def _like(text: str) -> bool:
    """The seed's condition, read word by word: the first bracket, %, @, the second bracket, %, dot, two letters, %."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    bracket = letters + "0123456789,_-"
    folded = "".join(sign.lower() if sign.isascii() else sign for sign in text)
    like = any(
        folded[at] == "@"
        and folded[at + 1 : at + 2] in tuple(bracket)
        and any(
            folded[dot] == "." and folded[dot + 1] in letters and folded[dot + 2] in letters
            for dot in range(at + 2, len(folded) - 2)
        )
        for at in range(1, len(folded))
    )
    return (
        folded[:1] in tuple(bracket)
        and like
        and folded.count("@") <= 1
        and ".@" not in folded
        and ".." not in folded
        and "," not in folded
        and " " not in folded
        and folded[-1] in letters
    )


@given(st.one_of(st.text(), st.text(alphabet="aZ0_-.,@ é\n", max_size=12)))
def test_any_text_is_judged_as_the_seed_reads(text: str) -> None:
    assert is_valid_address(text) == _like(text)
