"""How figures are compared, told and kept."""

import sys

import pytest

from benchmarks.measuring import Aim, Limit, Of, Row, Series, alternating, run, timed


def series(*runs: float) -> Series:
    return Series(runs=runs)


def row(*runs: float, limit: Series | None = None, aim: Aim | None = None) -> Row:
    held_against = Limit(what="the same by hand", measured=limit) if limit is not None else None
    return Row(work="work", unit="s", measured=series(*runs), limit=held_against, aim=aim)


def test_the_value_is_the_median_and_the_spread_tells_the_rest() -> None:
    measured = series(3.0, 1.0, 100.0)
    assert measured.median == 3.0
    assert measured.spread == (1.0, 100.0)


def test_the_ratio_is_of_the_medians() -> None:
    assert row(3.0, 4.0, 9.0, limit=series(1.0, 2.0, 2.0)).ratio == 2.0
    assert row(3.0).ratio is None


@pytest.mark.parametrize(
    ("most", "of", "met"),
    [
        (3.0, Of.VALUE, True),
        (2.9, Of.VALUE, False),
        (1.5, Of.RATIO, True),
        (1.4, Of.RATIO, False),
        (1.0, Of.EXCESS, True),
        (0.9, Of.EXCESS, False),
    ],
)
def test_an_aim_is_about_the_value_or_the_ratio_or_the_excess(most: float, of: Of, met: bool) -> None:
    assert row(3.0, limit=series(2.0), aim=Aim(text="aim", most=most, of=of)).met is met


def test_without_an_aim_nothing_is_met_or_missed() -> None:
    assert row(3.0, limit=series(2.0)).met is None


def test_an_aim_about_a_limit_needs_one() -> None:
    with pytest.raises(ValueError, match="work: an aim about the ratio needs a limit"):
        assert row(3.0, aim=Aim(text="aim", most=2.0, of=Of.RATIO)).met


def test_two_works_take_turns() -> None:
    done: list[str] = []

    def work(name: str) -> int:
        done.append(name)
        return len(done)

    assert alternating(2, lambda: work("A"), lambda: work("B")) == ((1, 3), (2, 4))
    assert done == ["A", "B", "A", "B"]


def test_the_cpu_of_a_process_is_told_beside_its_time() -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    measured = timed(lambda: run([sys.executable, "-c", busy], timeout=30))
    assert measured.wall >= 0.2
    assert measured.cpu >= 0.2


def test_a_command_that_fails_tells_its_own_words() -> None:
    with pytest.raises(RuntimeError, match=r"ended with 3:\nout\nwhy"):
        run([sys.executable, "-c", "print('out'); raise SystemExit(print('why', file=__import__('sys').stderr) or 3)"],
            timeout=30)  # fmt: skip


@pytest.mark.parametrize(("speed", "met"), [(129.0, False), (130.0, True)])
def test_an_aim_may_be_a_least_ratio(speed: float, *, met: bool) -> None:
    fast = Aim(text="≥ 1.3 × its speed", least=1.3, of=Of.RATIO)
    assert row(speed, limit=series(100.0), aim=fast).met is met
