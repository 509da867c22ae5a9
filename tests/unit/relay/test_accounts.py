"""What a realm has used, and what its data must wait for."""

import pytest

from connect_relay.accounts import NOBODY, OTHERS, Accounts
from connect_relay.settings import Limits


def accounts(**limits: int) -> Accounts:
    return Accounts(Limits(**limits), lambda: 0.0)


def test_a_realm_has_one_account() -> None:
    kept = accounts()
    kept.of("a").sent += 5
    assert kept.of("a").sent == 5
    assert kept.of("b").sent == 0


def test_without_limits_nothing_waits() -> None:
    assert list(accounts().of("a").delays(10**12)) == []


def test_a_realm_that_has_used_up_its_share_does_not_slow_another() -> None:
    kept = accounts(bytes_per_second_per_realm=1000)
    assert list(kept.of("a").delays(3000)) == [2.0]
    assert list(kept.of("b").delays(1000)) == []
    assert (kept.of("a").waited, kept.of("b").waited) == (2.0, 0.0)


def test_what_all_realms_share_delays_whoever_comes_last() -> None:
    kept = accounts(bytes_per_second=1000)
    assert list(kept.of("a").delays(1000)) == []
    assert list(kept.of("b").delays(500)) == [0.5]


def test_the_own_share_is_waited_for_before_the_common_one_is_touched() -> None:
    """A realm that waits for itself takes nothing from the others."""
    kept = accounts(bytes_per_second=1000, bytes_per_second_per_realm=100)
    waits = kept.of("a").delays(1000)
    assert next(waits) == 9.0
    assert list(kept.of("b").delays(100)) == []
    assert list(waits) == pytest.approx([0.1])


def test_accounts_are_bounded() -> None:
    kept = accounts(realms=2)
    for realm in ("a", "b", "c", "d"):
        kept.of(realm).sent += 1
    assert {account.realm: account.sent for account in kept} == {"a": 1, "b": 1, OTHERS: 2}


def test_callers_without_a_realm_share_an_account() -> None:
    assert accounts().of(None).realm == NOBODY
