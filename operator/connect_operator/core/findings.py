"""What is found of a ConnectJob now, as conditions without their history; each says what to do."""

from collections.abc import Iterator
from datetime import datetime

from connect_operator.core.condition import Finding, Truth
from connect_operator.core.decision import Observed
from connect_operator.core.endings import shown
from connect_operator.core.facts import BridgeState, Refusal, RelayView, SecretFinding
from connect_operator.core.names import CONNECT_JOB_LABEL, cron_job_name
from connect_operator.core.planning import Plan, schedule_valid
from connect_operator.core.runs import Runs
from connect_operator.core.spec import ConnectJob
from connect_operator.core.status import ConditionType, JobFinding, LastRun, Status
from connect_operator.core.withdrawal import Withdrawal
from connect_protocol.counts import WarningCount

FIRST_NOT_BLOCKING = 101
RUN_MISSED = "RunMissed"


def findings(
    observed: Observed, plan: Plan, ready: JobFinding, runs: Runs, missed: JobFinding | None
) -> Iterator[JobFinding]:
    """All that is to be said, in the order of ConditionType; a missed run says more than the last one."""
    yield ready
    yield from _schedule_valid(observed, plan)
    yield _suspended(observed)
    yield from _run_started(runs, observed.status)
    yield from _relay_connected(observed.job, observed.relay, observed.status)
    yield from _validated(runs.history.last, observed.status)
    yield from _last_run_succeeded(runs.history.deciding, missed)


def ready(observed: Observed, plan: Plan) -> JobFinding:
    """Whether the CronJob may stand: True, or False with the first cause; what Secrets lack is told at once."""
    for reason, message in _causes(observed, plan):
        words = f"{message}{_goes_on(observed)}"
        return Finding(type=ConditionType.READY, truth=Truth.FALSE, reason=reason, message=words)
    message = f"CronJob {cron_job_name(observed.job.name)} is what the spec asks for."
    return Finding(type=ConditionType.READY, truth=Truth.TRUE, reason="Reconciled", message=message)


def _goes_on(observed: Observed) -> str:
    if not observed.unsuspended:
        return ""
    cause = shown(observed.unsuspended).rstrip(".")
    return f" Its runs still start, for Kubernetes does not let the operator suspend the CronJob either: {cause}."


def _causes(observed: Observed, plan: Plan) -> Iterator[tuple[str, str]]:
    if (rival := observed.rival) is not None:
        yield (
            "RealmTaken",
            f"Realm {rival.realm} belongs to the older ConnectJob {rival.namespace}/{rival.name}. Delete one of them.",
        )
    if plan.fault is not None:
        yield plan.fault.reason, plan.fault.message
    yield from _name_taken(observed)
    if wrong := [_secret(finding, observed.job) for finding in observed.secrets.findings]:
        yield wrong[0][0], " ".join(message for _, message in wrong)
    refusal = observed.refusal
    if refusal is not None and refusal.hash == plan.hash:
        # What may not even be suspended is not refused for what stands in it: policies say 422 as well.
        yield _refused(refusal, forbidden=refusal.forbidden or bool(observed.unsuspended))


def _schedule_valid(observed: Observed, plan: Plan) -> Iterator[JobFinding]:
    if plan.fault is not None:
        yield plan.fault
    elif plan.timetable is not None:
        yield schedule_valid(observed.job, plan.timetable, observed.now)


def _refused(refusal: Refusal, *, forbidden: bool) -> tuple[str, str]:
    message = shown(refusal.message).rstrip(".")
    if forbidden:
        todo = "Look at the operator's rights, quotas and admission policies. It is tried again every minute."
        return "Forbidden", f"Kubernetes does not let the operator write the CronJob: {message}. {todo}"
    return "TemplateRefused", f"Kubernetes refuses the CronJob: {message}. Correct the field in the spec."


