"""Warnings 7 and 9: addresses. What is a valid one stands in test_addresses."""

from tests.support.records import codes, found, user


def test_an_address_with_a_blank_is_warned_and_shown() -> None:
    assert codes(user(mail="anna muster@schule.example")) == [7]
    assert found(user(mail="anna muster@schule.example")) == {
        "S.00001": "mail address 'anna muster@schule.example' is invalid"
    }


def test_a_missing_address_is_an_invalid_one() -> None:
    assert codes(user(mail=None)) == [7]
    assert found(user(mail=None)) == {"S.00001": "no mail address"}


def test_an_empty_address_is_an_invalid_one() -> None:
    assert codes(user(mail="")) == [7]


def test_each_alias_is_looked_at_like_the_address() -> None:
    aliases = ("anna.alt@schule.example", "anna..neu@schule.example", None, None, "anna@schule")
    assert codes(user(aliases=aliases)) == [9]
    assert found(user(aliases=aliases)) == {
        "S.00001": "alias 2 'anna..neu@schule.example', alias 5 'anna@schule' invalid"
    }


def test_an_alias_that_is_not_set_is_not_invalid() -> None:
    assert codes(user(aliases=(None, None, None, None, None))) == []


def test_an_alias_that_was_emptied_but_not_removed_is_invalid() -> None:
    assert codes(user(aliases=("", None, None, None, None))) == [9]


def test_a_wrong_address_does_not_condemn_right_aliases() -> None:
    """The seed's text for 9 names the mail; what is meant is the alias."""
    assert codes(user(mail="anna", aliases=("anna.alt@schule.example", None, None, None, None))) == [7]
