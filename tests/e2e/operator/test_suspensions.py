"""A suspension of days, and its end, by Kubernetes' own controller: at most one run is made up for, none that is old.

The days are written into the CronJob's status as Kubernetes keeps it: the last scheduled run was three days ago.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.operator.conftest import Site, wait_for_the_next_second
from tests.support.operator_process import connect_job

DAYS = timedelta(days=3)
HOOKS = "admissionregistration.k8s.io/v1"


@contextmanager
def webhook_that_is_down(site: Site) -> Iterator[None]:
    """Nobody may write a CronJob or Job of this namespace as long as it does not answer."""
    hook = {
        "name": "down.example.org",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": site.namespace}},
        "rules": [
            {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["cronjobs", "jobs"]}
        ],
    }
    metadata = {"name": site.namespace}
    document = {"apiVersion": HOOKS, "kind": "ValidatingWebhookConfiguration", "metadata": metadata, "webhooks": [hook]}
    site.kubectl("apply", "--filename=-", source=json.dumps(document))
    try:
        site.cluster.wait_until(
            "it forbids",
            lambda: site.cluster.kubectl_result(
                "create", "cronjob", "x", "--image=x", "--schedule=0 3 * * *", "--dry-run=server", f"-n{site.namespace}"
            ),
            lambda result: "failed calling webhook" in result.errors,
        )
        yield
    finally:
        site.kubectl("delete", "validatingwebhookconfiguration", site.namespace)


def suspended_for_days(site: Site, name: str, schedule: str) -> None:
    """A ConnectJob that is suspended, and whose CronJob remembers a run of three days ago."""
    site.apply_with_secrets(connect_job(name, schedule=schedule, timeZone="UTC", suspend=True))
    site.wait_until_settled(name)
    then = (datetime.now(UTC) - DAYS).strftime("%Y-%m-%dT%H:%M:00Z")
    patch = json.dumps({"status": {"lastScheduleTime": then}})
    site.kubectl("patch", "cronjob", f"connect-{name}", "--subresource=status", "--type=merge", f"--patch={patch}")


def jobs(site: Site, name: str) -> list[str]:
    return sorted(job for job in site.names("jobs") if job.startswith(f"connect-{name}-"))


@pytest.mark.timeout(180)
def test_after_three_days_one_late_run_starts_and_none_that_is_later_than_the_deadline(site: Site) -> None:
    """One time was some minutes ago; of one that comes again and again many were; one is two hours over."""
    now = datetime.now(UTC)
    soon, over = now - timedelta(minutes=10), now - timedelta(hours=2)
    schedules = {
        "late": f"{soon.minute} {soon.hour} * * *",
        "often": f"*/5 {(now - timedelta(hours=1)).hour},{now.hour} * * *",
        "over": f"{over.minute} {over.hour} * * *",
    }
    with site.operator():
        for name, schedule in schedules.items():
            suspended_for_days(site, name, schedule)
            since = site.get("connectjob", name)["status"]["since"]
            assert f" since {since[:10]} " in site.kubectl("get", "connectjob", name)
        wait_for_the_next_second(datetime.now(UTC))
        for name, schedule in schedules.items():
            site.apply(connect_job(name, schedule=schedule, timeZone="UTC"))
        site.cluster.wait_until("the late runs", lambda: jobs(site, "late") and jobs(site, "often"))
        for name in schedules:
            site.wait_until_settled(name)
            assert "since" not in site.get("connectjob", name)["status"]
            told = {reason for reason, _ in site.events(name)} & {"Suspended", "Resumed", "RunMissed"}
            assert told == {"Suspended", "Resumed"}
        assert {name: len(jobs(site, name)) for name in schedules} == {"late": 1, "often": 1, "over": 0}


def test_a_lock_that_a_webhook_keeps_from_being_written_is_told_and_written_when_that_is_away(site: Site) -> None:
    """The API server answers with 500, as if it were ill. Runs still start, and people are not to believe otherwise."""
    with site.operator():
        name = site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled(name)
        with webhook_that_is_down(site):
            site.kubectl("patch", "connectjob", name, "--type=merge", '--patch={"spec": {"suspend": true}}')
            site.wait_for_ready(name, "False", "Forbidden")
            assert site.condition(name, "Suspended") == ("False", "SuspensionRefused")
            run = {"jobName": name, "mode": "Validate"}
            kind = {"apiVersion": "schoolconnect.io/v1alpha1", "kind": "ConnectRun"}
            site.kubectl(
                "create", "--filename=-", source=json.dumps({**kind, "metadata": {"name": "wanted"}, "spec": run})
            )
            assert site.wait_for_run("wanted", "Queued")["conditions"][0]["reason"] == "Forbidden"
        site.kubectl("annotate", "connectjob", name, "look=again")
        site.cluster.wait_until(
            "it is locked", lambda: site.condition(name, "Suspended"), lambda seen: seen == ("True", "Suspended")
        )
        assert site.get("cronjob", f"connect-{name}")["spec"]["suspend"]
