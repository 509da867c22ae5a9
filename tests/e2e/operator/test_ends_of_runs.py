"""How runs end on a real cluster, by their exit codes, their reports, and what Kubernetes does to them.

One operator serves all of it, in a namespace that enforces the restricted Pod Security; each test has ConnectJobs of
its own. What takes its time is begun first.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connect_protocol.counts import ChangeCount, WarningCount
from connect_protocol.exit_codes import ExitCode
from connect_protocol.report import OfficeLock, RunResult, StageDuration
from tests.cluster.waiting import wait_until
from tests.e2e.operator.conftest import Site
from tests.support.operator_process import Document, OperatorProcess, connect_job
from tests.support.stand_in import IMAGE, STOPPED, WAIT, leaves, report, secrets_with, until_stopped

PATIENCE_SECONDS = 3
FINAL = [code.value for code in ExitCode if code and not code.retried]
LABEL = "batch.kubernetes.io/job-name"


@pytest.fixture(scope="module", autouse=True)
def operator(stage: Site, stand_in: str) -> Iterator[OperatorProcess]:
    """It says after seconds what does not start."""
    patience = {"CONNECT_START_PATIENCE": str(PATIENCE_SECONDS)}
    with stage.operator(CONNECT_WORKER_IMAGE=stand_in, **patience) as running:
        yield running


def customer(site: Site, name: str, script: str = "exit 0", **spec: object) -> None:
    """A ConnectJob whose runs play this script, ready to run."""
    site.apply(*secrets_with(name, script), connect_job(name, **spec))
    site.wait_until_settled(name)


def start(
    site: Site, name: str, suffix: str = "run", *, job: Document | None = None, pod: Document | None = None
) -> str:
    """A run by hand, with changes to the spec of its Job or pod; returns the Job's name."""
    named = f"{name}-{suffix}"
    made = site.kubectl("create", "job", named, f"--from=cronjob/connect-{name}", "--dry-run=client", "--output=json")
    document: Document = json.loads(made)
    document["spec"] |= job or {}
    document["spec"]["template"]["spec"] |= pod or {}
    site.kubectl("create", "--filename=-", source=json.dumps(document))
    return named


def ended(site: Site, name: str, job: str) -> Document:
    """What the status tells of a run, once it has ended."""
    status = site.cluster.wait_until(
        f"the end of {job}",
        lambda: site.get("connectjob", name).get("status", {}),
        lambda seen: seen.get("lastRun", {}).get("name") == job,
    )
    found: Document = status["lastRun"]
    return found


def pods(site: Site, job: str) -> list[Document]:
    """The tries of a run, the first one first."""
    found = site.cluster.get_json("pods", f"--namespace={site.namespace}", f"--selector={LABEL}={job}")["items"]
    return sorted(found, key=lambda pod: pod["metadata"]["creationTimestamp"])


def running(site: Site, job: str) -> str:
    """Wait until a run's pod runs, and return its name."""
    seen = site.cluster.wait_until(
        f"a running pod of {job}",
        lambda: [pod for pod in pods(site, job) if pod["status"]["phase"] == "Running"],
    )
    return str(seen[-1]["metadata"]["name"])


def wait_for(site: Site, name: str, kind: str, status: str, reason: str) -> str:
    """Wait until a condition says this, and return its message."""
    what = f"{kind} of {name} is {status}, {reason}"
    site.cluster.wait_until(what, lambda: site.condition(name, kind), lambda seen: seen == (status, reason))
    conditions = site.get("connectjob", name)["status"]["conditions"]
    return next(str(each["message"]) for each in conditions if each["type"] == kind)


def row(site: Site, name: str) -> str:
    return " ".join(site.kubectl("get", "connectjob", name, "--no-headers", "--output=wide").split())


@pytest.fixture(scope="module", autouse=True)
def retried(stage: Site, operator: OperatorProcess) -> str:
    """A run that was stopped by a signal, and is tried again after ten seconds."""
    assert operator.process.poll() is None
    customer(stage, "retried", leaves(STOPPED.to_json(), STOPPED.exit_code))
    return start(stage, "retried")


@pytest.fixture(scope="module", autouse=True)
def greedy(stage: Site, operator: OperatorProcess) -> str:
    """A run that writes more than its /tmp may hold, which the kubelet finds out some time later."""
    assert operator.process.poll() is None
    customer(stage, "greedy", f"/bin/busybox dd if=/dev/zero of=/tmp/much bs=1M count=80\n{WAIT}")
    return start(stage, "greedy")


@pytest.fixture(scope="module", autouse=True)
def expected(stage: Site, operator: OperatorProcess) -> datetime:
    """When the next run of a customer is, in an hour and a minute or two; his Secret goes when all seems well."""
    assert operator.process.poll() is None
    run = (datetime.now(UTC) + timedelta(minutes=62)).replace(second=0, microsecond=0)
    customer(stage, "expected", schedule=f"{run.minute} {run.hour} * * *", timeZone="UTC")
    stage.kubectl("delete", "secret", "expected-database")
    return run


