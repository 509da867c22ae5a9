"""The ring of the five mail aliases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_worker.core.aliases import rotate
from connect_worker.model.account import NO_ALIASES, Aliases

A, B, C, D, E, F, NEW = (f"{name}@schule.ch" for name in ("a", "b", "c", "d", "e", "f", "new"))

addresses = st.sampled_from([A, B, C, D, E, F, A.upper(), "not valid@schule.ch", ""])
places = st.one_of(st.none(), addresses)
rings = st.tuples(places, places, places, places, places)


@pytest.mark.parametrize(
    ("aliases", "old", "after"),
    [
        (NO_ALIASES, A, (A, None, None, None, None)),
        ((B, None, None, None, None), A, (A, B, None, None, None)),
        ((B, C, D, E, F), A, (A, B, C, D, E)),
        ((B, None, D, None, None), A, (A, B, D, None, None)),
    ],
)
def test_the_old_mail_becomes_alias_1_and_the_sixth_is_freed(aliases: Aliases, old: str, after: Aliases) -> None:
    assert rotate(aliases, old_mail=old, new_mail=NEW) == after


def test_an_alias_that_becomes_the_mail_leaves_the_ring() -> None:
    assert rotate((B, NEW.upper(), C, None, None), old_mail=A, new_mail=NEW) == (A, B, C, None, None)


def test_going_back_and_forth_doubles_nothing() -> None:
    there = rotate((C, None, None, None, None), old_mail=A, new_mail=B)
    assert rotate(there, old_mail=B, new_mail=A) == (B, C, None, None, None)


@pytest.mark.parametrize("old", [None, "", "anna mueller@schule.ch", "müller.@schule.ch"])
def test_an_old_mail_that_is_missing_or_not_valid_is_dropped(old: str | None) -> None:
    assert rotate((B, None, D, None, None), old_mail=old, new_mail=NEW) == (B, None, D, None, None)


@pytest.mark.parametrize("new", [A, A.upper()])
def test_the_same_mail_moves_nothing(new: str) -> None:
    assert rotate((B, None, D, None, None), old_mail=A, new_mail=new) == (B, None, D, None, None)


def test_doubles_are_dropped_whatever_their_case() -> None:
    assert rotate((B, A.upper(), B.upper(), C, None), old_mail=A, new_mail=NEW) == (A, B, C, None, None)
    assert rotate((B, B.upper(), None, C, None), old_mail=None, new_mail=NEW) == (B, C, None, None, None)


@given(rings, places, addresses)
def test_no_address_is_lost_but_the_sixth_or_doubled(aliases: Aliases, old: str | None, new: str) -> None:
    after = [address.casefold() for address in rotate(aliases, old_mail=old, new_mail=new) if address]
    before = {address.casefold() for address in aliases if address} - {new.casefold()}
    assert new.casefold() not in after
    assert len(set(after)) == len(after)
    assert len(before - set(after)) <= 1
    if len(before) < 5:
        assert before <= set(after)
