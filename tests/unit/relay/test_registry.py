"""Which bridge serves a realm, and what is known of one that is absent."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connect_relay.registry import Absence, Registry

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bridge:
    realm: str
    since: datetime = START
    targets: tuple[str, ...] = ("database",)


def new(most: int = 3) -> Registry[Bridge]:
    return Registry(started=START, most_per_realm=most)


def test_the_newest_bridge_of_a_realm_serves() -> None:
    """A bridge that comes back wins over its half-dead predecessor, whose end does not touch it."""
    registry = new()
    half_dead, back = Bridge(realm="a"), Bridge(realm="a")
    registry.attach(half_dead)
    registry.attach(back)
    assert registry.serving("a", "database") is back
    registry.detach(half_dead, START)
    assert registry.serving("a", "database") is back
    assert registry.absent == []


def test_a_bridge_that_stood_by_takes_over() -> None:
    registry = new()
    older, newer = Bridge(realm="a"), Bridge(realm="a")
    registry.attach(older)
    registry.attach(newer)
    registry.detach(newer, START)
    assert registry.serving("a", "database") is older


def test_bridges_with_different_targets_serve_side_by_side() -> None:
    """As one does on each of two servers."""
    registry = new()
    database, directory = Bridge(realm="a"), Bridge(realm="a", targets=("directory",))
    registry.attach(database)
    registry.attach(directory)
    assert registry.serving("a", "database") is database
    assert registry.serving("a", "directory") is directory
    assert registry.serving("a", "payroll") is None


def test_a_realm_that_has_too_many_loses_its_oldest() -> None:
    registry = new(most=2)
    bridges = [Bridge(realm="a") for _ in range(3)]
    assert [registry.attach(bridge) for bridge in bridges] == [None, None, bridges[0]]
    registry.detach(bridges[0], START)
    assert list(registry.bridges) == [bridges[2], bridges[1]]


def test_a_bridge_serves_its_own_realm_only() -> None:
    registry = new()
    registry.attach(Bridge(realm="a"))
    assert registry.serving("b", "database") is None


def test_an_absent_realm_tells_since_when() -> None:
    registry = new()
    bridge = Bridge(realm="a")
    registry.attach(bridge)
    left = START + timedelta(hours=2)
    registry.detach(bridge, left)
    assert registry.absent == [Absence(realm="a", since=left)]
    assert registry.absence("a") == "no bridge serves realm a since 2026-11-22T22:00:00+00:00"


def test_a_realm_that_was_never_seen_is_not_absent_but_says_so() -> None:
    registry = new()
    assert registry.absent == []
    expected = "no bridge of realm a has come since the relay started at 2026-11-22T20:00:00+00:00"
    assert registry.absence("a") == expected


def test_a_realm_whose_bridge_has_come_back_is_absent_no_more() -> None:
    registry = new()
    first = Bridge(realm="a")
    registry.attach(first)
    registry.detach(first, START)
    registry.attach(Bridge(realm="a"))
    assert registry.absent == []


def test_bridges_are_told_by_realm() -> None:
    registry = new()
    b, a = Bridge(realm="b"), Bridge(realm="a")
    registry.attach(b)
    registry.attach(a)
    assert list(registry.bridges) == [a, b]
