"""Initial passwords."""

import random
import re
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.core.passwords import WORDS, generate, tokens_of
from connect_worker.model.configuration import PasswordKind, PasswordPolicy

SIMPLE = PasswordPolicy(kind=PasswordKind.SIMPLE)
SPECIAL = PasswordPolicy(kind=PasswordKind.SIMPLE_WITH_SPECIAL)
COMPLEX = PasswordPolicy(kind=PasswordKind.COMPLEX)
NOBODY: frozenset[str] = frozenset()
CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "?!+-%*")

seeds = st.integers(min_value=0)
policies = st.builds(
    PasswordPolicy,
    kind=st.sampled_from(PasswordKind),
    digits=st.integers(min_value=0, max_value=9),
    length=st.integers(min_value=0, max_value=40),
)
syllables = st.one_of(st.text(), st.sampled_from([part for word in WORDS for part in (word, word[:3])]))


def some(policy: PasswordPolicy, avoid: frozenset[str] = NOBODY, count: int = 300) -> set[str]:
    source = random.Random(1)  # noqa: S311 - repeatable on purpose
    return {generate(policy, avoid=avoid, random=source).reveal() for _ in range(count)}


def test_there_are_fifty_words_of_five_letters() -> None:
    assert len(set(WORDS)) == 50
    assert {len(word) for word in WORDS} == {5}


def test_a_simple_password_is_a_word_divided_after_the_third_letter_by_three_digits() -> None:
    for password in some(SIMPLE):
        assert re.fullmatch(r"[A-Z][a-z]{2}[2-9]{3}[a-z]{2}", password)
        assert password[:3] + password[6:] in WORDS


def test_the_number_of_digits_is_configurable() -> None:
    two = PasswordPolicy(kind=PasswordKind.SIMPLE, digits=2)
    assert all(re.fullmatch(r"[A-Z][a-z]{2}[2-9]{2}[a-z]{2}", password) for password in some(two))


def test_the_special_character_stands_between_two_digits() -> None:
    for password in some(SPECIAL):
        assert re.fullmatch(r"[A-Z][a-z]{2}[2-9][?!+\-%*][2-9][a-z]{2}", password)
        assert password[:3] + password[6:] in WORDS


def test_a_complex_password_has_all_four_classes_and_nothing_that_is_read_wrongly() -> None:
    for password in some(COMPLEX):
        assert len(password) == 8
        assert all(set(password) & set(signs) for signs in CLASSES)
        assert not set(password) & set("0O1lI")


def test_all_words_digits_and_special_characters_are_used() -> None:
    passwords = some(SPECIAL, count=3000)
    assert {password[:3] + password[6:] for password in passwords} == set(WORDS)
    assert {password[3] for password in passwords} == set("23456789")
    assert {password[4] for password in passwords} == set("?!+-%*")


@pytest.mark.parametrize("policy", [SIMPLE, SPECIAL, COMPLEX])
def test_the_operating_systems_random_source_serves(policy: PasswordPolicy) -> None:
    source = secrets.SystemRandom()
    assert len({generate(policy, avoid=NOBODY, random=source) for _ in range(20)}) > 10


def test_kai_gets_no_password_with_kai_in_it() -> None:
    passwords = some(SIMPLE, tokens_of("Kai", "von der Lippe"), count=3000)
    assert not any("kai" in password.casefold() for password in passwords)
    assert not any(password.startswith("Lip") for password in passwords)
    assert len({password[:3] for password in passwords}) > 40


def test_a_complex_password_avoids_the_names_too() -> None:
    tokens = frozenset(first + second + "x" for first in "abcdefgh" for second in "stuvwxyz")
    assert not any(token in password.casefold() for password in some(COMPLEX, tokens, 2000) for token in tokens)


def test_names_that_leave_no_word_get_a_complex_password() -> None:
    for password in some(SIMPLE, frozenset(word[:3].casefold() for word in WORDS)):
        assert all(set(password) & set(signs) for signs in CLASSES)


def test_names_that_leave_nothing_still_get_a_password_without_them() -> None:
    alphabet = string.ascii_lowercase + string.digits
    everything = frozenset(a + b + c for a in alphabet for b in alphabet for c in alphabet)
    for password in some(COMPLEX, everything, 1):
        assert not any(token in password.casefold() for token in everything)
        assert all(set(password) & set(signs) for signs in CLASSES)


@given(policies, st.lists(syllables, max_size=4), seeds)
def test_whatever_the_names_no_part_of_them_is_in_the_password(
    policy: PasswordPolicy, names: list[str], seed: int
) -> None:
    tokens = tokens_of(*names)
    password = generate(policy, avoid=tokens, random=random.Random(seed)).reveal()  # noqa: S311
    assert not any(token in password.casefold() for token in tokens)
    assert len(password) >= 7
    assert not set(password) & set("01")


@given(policies, seeds)
def test_the_same_random_source_gives_the_same_password(policy: PasswordPolicy, seed: int) -> None:
    first, second = (generate(policy, avoid=NOBODY, random=random.Random(seed)) for _ in range(2))  # noqa: S311
    assert first == second


@pytest.mark.parametrize(
    ("names", "tokens"),
    [
        (("Kai", "Li"), {"kai"}),
        (("Jörg-Uwe", "O'Brien"), {"jörg", "joerg", "uwe", "brien", "obrien"}),
        (("Anna_Lena", "de la Cruz"), {"anna", "lena", "cruz"}),
        ((None, ""), set()),
        (("S.00012",), {"00012"}),
    ],
)
def test_names_fall_apart_into_tokens_of_three_signs_or_more(names: tuple[str | None, ...], tokens: set[str]) -> None:
    assert tokens_of(*names) == tokens
