"""The plan that a run has printed, read in the log of its pod."""

from datetime import UTC, datetime, timedelta

from connect_operator.core.spec import Mode
from connect_operator.core.status import LastRun
from connect_operator.errors import NotFoundError
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.customer import Customer
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_protocol.plan_block import PlanBlock, find

APPROVABLE = timedelta(hours=24)
"""So old may a plan be that is approved (ruling 36)."""


async def plan_of_job(cluster: Cluster, job: str) -> PlanBlock | None:
    """What the last try of a run has printed; None if it has printed none, or its pod is gone.

    Raises CommandError if the log does not hold it whole.
    """
    pods = await cluster.pods(job)
    if not pods:
        return None
    try:
        return find(await cluster.log(pods[-1]))
    except NotFoundError:
        return None
    except ValueError as error:
        raise CommandError(
            f"the plan in the log of {job} cannot be read: {error}",
            todo="Make another with kubectl connect plan NAME --fresh",
            code=Exit.NOT_FOUND,
        ) from error


async def kept_plan(cluster: Cluster, customer: Customer) -> PlanBlock | None:
    """The plan of the last run, if that has printed one that can still be approved, as the operator knows it too."""
    last = customer.status.history.last
    if last is None or not _has_plan(last) or last.completed < datetime.now(UTC) - APPROVABLE:
        return None
    plan = await plan_of_job(cluster, last.name)
    return plan if plan is not None and plan.checksum == last.plan_checksum else None


def _has_plan(last: LastRun) -> bool:
    return bool(last.plan_checksum) and (last.mode == Mode.PLAN or not last.succeeded)
