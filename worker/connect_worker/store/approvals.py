"""Plans that the safety gate stopped, and people's approvals of them (ruling 36)."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from connect_worker.errors import ConfigurationError
from connect_worker.model.approval import VALID, Approval, ApprovalOrder, BlockedPlan, Gate, GatedChange
from connect_worker.model.ids import RunId
from connect_worker.store.journal import Journal
from connect_worker.store.row import Row
from connect_worker.store.sql import QUERIES

REFUSED = "ApprovalRefused"


class Approvals(Journal):
    """What was stopped, who approved it, and which run made use of it."""

    async def keep_plan(self, run_id: RunId, plan: BlockedPlan) -> None:
        """Keep what this run was stopped with, to be approved."""
        gated = json.dumps([asdict(change) for change in sorted(plan.gated)], ensure_ascii=False)
        await self._session.fetch(
            QUERIES["keep_plan"], plan.checksum, plan.gate.value, run_id, list(plan.excesses), gated
        )

    async def approve(self, order: ApprovalOrder) -> None:
        """Record an approval. Raises ConfigurationError (ApprovalRefused) if no run of today was stopped with that."""
        found = await self._session.fetch(QUERIES["kept_plan"], order.checksum, VALID)
        if not found:
            raise _refused(f"No run was stopped with a plan of the checksum {order.checksum}")
        plan = found[0]
        if plan["used_at"] is not None:
            raise _refused(
                f"The plan {order.checksum} was approved by {plan['approved_by']}, and run {plan['used_by']} "
                f"has applied it on {plan['used_at']:%Y-%m-%d %H:%M} UTC"
            )
        if plan["is_old"]:
            raise _refused(
                f"The plan {order.checksum} is of {plan['made_at']:%Y-%m-%d %H:%M} UTC, more than "
                f"{VALID.total_seconds() / 3600:.0f} hours ago"
            )
        await self._session.fetch(QUERIES["approve"], order.checksum, order.approved_by, order.comment)

    async def read_approvals(self) -> tuple[Approval, ...]:
        """The approvals that are still good, the latest first."""
        return tuple(map(_approval, await self._session.fetch(QUERIES["approvals"], VALID)))

    async def use_approvals(self, run_id: RunId, approvals: Iterable[Approval]) -> None:
        """Let these be good for this run and no other."""
        checksums = [approval.checksum for approval in approvals]
        await self._session.fetch(QUERIES["use_approvals"], run_id, checksums)


def _approval(row: Row) -> Approval:
    return Approval(
        gate=Gate(row["gate"]),
        checksum=row["checksum"],
        gated=frozenset(GatedChange(**change) for change in json.loads(row["gated"])),
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
    )


def _refused(what: str) -> ConfigurationError:
    return ConfigurationError(
        what, todo="Plan anew, to see what a run would do today, and approve that", reason=REFUSED
    )
