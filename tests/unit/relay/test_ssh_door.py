"""How many may stand at the door before they have said who they are."""

from connect_relay.ssh.door import is_too_many

MOST = 30


def test_a_few_are_never_too_many() -> None:
    assert not any(is_too_many(under_way, MOST, 0.0) for under_way in range(10))


def test_a_full_house_is_always_too_many() -> None:
    assert is_too_many(MOST, MOST, 0.999)


def test_between_them_ever_more_are_sent_away() -> None:
    """Of a hundred that come, evenly spread by chance."""
    sent_away = [
        sum(is_too_many(under_way, MOST, percent / 100) for percent in range(100)) for under_way in range(10, MOST)
    ]
    assert sent_away == sorted(sent_away)
    assert 0 < sent_away[0] < 10
    assert 90 < sent_away[-1] < 100
