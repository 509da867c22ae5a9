"""Values as Active Directory keeps them."""

from connect_worker.model.secret import Secret
from connect_worker.targets.active_directory.attributes import (
    address_values,
    foreign_addresses,
    mail_addresses,
    password_value,
    switched,
    text_values,
)

STORED = [b"smtp:Z.alias@school.test", b"x500:/o=School", b"SMTP:Anna@School.test", b"smtp:a@school.test", b"sip:anna"]


def test_the_primary_address_comes_first_and_the_aliases_sorted_all_in_lower_case() -> None:
    assert mail_addresses(STORED) == ("anna@school.test", "a@school.test", "z.alias@school.test")


def test_addresses_without_a_primary_one_are_seen_to_lack_it() -> None:
    assert mail_addresses([b"smtp:a@school.test"]) == ("", "a@school.test")


def test_two_primary_addresses_are_not_taken_for_a_primary_one_and_an_alias() -> None:
    assert mail_addresses([b"SMTP:b@school.test", b"SMTP:c@school.test", b"smtp:a@school.test"]) == (
        *("b@school.test", "c@school.test", "a@school.test"),
    )


def test_no_mail_address_is_none_at_all() -> None:
    assert mail_addresses([b"sip:anna"]) == ()


def test_addresses_of_other_kinds_are_kept_when_the_mail_addresses_are_written() -> None:
    foreign = foreign_addresses(STORED)
    assert address_values(("new@school.test", "anna@school.test"), foreign) == (
        *(b"SMTP:new@school.test", b"smtp:anna@school.test", b"x500:/o=School", b"sip:anna"),
    )


def test_clearing_the_addresses_keeps_those_of_other_kinds() -> None:
    assert address_values((), foreign_addresses(STORED)) == (b"x500:/o=School", b"sip:anna")


def test_nothing_and_an_empty_text_are_no_value() -> None:
    assert text_values(None) == text_values("") == ()
    assert text_values("Zürich") == ("Zürich".encode(),)


def test_a_password_is_quoted_and_little_endian_utf_16() -> None:
    assert password_value(Secret("aé")) == b'"\x00a\x00\xe9\x00"\x00'


def test_switching_bits_leaves_all_others() -> None:
    unknown = 0x1000200
    assert switched(unknown, on=2) == unknown + 2
    assert switched(unknown + 2, off=2) == unknown
    assert switched(unknown + 2, on=2) == unknown + 2
