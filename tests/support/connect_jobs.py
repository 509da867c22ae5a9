"""ConnectJobs and what is observed of them, for the operator's unit tests: each departs from one that is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connect_operator.core import status_document
from connect_operator.core.cronjob import Resolved, fingerprint, labels, manifest
from connect_operator.core.decision import Create, Decision, Observed, Replace, Suspend
from connect_operator.core.facts import (
    CronJobFacts,
    Defaults,
    JobEnd,
    JobFacts,
    PodFacts,
    PodPhase,
    SecretFinding,
    SecretRole,
    SecretsView,
    Terminated,
    Trigger,
)
from connect_operator.core.names import MANAGER
from connect_operator.core.reconcile import reconcile
from connect_operator.core.spec import ConnectJob, RelaySpec, SecretNames, Transport
from connect_operator.core.status import ConditionType, Status
from connect_protocol.report import Report, RunResult

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
CREATED = NOW - timedelta(days=30)
DEFAULTS = Defaults(image="connect-worker:1.0", time_zone="Europe/Zurich", image_pull_secrets=("registry",))
MUSTERWIL = ConnectJob(
    namespace="connect",
    name="musterwil",
    uid="job-uid",
    generation=1,
    created=CREATED,
    realm="musterwil",
    schedule="17 3 * * *",
    secrets=SecretNames(
        customer="musterwil-customer",
        database="musterwil-database",
        directory="musterwil-directory",
        relay="musterwil-relay",
    ),
    relay=RelaySpec(transport=Transport.GRPC, address="connect-relay:8443"),
)
SUSPENDED = replace(MUSTERWIL, generation=2, suspend=True, suspend_reason="holidays", suspended_by="on-call")
LAST_NIGHT = datetime(2026, 11, 22, 2, 17, tzinfo=UTC)


def cron_job(**changes: Any) -> CronJobFacts:
    """Musterwil's CronJob, as the operator made it."""
    facts = CronJobFacts(
        namespace="connect",
        name="connect-musterwil",
        uid="cronjob-uid",
        resource_version="100",
        generation=1,
        owner_uid=MUSTERWIL.uid,
        labels=labels(MUSTERWIL),
        suspended=False,
        created=CREATED,
        edited_by=MANAGER,
        edited_at=CREATED,
        last_schedule_time=LAST_NIGHT,
    )
    return replace(facts, **changes)


def wanted_hash(job: ConnectJob = MUSTERWIL) -> str:
    """The hash of the CronJob that is wanted for a ConnectJob."""
    image, zone = job.image or DEFAULTS.image, job.time_zone or DEFAULTS.time_zone
    resolved = Resolved(
        image=image, time_zone=zone, schedule=job.schedule, image_pull_secrets=DEFAULTS.image_pull_secrets
    )
    return fingerprint(manifest(job, resolved))


def observed(of: ConnectJob = MUSTERWIL, /, **changes: Any) -> Observed:
    """A new ConnectJob, of which nothing is there yet but its Secrets."""
    seen = Observed(
        job=of,
        status=Status(),
        defaults=DEFAULTS,
        secrets=SecretsView(generation=of.generation, looked_at=NOW),
        now=NOW,
    )
    return replace(seen, **changes)


def settled(of: ConnectJob = MUSTERWIL, /, **changes: Any) -> Observed:
    """A ConnectJob whose CronJob stands and whose status is written; then the changes, which may be another spec."""
    seen = observed(of)
    return replace(applied(seen, reconcile(seen)), **changes)


def applied(seen: Observed, decision: Decision) -> Observed:
    """The world after a decision has been carried out, as the API server would show it."""
    after, written = seen, None
    if isinstance(decision.action, Create):
        spec: Any = decision.action.manifest["spec"]
        written = cron_job(suspended=spec["suspend"], last_schedule_time=None, created=seen.now, edited_at=seen.now)
    elif isinstance(decision.action, Replace | Suspend):
        written = _rewritten(seen, decision.action)
    if written is not None:
        after, decision = replace(after, cron_job=written), decision.after(written)
    return after if decision.status is None else replace(after, status=stored(decision.status))


