"""The cap on how many runs go on at once in all: which of the Jobs that wait may start.

The oldest first, by the moment that they were made, then namespace and name; never two of one realm at a time, and so
nobody is passed over but by those who wait for a run of their own. Nothing that runs is ever suspended, and nothing is
let start twice: what a person has suspended waits for a person.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from connect_operator.core.condition import Truth
from connect_operator.core.facts import Gatekeeper, JobFacts
from connect_operator.core.spec import ConnectJob
from connect_operator.core.status import ConditionType, Status
from connect_operator.core.withdrawal import withdrawal


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """A Job that has not ended, with its ConnectJob as it stands."""

    job: JobFacts
    connect_job: ConnectJob
    status: Status

    @property
    def order(self) -> tuple[datetime, str, str]:
        """The older comes first."""
        return self.job.created, self.connect_job.namespace, self.job.name


def admitted(
    contenders: Iterable[Contender], *, limit: int, let: Collection[str], now: datetime
) -> tuple[Contender, ...]:
    """Who may start now; 0 is no limit. `let` are the uids of Jobs that were let start before, whatever is seen."""
    ordered = sorted(contenders, key=lambda contender: contender.order)
    under_way = [each for each in ordered if _is_under_way(each.job, let)]
    busy = {each.connect_job.realm for each in under_way}
    running = sum(each.job.gatekeeper is not Gatekeeper.KUEUE for each in under_way)
    chosen: list[Contender] = []
    for each in ordered:
        if limit and running + len(chosen) >= limit:
            break
        if each not in under_way and each.connect_job.realm not in busy and _may_start(each, now):
            chosen.append(each)
            busy.add(each.connect_job.realm)
    return tuple(chosen)


def _is_under_way(job: JobFacts, let: Collection[str]) -> bool:
    """Whether it was let start, also while Kubernetes, or a late word of the watch, still calls it suspended."""
    if not job.suspended or job.gatekeeper is Gatekeeper.NONE:
        return True
    return job.gatekeeper is Gatekeeper.OPERATOR and job.uid in let


def _may_start(contender: Contender, now: datetime) -> bool:
    job, connect_job, status = contender.job, contender.connect_job, contender.status
    if job.gatekeeper is not Gatekeeper.OPERATOR:
        return False
    ready = status.condition(ConditionType.READY)
    if ready is None or ready.finding.truth is not Truth.TRUE:
        return False
    return withdrawal(job, connect_job, ready.finding, now) is None
