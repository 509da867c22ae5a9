"""Limits for a realm and for all."""

import pytest

from connect_protocol.relay.frames import ResetCode
from connect_relay.errors import RefusedError
from connect_relay.slots import Slots


def test_a_realm_gets_no_more_than_its_own_share() -> None:
    slots = Slots("dials", limit=10, limit_per_realm=2)
    with slots.taken_by("a"), slots.taken_by("a"):
        with pytest.raises(RefusedError, match="realm a has 2 dials already") as refused, slots.taken_by("a"):
            pass
        assert refused.value.reset.code is ResetCode.LIMIT
        with slots.taken_by("b"):
            assert slots.taken == 3
    assert slots.taken == 0


def test_all_realms_together_get_no_more_than_the_whole() -> None:
    slots = Slots("dials", limit=2, limit_per_realm=2)
    with (
        slots.taken_by("a"),
        slots.taken_by("b"),
        pytest.raises(RefusedError, match="the relay has 2 dials already"),
        slots.taken_by("c"),
    ):
        pass


def test_a_slot_is_free_again_however_its_use_ended() -> None:
    slots = Slots("dials", limit=1, limit_per_realm=1)
    with pytest.raises(KeyError), slots.taken_by("a"):
        raise KeyError
    with slots.taken_by("a"):
        assert slots.taken == 1
