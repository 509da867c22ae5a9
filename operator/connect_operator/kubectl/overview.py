"""What `status` shows: a line for each ConnectJob, or all that on call must know of one."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from connect_operator.core.status import History, JobCondition, LastRun, Phase, Result
from connect_operator.kubectl.customer import Customer
from connect_operator.kubectl.table import Cell, Colour, Style, printable, table

HEADINGS = ("NAME", "DOING", "RESULT", "REASON", "WARNINGS", "CHANGES", "LAST RUN", "NEXT RUN", "SUSPENDED")
UNSEEN = "Unseen"
"""What it does nobody knows: the operator has never looked at it."""
_COLOURS = {
    Result.DONE.value: Colour.GOOD,
    Result.BLOCKED.value: Colour.WARNING,
    Result.STOPPED.value: Colour.WARNING,
    "": Colour.PLAIN,
}


def overview(customers: Iterable[Customer], *, now: datetime, style: Style, namespaces: bool) -> str:
    """The table of all, those who need a person first; with a column for the namespace if there may be several."""
    headings = (("NAMESPACE",) if namespaces else ()) + HEADINGS
    rows = [
        ((Cell(text=customer.job.namespace),) if namespaces else ()) + _row(customer, now)
        for customer in sorted(customers, key=_urgency)
    ]
    return table(headings, rows, style)


def detail(customer: Customer, *, now: datetime, style: Style) -> str:
    """One ConnectJob: what it does, how the last run ended and what to do, what is not as it should be, what comes."""
    job, status = customer.job, customer.status
    facts = [
        ("realm", job.realm),
        ("doing", _doing(customer)),
        ("mode", job.mode.value),
        ("schedule", " ".join(word for word in (status.resolved_schedule, status.time_zone) if word)),
        ("next run", status.summary.next_run),
        ("image", status.image),
        *_suspension(customer),
        *_last_run(status.history, status.summary.changes, now),
    ]
    width = max(len(name) for name, _ in facts)
    lines = [style.paint(f"{job.namespace}/{job.name}", Colour.BOLD)]
    lines += [f"  {name:<{width}}  {printable(value)}" for name, value in facts if value]
    return "\n".join([*lines, *_troubles(customer, now, style)])


def document(customer: Customer) -> dict[str, object]:
    """For machines; moments in ISO 8601, UTC."""
    job, status, history = customer.job, customer.status, customer.status.history
    decides, last = history.deciding, history.last
    return {
        "namespace": job.namespace,
        "name": job.name,
        "realm": job.realm,
        "phase": status.phase.value,
        "stage": customer.stage,
        "suspended": job.suspend,
        "suspendReason": job.suspend_reason,
        "suspendedBy": job.suspended_by,
        "result": status.summary.result,
        "reason": status.summary.reason,
        "warnings": status.summary.warnings,
        "changes": status.summary.changes,
        "lastRun": "" if decides is None else decides.name,
        "lastRunEnded": None if decides is None else decides.completed.isoformat(),
        "planChecksum": "" if last is None else last.plan_checksum,
        "nextRun": None if status.next_run is None else status.next_run.isoformat(),
        "seenByOperator": customer.is_seen,
        "troubles": [
            {"type": each.finding.type.value, "reason": each.finding.reason, "message": each.finding.message}
            for each in customer.unwell
        ],
    }


def age(duration: timedelta) -> str:
    """As kubectl tells ages: one unit, two where it is short."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 120:  # noqa: PLR2004 - as kubectl does
        return f"{seconds}s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 180:  # noqa: PLR2004
        return f"{minutes}m"
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"  # noqa: PLR2004


def _urgency(customer: Customer) -> tuple[bool, str, str]:
    return customer.is_seen and not customer.unwell, customer.job.namespace, customer.job.name


def _row(customer: Customer, now: datetime) -> tuple[Cell, ...]:
    summary, last = customer.status.summary, customer.status.history.deciding
    colour = _COLOURS.get(summary.result, Colour.BAD)
    return (
        Cell(text=customer.job.name),
        Cell(text=_doing(customer)),
        Cell(text=summary.result, colour=colour),
        Cell(text=summary.reason, colour=colour),
        Cell(text=summary.warnings, colour=Colour.PLAIN if summary.warnings in {"", "0"} else Colour.WARNING),
        Cell(text=summary.changes),
        Cell(text="" if last is None else age(now - last.completed)),
        Cell(text=summary.next_run),
        _suspended(customer),
    )


def _suspended(customer: Customer) -> Cell:
    """As the operator tells it; before it has seen the suspension, that there is one."""
    told = customer.status.summary.suspended or "No"
    text = "Yes" if customer.job.suspend and told == "No" else told
    return Cell(text=text, colour=Colour.PLAIN if text == "No" else Colour.WARNING)


def _doing(customer: Customer) -> str:
    phase = customer.status.phase
    if not customer.status.generation:
        return UNSEEN
    return f"{phase.value}: {customer.stage}" if customer.stage and phase is Phase.RUNNING else phase.value


def _suspension(customer: Customer) -> Iterator[tuple[str, str]]:
    job, since = customer.job, customer.status.suspended_since
    if job.suspend:
        by = f"by {job.suspended_by}" if job.suspended_by else ""
        when = f"since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if since else ""
        yield "suspended", ", ".join(word for word in (when, by, job.suspend_reason) if word) or "yes"
    elif (lock := customer.status.office_lock) is not None:
        yield "suspended", ", ".join(word for word in (f"by the office: {lock.by}", lock.reason) if word)


def _last_run(history: History, changes: str, now: datetime) -> Sequence[tuple[str, str]]:
    decides, last = history.deciding, history.last
    if decides is None or last is None:
        return (("last run", "none yet"),)
    since = "" if last is decides else _ended(last, now)
    return (
        ("last run", _ended(decides, now)),
        ("changes", changes),
        ("since", since),
        ("plan", last.plan_checksum),
    )


def _ended(run: LastRun, now: datetime) -> str:
    return f"{run.result.value}, {run.reason}: {run.name} ({run.mode}), {age(now - run.completed)} ago"


def _troubles(customer: Customer, now: datetime, style: Style) -> Iterator[str]:
    if not customer.is_seen:
        yield ""
        yield style.paint(
            "The operator has not looked at its latest change: is it up? kubectl connect doctor", Colour.BAD
        )
    for condition in customer.unwell:
        yield ""
        yield style.paint(_heading(condition, now), Colour.WARNING)
        yield f"  {printable(condition.finding.message)}"


def _heading(condition: JobCondition, now: datetime) -> str:
    finding = condition.finding
    return f"{finding.type.value} {finding.truth.value}, {finding.reason}, for {age(now - condition.since)}"
