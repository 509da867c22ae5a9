"""The relay's benchmark as rows: every figure of every path, ours beside the peers that they are held against."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.connect_paths import GRPC, SSH
from benchmarks.measuring import Aim, Limit, Of, Row, Series
from benchmarks.relay_figures import Crowd, Held, Round
from benchmarks.relay_paths import DIRECT, OPENSSH, OPENSSH_GCM, RATHOLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A field of Round, Held or Crowd, in words."""

    field: str
    words: str
    unit: str


ONE = Figure(field="one", words="one stream", unit="MB/s")
EIGHT = Figure(field="eight", words="eight streams", unit="MB/s")
UPLOAD = Figure(field="upload", words="one stream, upload", unit="MB/s")
COPY = Figure(field="copy", words="PostgreSQL's COPY with its own TLS", unit="MB/s")
CPU = Figure(field="cpu", words="CPU of the path's processes for a GiB", unit="s CPU")
OPENING = Figure(field="opening", words="a connection opened, and its first byte", unit="ms")
ROUND_TRIP = Figure(field="round_trip", words="100 bytes there and back", unit="ms")
BESIDE_STALLED = Figure(field="beside_stalled", words="the same beside a stalled reader", unit="ms")
FIGURES = (ONE, EIGHT, UPLOAD, COPY, CPU, OPENING, ROUND_TRIP, BESIDE_STALLED)

STALLED = Figure(field="stalled", words="memory held for a stalled reader", unit="MB")
IDLE = Figure(field="idle", words="memory for each of many idle connections", unit="kB")
BUSY = Figure(field="busy", words="memory for each of many busy connections", unit="kB")
HALF_CLOSES = Figure(field="half_closes", words="half-closes arrive exactly (1: yes)", unit="")


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A figure of ours, the same or another figure of somebody's, and what is aimed at."""

    figure: Figure
    ours: str
    peer: str
    aim: Aim
    peer_figure: Figure | None = None


def _times_as_fast(least: float) -> Aim:
    return Aim(text=f"≥ {least:g} × its speed", of=Of.RATIO, least=least)


def _times(most: float) -> Aim:
    return Aim(text=f"≤ {most:g} × it", of=Of.RATIO, most=most)


def _unfelt(path: str) -> Comparison:
    return Comparison(
        figure=BESIDE_STALLED, ours=path, peer=path, peer_figure=ROUND_TRIP,
        aim=Aim(text="< 10 % more", of=Of.RATIO, most=1.1),
    )  # fmt: skip


NEAR = (
    Comparison(figure=ONE, ours=GRPC, peer=OPENSSH, aim=_times_as_fast(1.3)),
    Comparison(figure=EIGHT, ours=GRPC, peer=OPENSSH, aim=_times_as_fast(1.3)),
    Comparison(figure=CPU, ours=GRPC, peer=OPENSSH, aim=_times(1)),
    Comparison(figure=OPENING, ours=GRPC, peer=OPENSSH, aim=_times(0.1)),
    Comparison(figure=ROUND_TRIP, ours=GRPC, peer=DIRECT, aim=Aim(text="≤ 0.6 ms more", of=Of.EXCESS, most=0.6)),
    _unfelt(GRPC),
    Comparison(figure=ONE, ours=SSH, peer=OPENSSH_GCM, aim=_times_as_fast(0.8)),
    Comparison(figure=EIGHT, ours=SSH, peer=OPENSSH_GCM, aim=_times_as_fast(0.8)),
    _unfelt(SSH),
)
FAR = (
    Comparison(figure=ONE, ours=GRPC, peer=OPENSSH, aim=_times_as_fast(5)),
    Comparison(figure=ONE, ours=GRPC, peer=RATHOLE, aim=_times_as_fast(1)),
    Comparison(figure=ONE, ours=SSH, peer=OPENSSH, aim=_times_as_fast(2)),
    _unfelt(GRPC),
    _unfelt(SSH),
)
ONCE_AIMS = {
    (STALLED, GRPC): Aim(text="≤ 40 MB", of=Of.VALUE, most=40),
    (STALLED, SSH): Aim(text="≤ 40 MB", of=Of.VALUE, most=40),
    (HALF_CLOSES, GRPC): Aim(text="yes", of=Of.VALUE, least=1),
    (HALF_CLOSES, SSH): Aim(text="yes", of=Of.VALUE, least=1),
}


def round_rows(rounds: Mapping[str, Sequence[Round]], *, far: bool) -> Iterator[Row]:
    """Every figure of every path; ours once for each that it is held against."""
    for figure in FIGURES:
        for path in rounds:
            found = [
                comparison
                for comparison in (FAR if far else NEAR)
                if (comparison.figure, comparison.ours) == (figure, path) and comparison.peer in rounds
            ]
            for comparison in found:
                yield _compared(rounds, comparison, far=far)
            if not found:
                yield Row(work=_work(figure, path, far=far), unit=figure.unit, measured=_series(rounds[path], figure))


def held_rows(held: Mapping[str, Held], *, far: bool) -> Iterator[Row]:
    """What was measured once."""
    for figure in (STALLED, HALF_CLOSES):
        for path, each in held.items():
            yield Row(
                work=_work(figure, path, far=far),
                unit=figure.unit,
                measured=_series((each,), figure),
                aim=ONCE_AIMS.get((figure, path)),
            )


def crowd_rows(crowds: Mapping[str, Sequence[Crowd]]) -> Iterator[Row]:
    """What many connections hold, on loopback."""
    for figure in (IDLE, BUSY):
        for path, runs in crowds.items():
            yield Row(work=_work(figure, path, far=False), unit=figure.unit, measured=_series(runs, figure))


def _compared(rounds: Mapping[str, Sequence[Round]], comparison: Comparison, *, far: bool) -> Row:
    figure, path = comparison.figure, comparison.ours
    beside = comparison.peer_figure or figure
    what = beside.words if comparison.peer == path else comparison.peer
    return Row(
        work=_work(figure, path, far=far),
        unit=figure.unit,
        measured=_series(rounds[path], figure),
        limit=Limit(what=what, measured=_series(rounds[comparison.peer], beside)),
        aim=comparison.aim,
    )


def _work(figure: Figure, path: str, *, far: bool) -> str:
    return f"{figure.words}, {'50 ms' if far else 'loopback'}: {path}"


def _series(rounds: Sequence[Round | Held | Crowd], figure: Figure) -> Series:
    return Series(runs=tuple(float(getattr(each, figure.field)) for each in rounds))
