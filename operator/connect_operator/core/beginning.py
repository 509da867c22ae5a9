"""The first CronJob of a ConnectJob that is new, and whether its Secrets must be read before."""

from dataclasses import dataclass
from datetime import datetime

from connect_operator.core.decision import Create
from connect_operator.core.facts import Defaults
from connect_operator.core.planning import Plan, make_plan
from connect_operator.core.secret_needs import BEFORE_THE_RUN
from connect_operator.core.spec import ConnectJob


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """What to create. `is_pressing`: a run may start before there is time for a second look."""

    create: Create
    is_pressing: bool


def begin(job: ConnectJob, defaults: Defaults, now: datetime) -> Beginning | None:
    """What a new ConnectJob begins with; None if its schedule is refused."""
    plan = make_plan(job, defaults)
    if plan.manifest is None:
        return None
    create = Create(manifest=plan.manifest, hash=plan.hash)
    return Beginning(create=create, is_pressing=_runs_soon(job, plan, now))


def _runs_soon(job: ConnectJob, plan: Plan, now: datetime) -> bool:
    if job.suspend or plan.timetable is None:
        return False
    coming = plan.timetable.next_after(now)
    return coming is not None and coming <= now + BEFORE_THE_RUN
