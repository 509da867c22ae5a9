"""The safety gate before the first write: what it counts is in core/safety.py (rulings 35 and 36)."""

from datetime import timedelta

from connect_worker.core.gated import gated_changes
from connect_worker.core.safety import DAYS, excesses, without_prefix
from connect_worker.errors import BlockedBySafetyGateError
from connect_worker.stages.context import Context
from connect_worker.stages.sync import Planned
from connect_worker.store.repository import Store

TOLD = 5
"""So many limits are named in a message; the others are counted."""


async def require_safe(store: Store, context: Context, planned: Planned) -> None:
    """Raise BlockedBySafetyGateError if the plan exceeds a limit, or leaves the test prefix's ground."""
    _require_prefix(planned)
    if not gated_changes(planned.plan.changes):
        return
    recent = await store.read_recent_acts(since=context.today - timedelta(days=DAYS - 1), until=context.today)
    found = excesses(planned.plan, recent, planned.state, context.settings.limits)
    if found:
        more = f"; and {len(found) - TOLD} limits more" if len(found) > TOLD else ""
        raise BlockedBySafetyGateError(
            "; ".join(excess.sentence for excess in found[:TOLD]) + more,
            todo=f"Look at the plan ({planned.plan.checksum}) with connect-worker plan; nothing was changed",
        )


def _require_prefix(planned: Planned) -> None:
    prefix = planned.configuration.test_prefix
    bare = without_prefix(planned.plan, prefix) if prefix else ()
    if bare:
        raise BlockedBySafetyGateError(
            f"With the test prefix {prefix} set, {len(bare)} objects without it would be written, such as {bare[0]}",
            todo="Is this a copy of another database? Unlink its objects or remove the prefix; nothing was changed",
            reason="TestPrefixMissing",
        )