def _rewritten(seen: Observed, action: Replace | Suspend) -> CronJobFacts:
    assert seen.cron_job is not None
    assert action.uid == seen.cron_job.uid
    assert action.resource_version == seen.cron_job.resource_version
    return replace(
        seen.cron_job,
        generation=seen.cron_job.generation + 1,
        resource_version=f"{int(action.resource_version) + 1}",
        suspended=isinstance(action, Suspend) or seen.job.suspend,
        labels=labels(seen.job) if isinstance(action, Replace) else seen.cron_job.labels,
        edited_by=MANAGER,
        edited_at=seen.now,
    )


def stored(status: Status) -> Status:
    """A status that has been to the API server and back."""
    return status_document.parse({"status": status_document.to_document(status)})


def job(**changes: Any) -> JobFacts:
    """Last night's Job, which has not ended."""
    facts = JobFacts(
        name="connect-musterwil-1",
        uid="run-1",
        owner_uid="cronjob-uid",
        trigger=Trigger.SCHEDULED,
        mode="Sync",
        created=LAST_NIGHT,
        started=LAST_NIGHT,
    )
    return replace(facts, **changes)


def failed(reason: str, message: str = "", *, minutes: int = 3) -> JobEnd:
    """A Job's condition Failed."""
    return JobEnd(complete=False, at=LAST_NIGHT + timedelta(minutes=minutes), reason=reason, message=message)


def complete(*, minutes: int = 3) -> JobEnd:
    """A Job's condition Complete."""
    return JobEnd(complete=True, at=LAST_NIGHT + timedelta(minutes=minutes), reason="CompletionsReached")


def pod(**changes: Any) -> PodFacts:
    """The pod of last night's Job, pending."""
    facts = PodFacts(
        name="connect-musterwil-1-abc",
        uid="pod-1",
        job_uid="run-1",
        phase=PodPhase.PENDING,
        created=LAST_NIGHT,
    )
    return replace(facts, **changes)


def ended_pod(code: int, message: str = "", *, container: str = "", **changes: Any) -> PodFacts:
    """The pod of last night's Job, whose container has ended, with this reason of the container's."""
    terminated = Terminated(
        exit_code=code,
        reason=container or ("Error" if code else "Completed"),
        message=message,
        started=LAST_NIGHT,
        finished=LAST_NIGHT + timedelta(minutes=3),
    )
    phase = PodPhase.FAILED if code else PodPhase.SUCCEEDED
    return pod(phase=phase, terminated=terminated, started=LAST_NIGHT, **changes)


def report(**changes: Any) -> Report:
    """The report of a run that had nothing to do."""
    facts = Report(
        run_id="pod-1",
        realm="musterwil",
        command="run",
        result=RunResult.DONE,
        reason="NothingToDo",
        exit_code=0,
        started_at="2026-11-22T02:17:00+00:00",
        finished_at="2026-11-22T02:20:00+00:00",
    )
    return replace(facts, **changes)


def told(status: Status | None, kind: ConditionType) -> str:
    """A condition as `True Reason`; empty where nothing is said."""
    condition = status.condition(kind) if status else None
    return f"{condition.finding.truth} {condition.finding.reason}" if condition else ""


def message(status: Status | None, kind: ConditionType) -> str:
    """A condition's message."""
    condition = status.condition(kind) if status else None
    assert condition is not None
    return condition.finding.message


def lacking(**what: object) -> SecretsView:
    """A look at Secrets that finds this wrong with one."""
    finding = SecretFinding(role=SecretRole.DATABASE, name="musterwil-database", **what)  # type: ignore[arg-type]
    return SecretsView(generation=1, looked_at=NOW, findings=(finding,))


def as_left(seen: Observed, **changes: object) -> Observed:
    """The CronJob of a settled ConnectJob, changed by somebody: edits raise its generation."""
    assert seen.cron_job is not None
    changed = replace(seen.cron_job, **{"generation": 2, "edited_by": "kubectl-edit", **changes})  # type: ignore[arg-type]
    return replace(seen, cron_job=changed)