def _name_taken(observed: Observed) -> Iterator[tuple[str, str]]:
    cron_job = observed.cron_job
    if cron_job is None:
        return
    if cron_job.owner_uid != observed.job.uid:
        left = cron_job.owner_uid is None and cron_job.labels.get(CONNECT_JOB_LABEL) == observed.job.name
        whose = "was left behind by a deleted ConnectJob and is kept suspended" if left else "is not this ConnectJob's"
        yield "NameTaken", f"CronJob {cron_job.name} {whose}. Delete it: kubectl delete cronjob {cron_job.name}"
    elif cron_job.deleting:
        yield "CronJobBeingDeleted", f"CronJob {cron_job.name} is being deleted, and made again as soon as it is gone."


def _secret(finding: SecretFinding, job: ConnectJob) -> tuple[str, str]:
    field = f"spec.secrets.{finding.role}"
    if finding.other_realm is not None:
        other = shown(finding.other_realm)
        return (
            "RealmMismatch",
            f"Secret {finding.name} ({field}) belongs to realm {other}, not {job.realm}. Name another.",
        )
    if finding.forbidden:
        words = shown(finding.forbidden).rstrip(".")
        return "SecretForbidden", f"Kubernetes does not let the operator read Secrets: {words}. Look at its rights."
    if not finding.name:
        return "SecretMissing", f"{field} names no Secret. Name one."
    if finding.missing:
        return "SecretMissing", f"Secret {finding.name} ({field}) does not exist in {job.namespace}. Create it."
    keys = ", ".join(finding.missing_keys)
    return "SecretKeyMissing", f"Secret {finding.name} ({field}) lacks, or has empty: {keys}. Add what is missing."


def _suspended(observed: Observed) -> JobFinding:
    job = observed.job
    if not job.suspend:
        return Finding(
            type=ConditionType.SUSPENDED,
            truth=Truth.FALSE,
            reason="NotSuspended",
            message="Runs start by the schedule.",
        )
    by = f" by {job.suspended_by}" if job.suspended_by else ""
    why = f": {job.suspend_reason}" if job.suspend_reason else ""
    if observed.unsuspended:
        return Finding(
            type=ConditionType.SUSPENDED,
            truth=Truth.FALSE,
            reason="SuspensionRefused",
            message=f"To be suspended{by}{why}, but its runs still start: Ready says why. It is tried every minute.",
        )
    message = f"Suspended{by}{why}. No scheduled run starts until spec.suspend is false."
    return Finding(type=ConditionType.SUSPENDED, truth=Truth.TRUE, reason="Suspended", message=message)


def _run_started(runs: Runs, old: Status) -> Iterator[JobFinding]:
    kind = ConditionType.RUN_STARTED
    if runs.active is not None:
        yield _active_started(runs, old)
    elif (last := runs.history.last) is not None and last.begun:
        yield Finding(type=kind, truth=Truth.TRUE, reason="Started", message=f"The worker of {last.name} ran.")
    elif last is not None:
        yield Finding(type=kind, truth=Truth.FALSE, reason=last.reason, message=last.words)


def _active_started(runs: Runs, old: Status) -> JobFinding:
    assert runs.active is not None
    kind, name, known = ConditionType.RUN_STARTED, runs.active.name, old.condition(ConditionType.RUN_STARTED)
    if runs.begun:
        return Finding(type=kind, truth=Truth.TRUE, reason="Started", message=f"The worker of {name} ran.")
    same_run = old.active is not None and old.active.uid == runs.active.uid
    told = known.finding if same_run and known is not None and known.finding.truth is Truth.FALSE else None
    if runs.hindered is None:
        # A try that has ended without having begun, as at a deadline, takes nothing of it back.
        starting = Finding(type=kind, truth=Truth.UNKNOWN, reason="Starting", message=f"{name} has no running pod yet.")
        return told or starting
    if told is not None and told.reason == runs.hindered.reason:
        return told  # Kubernetes words one cause now so, now so: no news
    return Finding(type=kind, truth=Truth.FALSE, reason=runs.hindered.reason, message=runs.hindered.sentence)


def _relay_connected(job: ConnectJob, relay: RelayView | None, old: Status) -> Iterator[JobFinding]:
    if relay is None:
        return
    if relay.state is not BridgeState.UNHEARD:
        yield _bridge(job.realm, relay)
    elif (known := old.condition(ConditionType.RELAY_CONNECTED)) is not None:
        yield known.finding