def test_a_report_becomes_status_columns_metrics_and_an_event(stage: Site, operator: OperatorProcess) -> None:
    night = report(
        stages=(StageDuration(stage="update", seconds=1.5), StageDuration(stage="plan", seconds=0.5)),
        changes=(ChangeCount(kind="create_user", result="done", count=3),),
        user_warnings=(WarningCount(code=101, count=2),),
        plan_checksum="sha256:" + "0" * 64,
    )
    customer(stage, "told", leaves(night.to_json(), 0))
    last = ended(stage, "told", start(stage, "told"))
    assert (last["result"], last["reason"], last["evidence"], last["trigger"]) == ("Done", "Synced", "Report", "Manual")
    assert last["changes"] == {"create_user": {"done": 3}}
    assert (last["image"], last["planChecksum"]) == (IMAGE, night.plan_checksum)
    assert " Done Synced 2 " in row(stage, "told")
    assert [reason for reason, _ in stage.events("told")].count("RunSucceeded") == 1
    series = {name: value for name, value in operator.metrics().items() if 'connectjob="told"' in name}
    assert value_of(series, "connect_job_last_run_objects", action="done", kind="create_user") == 3
    assert value_of(series, "connect_job_validation_warnings", on="users") == 2


def value_of(series: dict[str, float], name: str, **labels: str) -> float:
    """The one series of a metric with these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    (found,) = [value for key, value in series.items() if key.startswith(name) and all(each in key for each in wanted)]
    return found


def test_the_offices_lock_is_shown_until_a_run_finds_it_lifted(stage: Site, operator: OperatorProcess) -> None:
    lock = OfficeLock(by="K. Muster", reason="classes are being merged", since="2026-11-20T08:00:00+00:00")
    locked = report(result=RunResult.BLOCKED, reason="Locked", exit_code=10, office_lock=lock)
    customer(stage, "locked", leaves(locked.to_json(), 10))
    ended(stage, "locked", start(stage, "locked", "first"))
    told = stage.get("connectjob", "locked")["status"]["officeLock"]
    assert told == {"by": "K. Muster", "reason": "classes are being merged", "since": "2026-11-20T08:00:00Z"}
    assert " by office, since 2026-11-20 " in row(stage, "locked")
    series = {name: value for name, value in operator.metrics().items() if 'connectjob="locked"' in name}
    assert value_of(series, "connect_job_office_locked") == 1
    lifted = report(stages=(StageDuration(stage="plan", seconds=1),))
    stage.apply(*secrets_with("locked", leaves(lifted.to_json(), 0)))
    ended(stage, "locked", start(stage, "locked", "second"))
    assert "officeLock" not in stage.get("connectjob", "locked")["status"]


def test_what_needs_a_person_is_not_tried_again(stage: Site) -> None:
    """Every exit code but the two that may pass by themselves, and that of a container that was killed."""
    customer(stage, "final", "exit $CODE", failedRunsHistoryLimit=10)
    codes = [*FINAL, 137]
    jobs = {code: start(stage, "final", f"code-{code}", pod=with_code(stage, "final", code)) for code in codes}
    stage.kubectl("wait", *(f"job/{job}" for job in jobs.values()), "--for=condition=Failed", "--timeout=90s")
    assert {code: len(pods(stage, job)) for code, job in jobs.items()} == dict.fromkeys(codes, 1)


def with_code(site: Site, name: str, code: int) -> Document:
    """The pod's spec in which the script knows what to end with."""
    template = site.get("cronjob", f"connect-{name}")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = template["containers"]
    return {"containers": [container | {"env": [*container["env"], {"name": "CODE", "value": str(code)}]}]}


@pytest.mark.parametrize(
    ("script", "reason", "says"),
    [
        (leaves("Segmentation fault", 1), "ReportUnreadable", "exit code 1 and left: Segmentation fault"),
        (leaves(report().to_json()[:-20], 0), "ReportUnreadable", '"schema": 1'),
        ("exit 3", "ReportMissing", "exit code 3 and left no report"),
    ],
    ids=["another-text", "cut-off", "none"],
)
def test_a_report_that_cannot_be_read_is_shown_as_it_is(
    stage: Site, request: pytest.FixtureRequest, script: str, reason: str, says: str
) -> None:
    name = f"report-{request.node.callspec.id}"
    customer(stage, name, script)
    last = ended(stage, name, start(stage, name))
    assert (last["result"], last["reason"], last["evidence"]) == ("Failed", reason, "Pod")
    assert says in last["message"]
    assert reason in row(stage, name)


