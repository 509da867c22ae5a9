"""The safety gate: what it counts is in core/safety.py; here are the limits, the last days and people's approvals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from connect_worker.core.gated import checksum_of, gated_leavers, unconfirmed
from connect_worker.core.prefixes import bare_names
from connect_worker.core.safety import DAYS, Excess, excesses, outside, scope_excess, scope_leavers
from connect_worker.errors import BlockedBySafetyGateError
from connect_worker.model.account import Account
from connect_worker.model.approval import Approval, BlockedPlan, Gate, GatedChange
from connect_worker.model.change import Change
from connect_worker.stages.context import Context
from connect_worker.stages.sync import Planned
from connect_worker.store.repository import Store

TOLD = 5
"""So many limits are named in a message; the others are counted."""
_TODO = {
    Gate.SCOPE: "Check the configuration and the master data",
    Gate.PLAN: "Look at the plan",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Which limits are exceeded by what the gate counts, and the approvals that allow it."""

    gate: Gate
    checksum: str
    gated: frozenset[GatedChange]
    excesses: tuple[Excess, ...] = ()
    approvals: tuple[Approval, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether a person has to look first."""
        return bool(self.excesses) and not self.approvals

    @property
    def command(self) -> str:
        """How a person approves it at a command line; elsewhere others know how."""
        return f"connect-worker approve {self.checksum}"

    @property
    def approved_by(self) -> str | None:
        """Who has let it through."""
        return ", ".join(dict.fromkeys(approval.approved_by for approval in self.approvals)) or None

    def require_open(self) -> None:
        """Raise BlockedBySafetyGateError if it is blocked."""
        if self.blocked:
            more = f"; and {len(self.excesses) - TOLD} limits more" if len(self.excesses) > TOLD else ""
            raise BlockedBySafetyGateError(
                "; ".join(excess.sentence for excess in self.excesses[:TOLD]) + more,
                todo=f"{_TODO[self.gate]}; nothing was changed. If it is meant, approve it",
                checksum=self.checksum,
            )


def require_own_ground(planned: Planned) -> None:
    """Raise BlockedBySafetyGateError if the plan leaves our OUs or the test prefix; nobody can approve that."""
    astray = outside(planned.plan.changes, planned.places)
    if astray:
        raise BlockedBySafetyGateError(
            f"{len(astray)} objects outside of the configured OUs would be written, such as {astray[0]}",
            todo="Check the DNs of the configuration and of Connect's tables; nothing was changed",
            reason="OutsideOUs",
        )
    _require_prefix(planned)


def _require_prefix(planned: Planned) -> None:
    prefix = planned.configuration.test_prefix
    bare = bare_names(planned.plan.changes, prefix) if prefix else ()
    if bare:
        raise BlockedBySafetyGateError(
            f"With the test prefix {prefix} set, {len(bare)} names without it would be written, such as {bare[0]}",
            todo="Is this a copy of another database? Unlink its objects or remove the prefix; nothing was changed",
            reason="TestPrefixMissing",
        )


async def judge_plan(store: Store, context: Context, planned: Planned) -> Verdict:
    """Whether the plan may be applied (ruling 35); one that may not is kept, so that it can be approved."""
    changes, gated = planned.plan.changes, planned.plan.gated
    verdict = Verdict(gate=Gate.PLAN, checksum=checksum_of(gated), gated=gated)
    if not gated:
        return verdict
    recent = await store.read_recent_acts(since=context.today - timedelta(days=DAYS - 1), until=context.today)

    def exceeded(counted: Sequence[Change]) -> tuple[Excess, ...]:
        return excesses(counted, recent, planned.state, context.settings.limits)

    found = exceeded(changes)
    approvals = await store.read_approvals() if found else ()
    good = tuple(approval for approval in approvals if gated <= approval.gated)
    if found and not good:
        # Who was approved when he left the scope is not counted a second time when he is locked out.
        leavers = tuple(approval for approval in approvals if approval.gate is Gate.SCOPE and gated & approval.gated)
        confirmed = frozenset(change for approval in leavers for change in approval.gated)
        good = () if exceeded(unconfirmed(changes, confirmed)) else leavers
    verdict = replace(verdict, excesses=found, approvals=good)
    await _keep(store, context, verdict)
    return verdict


async def judge_scope(store: Store, context: Context, before: Sequence[Account], after: Sequence[Account]) -> Verdict:
    """Whether an update may take so many people out of scope (ruling 33)."""
    leaving = scope_leavers(before, after)
    found = scope_excess(before, leaving, context.settings.limits)
    gated = gated_leavers(leaving)
    approvals = await store.read_approvals() if found else ()
    verdict = Verdict(
        gate=Gate.SCOPE,
        checksum=checksum_of(gated),
        gated=gated,
        excesses=found,
        approvals=tuple(approval for approval in approvals if gated <= approval.gated),
    )
    await _keep(store, context, verdict)
    return verdict


async def _keep(store: Store, context: Context, verdict: Verdict) -> None:
    if verdict.blocked:
        sentences = tuple(excess.sentence for excess in verdict.excesses)
        plan = BlockedPlan(gate=verdict.gate, checksum=verdict.checksum, gated=verdict.gated, excesses=sentences)
        await store.keep_plan(context.run_id, plan)
