"""The school office's own lock on the sync, as far as runs tell of it: nobody but a run reads the office's tables."""

from dataclasses import replace

from connect_operator.core.status import LastRun, OfficeLock


def office_lock(last: LastRun | None, known: OfficeLock | None) -> OfficeLock | None:
    """What the last run found; what is `known` stays where it ended before it had read the configuration."""
    if last is None:
        return known
    if last.office_lock is not None:
        return _dated(last.office_lock, last, known)
    return None if _has_read(last) else known


def _dated(found: OfficeLock, last: LastRun, known: OfficeLock | None) -> OfficeLock:
    """Since when, where the office's tables do not say: since a run has first seen it."""
    if found.since is not None:
        return found
    same = known is not None and (known.by, known.reason) == (found.by, found.reason)
    return replace(found, since=known.since if same and known is not None else last.completed)


def _has_read(run: LastRun) -> bool:
    """Nothing is planned, and no tables are validated in order, without the configuration."""
    stages = {row.stage for row in run.stages}
    return "plan" in stages or (run.succeeded and bool(stages & {"update", "validate"}))
