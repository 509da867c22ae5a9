"""What a run would do, or was stopped with, as the log of its pod tells it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from connect_protocol.plan_block import PlanBlock, PlannedChange
from connect_protocol.report import Report
from connect_worker.core.gated import gated_changes
from connect_worker.model.approval import GatedChange
from connect_worker.model.change import Change
from connect_worker.stages.gate import Verdict
from connect_worker.store.audit import effect_of
from connect_worker.tally import Tally

PLAN = "plan"
LEAVES = "out_of_scope"


def plan_block(report: Report, tally: Tally) -> PlanBlock | None:
    """The plan of a run that plans only, or that the safety gate has stopped; None of any other."""
    verdict, plan = tally.verdict, tally.plan
    stopped = verdict is not None and verdict.blocked
    if verdict is None or not (stopped or report.command == PLAN):
        return None
    changes = tuple(_of_leavers(verdict.gated) if plan is None else _of_plan(plan.changes))
    return PlanBlock(
        realm=report.realm,
        run_id=report.run_id,
        command=report.command,
        checksum=verdict.checksum,
        blocked=stopped,
        excesses=_sentences(verdict),
        approved_by=verdict.approved_by or "",
        counts=dict(sorted(Counter(change.kind for change in changes).items())),
        gated=sum(change.gated for change in changes),
        changes=changes,
    )


def _sentences(verdict: Verdict) -> tuple[str, ...]:
    return tuple(excess.sentence for excess in verdict.excesses)


def _of_plan(changes: Iterable[Change]) -> Iterator[PlannedChange]:
    for change in changes:
        effect = effect_of(change)
        yield PlannedChange(
            kind=change.kind,
            object="" if change.key is None else str(change.key),
            dn=change.dn,
            cause=change.cause.value,
            sentence=change.sentence,
            before=effect.before,
            after=effect.after,
            gated=bool(gated_changes([change])),
        )


def _of_leavers(gated: Iterable[GatedChange]) -> Iterator[PlannedChange]:
    """Where the update was stopped there is no plan yet: the people who would leave the scope, and be locked out."""
    for change in sorted(gated):
        yield PlannedChange(
            kind=change.kind,
            object=change.object,
            dn="",
            cause=LEAVES,
            sentence=f"lock out {change.object}, who leaves the scope",
            before={"enabled": True},
            after={"enabled": False},
            gated=True,
        )