def test_a_deleted_run_ends_in_order_and_its_report_is_read_though_job_and_pod_go(stage: Site) -> None:
    customer(stage, "deleted", until_stopped(STOPPED))
    job = start(stage, "deleted")
    running(stage, job)
    stage.kubectl("delete", "job", job, "--wait=false")
    last = ended(stage, "deleted", job)
    assert (last["result"], last["evidence"], last.get("todo", "")) == ("Stopped", "Report", "")
    assert last["message"] == "SIGTERM came"
    stage.cluster.wait_until("the pod is gone", lambda: not pods(stage, job))


def test_at_the_jobs_deadline_the_report_is_read_though_pod_and_report_are_gone(stage: Site) -> None:
    """The worker knows a signal only; that it was the deadline, Kubernetes says."""
    customer(stage, "overdue", until_stopped(STOPPED))
    job = start(stage, "overdue", job={"activeDeadlineSeconds": 6})
    last = ended(stage, "overdue", job)
    assert (last["result"], last["reason"], last["evidence"]) == ("Stopped", "DeadlineExceeded", "Report")
    stage.cluster.wait_until("the pod is gone", lambda: not pods(stage, job))


def test_a_pod_that_must_leave_its_node_is_replaced_without_counting_as_a_try(stage: Site) -> None:
    customer(stage, "evicted", until_stopped(STOPPED))
    job = start(stage, "evicted", job={"backoffLimit": 0})
    first = running(stage, job)
    metadata = {"name": first, "namespace": stage.namespace}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    path = f"/api/v1/namespaces/{stage.namespace}/pods/{first}/eviction"
    stage.kubectl("create", f"--raw={path}", "--filename=-", source=json.dumps(eviction))
    stage.cluster.wait_until("a second pod", lambda: running(stage, job), lambda name: name != first)
    assert stage.get("connectjob", "evicted")["status"]["activeRun"]["name"] == job
    stage.kubectl("delete", "job", job, "--wait=false")
    assert ended(stage, "evicted", job)["reason"] == "Stopped"


def test_a_deleted_connect_job_lets_its_run_end_in_order(stage: Site) -> None:
    """SIGTERM and its grace, as the run's own log tells; then nothing is left."""
    script = f"trap 'echo ended in order; exit 9' TERM\necho it runs\n{WAIT}"
    customer(stage, "dismissed", script)
    job = start(stage, "dismissed")
    pod = running(stage, job)
    with ThreadPoolExecutor() as threads:
        log = threads.submit(stage.kubectl, "logs", "--follow", pod)
        stage.cluster.wait_until("it runs", lambda: "it runs" in stage.kubectl("logs", pod))
        stage.kubectl("delete", "connectjob", "dismissed", "--wait=false")
        assert log.result(60).splitlines() == ["it runs", "ended in order"]
    gone = ("cronjob/connect-dismissed", f"job/{job}", f"pod/{pod}")
    stage.kubectl("wait", *gone, "--for=delete", "--timeout=60s")


def test_a_run_that_was_stopped_by_a_signal_is_tried_again(stage: Site, retried: str) -> None:
    stage.cluster.wait_until("a second try", lambda: pods(stage, retried), lambda seen: len(seen) > 1)
    assert [name for name, _ in stage.events("retried")].count("RunStarted") == 1
    stage.kubectl("delete", "job", retried, "--wait=false")


NEVER: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "no-image": ({"image": "127.0.0.1:1/nowhere:1"}, {}, "ImagePullBackOff", "Check spec.image"),
    "no-node": ({"nodeSelector": {"disk": "none"}}, {}, "Unschedulable", "didn't match Pod's node affinity/selector"),
    "refused": ({}, {"hostNetwork": True}, "PodSecurityRefused", "violates PodSecurity"),
}
"""By a name: what differs in the ConnectJob, what in the pod of its run, the reason, and what the message says."""


def test_a_run_that_never_starts_is_told_with_its_cause_which_outranks_the_deadline(stage: Site) -> None:
    """All of them side by side, with a deadline of seconds in the place of the Job's hour and twenty minutes."""
    for name, (spec, _, _, _) in NEVER.items():
        customer(stage, name, **spec)
    deadline = {"activeDeadlineSeconds": 15}
    jobs = {name: start(stage, name, job=deadline, pod=pod) for name, (_, pod, _, _) in NEVER.items()}
    for name, (_, _, reason, says) in NEVER.items():
        assert says in wait_for(stage, name, "RunStarted", "False", reason)
        assert f" NotStarted {reason} " in row(stage, name)
    for name, job in jobs.items():
        last = ended(stage, name, job)
        assert (last["result"], last["reason"]) == ("Failed", NEVER[name][2])
        assert last["begun"] is False
        told = [event for event, _ in stage.events(name)]
        assert [event for event in told if event.startswith("Run")].count("RunNotStarted") == 1
        assert told.count("RunFailed") == 1