_LOOK_AT_BRIDGE = "Look at connect-bridge in the customer's network."


def _bridge(realm: str, relay: RelayView) -> JobFinding:
    since = f" since {relay.since:%Y-%m-%d %H:%M} UTC" if relay.since else ""
    truth, reason, message = {
        BridgeState.CONNECTED: (
            Truth.TRUE,
            "BridgeConnected",
            f"The bridge of {realm} is connected to {_where(relay)}.{_silent(relay)}",
        ),
        BridgeState.ABSENT: (
            Truth.FALSE,
            "BridgeAbsent",
            f"The bridge of {realm} is not connected{since}. {_LOOK_AT_BRIDGE}{_silent(relay)}",
        ),
        BridgeState.UNKNOWN: (
            Truth.UNKNOWN,
            "RelayNotReachable",
            "The relay does not answer the operator. Look at the relay's pod.",
        ),
    }[relay.state]
    return Finding(type=ConditionType.RELAY_CONNECTED, truth=truth, reason=reason, message=message)


def _where(relay: RelayView) -> str:
    relays = relay.connected + relay.without + relay.silent
    return "the relay" if relay.connected == relays else f"{relay.connected} of {relays} relays"


def _silent(relay: RelayView) -> str:
    """What else on-call should know: the others carry on meanwhile."""
    return f" Relays that do not answer the operator: {relay.silent}. Look at their pods." if relay.silent else ""


def _validated(last: LastRun | None, old: Status) -> Iterator[JobFinding]:
    """What the last run that came so far found; one that failed before says nothing of it."""
    kind, known = ConditionType.VALIDATED, old.condition(ConditionType.VALIDATED)
    if last is not None and last.reason == "BlockedByWarnings":
        message = f"{_counted(last)} block the sync. The school's office cures the records."
        yield Finding(type=kind, truth=Truth.FALSE, reason="WarningsPresent", message=message)
    elif last is not None and (last.succeeded or any(row.stage == "plan" for row in last.stages)):
        # Nothing ends well, and nothing is planned, while a warning blocks.
        yield Finding(type=kind, truth=Truth.TRUE, reason="NoWarnings", message="No warning blocks the sync.")
    elif known is not None:
        yield known.finding


def _counted(run: LastRun) -> str:
    """For instance: warning 3 on 12 users, 7 on 1 group."""
    users = [f"{row.code} on {row.count} user{'s' * (row.count != 1)}" for row in _blocking(run.user_warnings)]
    groups = [f"{row.code} on {row.count} group{'s' * (row.count != 1)}" for row in _blocking(run.group_warnings)]
    return f"Warnings {', '.join(users + groups)}" if users or groups else "Warnings"


def _blocking(rows: tuple[WarningCount, ...]) -> Iterator[WarningCount]:
    return (row for row in rows if row.code < FIRST_NOT_BLOCKING)


def _last_run_succeeded(last: LastRun | None, missed: JobFinding | None) -> Iterator[JobFinding]:
    if missed is not None:
        yield missed
    elif last is not None:
        truth = Truth.TRUE if last.succeeded else Truth.FALSE
        yield Finding(type=ConditionType.LAST_RUN_SUCCEEDED, truth=truth, reason=last.reason, message=last.words)


def run_missed(expected: datetime) -> JobFinding:
    """That the scheduled run of this moment did not start."""
    message = (
        f"The run of {expected:%Y-%m-%d %H:%M} UTC did not start in time. Look whether kube-controller-manager runs "
        "and no earlier run is under way; start one with kubectl create job --from=cronjob/…"
    )
    return Finding(type=ConditionType.LAST_RUN_SUCCEEDED, truth=Truth.FALSE, reason=RUN_MISSED, message=message)


def left_out(withdrawn: Withdrawal) -> JobFinding:
    """That a run was not let start, and may not any more."""
    message = f"The run of {withdrawn.job.created:%Y-%m-%d %H:%M} UTC was left out. {withdrawn.message}"
    return Finding(type=ConditionType.LAST_RUN_SUCCEEDED, truth=Truth.FALSE, reason=RUN_MISSED, message=message)
