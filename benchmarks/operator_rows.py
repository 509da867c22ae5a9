"""What the operator's figures are held against, and what should be reached."""

import math
from collections.abc import Sequence
from statistics import median

from benchmarks.ended_runs import Ends
from benchmarks.measuring import Aim, Limit, Of, Row, Series
from benchmarks.operator_figures import Requests, Restart, Round

PLAIN = "`kubectl apply --server-side` of as many CronJobs"
ALONE = "`kubectl apply --server-side` of them, without an operator"
HALF_MORE = Aim(text="≤ 1.5 ×", most=1.5, of=Of.RATIO)
MEMORY = Aim(text="≤ 150 MB", most=150.0, of=Of.VALUE)
NONE = Aim(text="none", most=0.0, of=Of.VALUE)
FIFTEEN_SECONDS = Aim(text="≤ 15 s", most=15.0, of=Of.VALUE)
AIMED_AT = 1000
"""The fleet that memory and restart have aims for."""


def fleet_rows(jobs: int, rounds: Sequence[Round]) -> list[Row]:
    """The rows of a fleet of one size."""
    return [
        *_stood_rows(jobs, rounds),
        *_restart_rows(jobs, [each.restart for each in rounds]),
        *_rest_rows(jobs, [each.rest for each in rounds]),
    ]


def ends_rows(rounds: Sequence[Ends]) -> list[Row]:
    """How soon the ends of many runs are told."""
    if not rounds:
        return []
    statuses = [each.after_pod(each.statuses) for each in rounds]
    jobs = [each.after_pod(each.jobs) for each in rounds]
    work = f"{len(statuses[0])} runs that end within a minute: from a pod's end to its status"
    what = "until Kubernetes says so of the Job"
    return [
        Row(
            work=f"{work}, median",
            unit="s",
            measured=_series([median(each) for each in statuses]),
            limit=Limit(what=what, measured=_series([median(each) for each in jobs])),
        ),
        Row(
            work=f"{work}, 99th percentile",
            unit="s",
            measured=_series([_percentile(each, 0.99) for each in statuses]),
            limit=Limit(what=what, measured=_series([_percentile(each, 0.99) for each in jobs])),
        ),
    ]


def _stood_rows(jobs: int, rounds: Sequence[Round]) -> list[Row]:
    stood = [each.stood for each in rounds]
    work, seconds = (
        f"{jobs:,} ConnectJobs applied by kubectl, until all CronJobs stand",
        [each.seconds for each in stood],
    )
    return [
        Row(
            work=work,
            unit="s",
            measured=_series(seconds),
            limit=Limit(what=PLAIN, measured=_series([each.plain_seconds for each in rounds])),
            aim=HALF_MORE,
        ),
        Row(
            work=work,
            unit="s",
            measured=_series(seconds),
            limit=Limit(what=ALONE, measured=_series([each.alone_seconds for each in rounds])),
        ),
        Row(work="… until all is told of them", unit="s", measured=_series([each.told for each in stood])),
        Row(
            work="… of it CPU of the operator",
            unit="s CPU",
            measured=_series([each.cpu for each in stood]),
        ),
        Row(
            work="… requests to the API server for each of them",
            unit="requests",
            measured=_series([each.requests.single.total() / jobs for each in stood]),
        ),
    ]


def _restart_rows(jobs: int, restart: Sequence[Restart]) -> list[Row]:
    small = jobs <= AIMED_AT
    return [
        Row(
            work=f"a restart among {jobs:,}, until it has looked at all",
            unit="s",
            measured=_series([each.seconds for each in restart]),
            aim=FIFTEEN_SECONDS if small else None,
        ),
        Row(work="… of it CPU", unit="s CPU", measured=_series([each.cpu for each in restart])),
        Row(work="… writes", unit="requests", measured=_series([each.writes for each in restart]), aim=NONE),
        Row(
            work=f"memory of the operator with {jobs:,} ConnectJobs",
            unit="MB",
            measured=_series([each.resident / 1e6 for each in restart]),
            aim=MEMORY if small else None,
        ),
    ]


def _rest_rows(jobs: int, rest: Sequence[Requests]) -> list[Row]:
    return [
        Row(
            work=f"requests a minute for {jobs:,} unchanged ConnectJobs, watches and comparisons left out",
            unit="requests",
            measured=_series([each.single.total() / each.seconds * 60 for each in rest]),
            aim=NONE,
        ),
        Row(
            work="… pages of lists for one comparison, every five minutes",
            unit="requests",
            measured=_series([each.pages / max(each.comparisons, 1) for each in rest]),
        ),
    ]


def _series(values: Sequence[float]) -> Series:
    return Series(runs=tuple(values))


def _percentile(ordered: Sequence[float], part: float) -> float:
    """The value that this part of all does not exceed."""
    return ordered[math.ceil(part * len(ordered)) - 1]