def test_a_run_beyond_the_quota_is_told_so_and_starts_when_there_is_room(stage: Site) -> None:
    """The quota is of one priority, so that it is nobody else's."""
    wanted = {"scopeName": "PriorityClass", "operator": "In", "values": ["scarce"]}
    quota = {"hard": {"pods": "0"}, "scopeSelector": {"matchExpressions": [wanted]}}
    stage.kubectl("create", "priorityclass", "scarce", "--value=1")
    stage.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "scarce"}, "spec": quota})
    stage.kubectl("wait", "resourcequota/scarce", "--for=jsonpath={.status.hard.pods}=0", "--timeout=20s")
    customer(stage, "surplus", leaves(report().to_json(), 0), priorityClassName="scarce")
    job = start(stage, "surplus")
    told = wait_for(stage, "surplus", "RunStarted", "False", "QuotaExceeded")
    assert "exceeded quota: scarce, requested: pods=1, used: pods=0, limited: pods=0. Raise the namespace's" in told
    assert " NotStarted QuotaExceeded " in row(stage, "surplus")
    stage.kubectl("patch", "resourcequota", "scarce", "--type=merge", '--patch={"spec":{"hard":{"pods":"1"}}}')
    assert ended(stage, "surplus", job)["reason"] == "Synced"
    assert stage.condition("surplus", "RunStarted") == ("True", "Started")


def test_a_run_whose_secret_has_gone_is_told_so_and_starts_when_it_is_back(stage: Site) -> None:
    customer(stage, "bare", leaves(report().to_json(), 0))
    stage.kubectl("delete", "secret", "bare-database")
    job = start(stage, "bare")
    assert "bare-database" in wait_for(stage, "bare", "RunStarted", "False", "SecretMissing")
    stage.apply(*secrets_with("bare", leaves(report().to_json(), 0)))
    assert ended(stage, "bare", job)["reason"] == "Synced"
    assert stage.condition("bare", "RunStarted") == ("True", "Started")


def test_while_it_is_not_ready_its_cron_job_is_suspended_and_resumed_without_a_word_of_drift(stage: Site) -> None:
    customer(stage, "unready")
    stage.kubectl("delete", "secret", "unready-database")
    stage.apply(connect_job("unready", timeout="2h"))
    stage.wait_for_ready("unready", "False", "SecretMissing")
    assert stage.get("cronjob", "connect-unready")["spec"]["suspend"] is True
    assert " NotReady SecretMissing " in row(stage, "unready")
    stage.apply(*secrets_with("unready", "exit 0"))
    stage.wait_until_settled("unready")
    assert stage.get("cronjob", "connect-unready")["spec"]["suspend"] is False
    assert sorted(reason for reason, _ in stage.events("unready")) == ["Reconciled", "Reconciled", "SecretMissing"]


def test_a_run_under_way_ends_on_the_image_that_it_began_with(stage: Site, operator: OperatorProcess) -> None:
    customer(stage, "rolled", until_stopped(STOPPED))
    job = start(stage, "rolled")
    running(stage, job)
    stage.apply(connect_job("rolled", image="registry.test/connect-worker:2"))
    wait_until("it is pinned", lambda: stage.get("connectjob", "rolled")["status"]["summary"].get("lags") == "Pinned")
    status = stage.get("connectjob", "rolled")["status"]
    assert (status["image"], status["activeRun"]["image"]) == ("registry.test/connect-worker:2", IMAGE)
    assert row(stage, "rolled").endswith(" Pinned")
    series = {name: value for name, value in operator.metrics().items() if 'connectjob="rolled"' in name}
    assert value_of(series, "connect_job_lags") == 1
    stage.kubectl("delete", "job", job, "--wait=false")
    assert ended(stage, "rolled", job)["image"] == IMAGE


def test_a_pod_that_its_node_evicts_is_told_as_such(stage: Site, greedy: str) -> None:
    last = ended(stage, "greedy", greedy)
    assert (last["result"], last["reason"], last["evidence"]) == ("Stopped", "Evicted", "Pod")
    assert "tmp" in last["message"]


def test_a_secret_that_has_gone_is_noticed_within_the_hour_before_the_run(stage: Site, expected: datetime) -> None:
    """It was read once when the ConnectJob came, and then no more until its run came near."""
    stage.wait_for_ready("expected", "False", "SecretMissing")
    assert stage.get("cronjob", "connect-expected")["spec"]["suspend"] is True
    reads = [event for event in stage.requests() if event.uri.split("?")[0].endswith("/secrets/expected-database")]
    assert [event.code for event in reads].count(200) == 1
    assert min(event.at for event in reads if event.code == 404) >= expected - timedelta(hours=1)
