"""What the operator does when it is killed, when the watch misleads it, and when the API server is away."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from connect_operator.handlers import PAGE
from connect_protocol.report import RunResult
from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.operator.conftest import Site, lent_site, wait_for_the_next_second
from tests.support.api_proxy import ApiProxy, Request
from tests.support.operator_process import COMPLETE, NIGHT, STARTING, OperatorProcess, connect_job, connect_run, secrets
from tests.support.stand_in import report, secrets_with, until_stopped

AWAY_SECONDS = 60
WRITES = {"POST", "PATCH", "PUT", "DELETE"}
STEPS = {
    "before the CronJob": ("POST", "/cronjobs"),
    "before the events": ("POST", "/events"),
    "between events and status": ("PATCH", "/status"),
    "put back": ("PATCH", "/connect-musterwil"),
    "before the Job": ("POST", "/jobs"),
    "between the run's events and status": ("PATCH", "/connectruns/wanted/status"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CutOff:
    """A site whose operator cannot reach the API server since a moment; closing `away` ends that."""

    site: Site
    operator: OperatorProcess
    away: ExitStack
    since: float


def at(step: str) -> Callable[[Request], bool]:
    """The request that is about to go out at a step."""
    method, end = STEPS[step]
    return lambda request: request.method == method and request.path.endswith(end)


def lists(plural: str) -> Callable[[Request], bool]:
    """The watch's first list of a kind; the comparison's pages are larger."""
    return lambda request: request.plural == plural and not request.watch and request.query.get("limit") == str(PAGE)


def watched(proxy: ApiProxy) -> set[str]:
    return {request.plural for request in proxy.requests if request.watch}


@pytest.mark.parametrize("step", ["before the CronJob", "before the events", "between events and status"])
def test_killed_while_it_makes_a_cron_job(site: Site, step: str) -> None:
    """Whatever step it dies at, the next one goes on from there, and tells people once."""
    with site.proxy() as (proxy, seen_through), proxy.hold(at(step)) as hold, seen_through.operator() as operator:
        site.apply_with_secrets(connect_job("musterwil"))
        hold.wait()
        operator.kill()
    with site.operator():
        site.wait_until_settled("musterwil")
    assert site.names("cronjobs") == {"connect-musterwil"}
    assert [reason for reason, _ in site.events("musterwil")] == ["Reconciled"]


@pytest.mark.parametrize("step", ["before the events", "between events and status"])
def test_killed_while_it_puts_a_cron_job_back(site: Site, step: str) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        spec = site.get("cronjob", "connect-musterwil")["spec"]
    with site.proxy() as (proxy, seen_through), proxy.hold(at(step)) as hold, seen_through.operator() as operator:
        site.kubectl("patch", "cronjob", "connect-musterwil", "--type=merge", '--patch={"spec":{"suspend":true}}')
        hold.wait()
        operator.kill()
    with site.operator():
        site.wait_until_settled("musterwil")
    assert site.get("cronjob", "connect-musterwil")["spec"] == spec
    assert [reason for reason, _ in site.events("musterwil")].count("DriftCorrected") <= 1


@pytest.mark.parametrize("step", ["before the Job", "before the events", "between the run's events and status"])
def test_killed_while_it_starts_a_run_on_request(site: Site, step: str) -> None:
    """One ConnectRun never makes two Jobs, and its start is told once."""
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
    with site.proxy() as (proxy, seen_through), proxy.hold(at(step)) as hold, seen_through.operator() as operator:
        site.apply(connect_run("wanted", "musterwil"))
        hold.wait()
        operator.kill()
    with site.operator():
        status = site.wait_for_run("wanted", "Starting")
        active = "--for=jsonpath={.status.activeRun.trigger}=Requested"
        site.kubectl("wait", "connectjob/musterwil", active, "--timeout=20s")
    assert site.names("jobs") == {status["jobName"]}
    assert [reason for reason, _ in site.events("wanted", kind="ConnectRun")] == ["RunStarted"]


@pytest.mark.parametrize("step", ["before the events", "between events and status"])
def test_killed_while_it_tells_how_a_run_has_ended(site: Site, stand_in: str, step: str) -> None:
    """The next one tells it, once, and counts one failure."""
    refused = report(result=RunResult.FAILED, reason="DirectoryRefused", exit_code=6)
    with site.proxy() as (proxy, seen_through), seen_through.operator(CONNECT_WORKER_IMAGE=stand_in) as operator:
        site.apply(*secrets_with("musterwil", until_stopped(refused)), connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        site.kubectl("create", "job", "by-hand", "--from=cronjob/connect-musterwil")
        site.kubectl("wait", "connectjob/musterwil", "--for=jsonpath={.status.phase}=Running", "--timeout=30s")
        with proxy.hold(at("before the events")) as events:
            site.kubectl("exec", "job/by-hand", "--", "/bin/busybox", "kill", "1")
            events.wait()
            with proxy.hold(at("between events and status")) as status:
                if step == "between events and status":
                    events.release()
                    status.wait()
                operator.kill()
    with site.operator(CONNECT_WORKER_IMAGE=stand_in):
        site.kubectl("wait", "connectjob/musterwil", "--for=jsonpath={.status.phase}=Idle", "--timeout=30s")
    told = site.get("connectjob", "musterwil")["status"]
    assert (told["lastRun"]["reason"], told["consecutiveFailures"]) == ("DirectoryRefused", 1)
    assert [reason for reason, _ in site.events("musterwil")] == ["Reconciled", "RunStarted", "RunFailed"]


def test_killed_again_and_again_it_arrives_and_tells_nothing_twice(site: Site) -> None:
    names = [f"school-{number}" for number in range(5)]
    chance = random.Random(20_261_122)  # noqa: S311 - chooses schedules and moments
    for round_ in range(6):
        with site.operator(until=COMPLETE if round_ else STARTING) as operator:
            for name in names:
                schedule = f"{chance.randrange(60)} {NIGHT} * * *"
                site.apply(*secrets(name), connect_job(name, schedule=schedule))
                if chance.random() < 1 / len(names):
                    break
            operator.kill()
    with site.operator():
        for name in names:
            site.apply_with_secrets(connect_job(name))
            site.wait_until_settled(name)
    for name in names:
        assert [reason for reason, _ in site.events(name)] == ["Reconciled"], name


def test_nothing_is_decided_before_the_first_picture_is_whole(site: Site) -> None:
    """A run goes on; an operator that knew of all but its Job would say that it was deleted."""
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        site.kubectl("create", "job", "by-hand", "--from=cronjob/connect-musterwil")
        wanted = "--for=jsonpath={.status.activeRun.name}=by-hand"
        site.kubectl("wait", "connectjob/musterwil", wanted, "--timeout=20s")
    with (
        site.proxy() as (proxy, seen_through),
        proxy.hold(lists("jobs")) as hold,
        seen_through.operator() as operator,
    ):
        hold.wait()
        wait_until("all other watches have begun", lambda: len(watched(proxy)) == 4)
        site.kubectl("annotate", "connectjob", "musterwil", "seen=yes")
        site.apply_with_secrets(connect_job("another"))
        assert not operator.logged(COMPLETE)
        assert not [request for request in proxy.requests if request.method in WRITES]
        hold.release()
        site.wait_until_settled("another")
        assert site.get("connectjob", "musterwil")["status"]["activeRun"]["name"] == "by-hand"


CONFLICT = "changed meanwhile: will look again"


def meddle(site: Site, who: str, patch: str) -> None:
    site.kubectl("patch", "cronjob", "connect-musterwil", "--type=merge", f"--field-manager={who}", f"--patch={patch}")


def test_a_cron_job_that_changes_while_it_is_put_back_is_looked_at_again(site: Site) -> None:
    """What the second one did would else be undone without anybody being told of it."""
    with site.proxy() as (proxy, seen_through), seen_through.operator() as operator:
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        with proxy.hold(at("put back")) as hold:
            meddle(site, "first-meddler", '{"spec":{"suspend":true}}')
            hold.wait()
            wait_for_the_next_second(datetime.now(UTC))
            meddle(site, "second-meddler", '{"spec":{"concurrencyPolicy":"Allow"}}')
            hold.release()
        wait_until("the conflict is told", lambda: operator.logged(CONFLICT))
        site.wait_until_settled("musterwil")
    told = [note for reason, note in site.events("musterwil") if reason == "DriftCorrected"]
    assert len(told) == 1
    assert "second-meddler" in told[0]


def test_a_status_is_not_written_upon_a_connect_job_that_has_changed(site: Site) -> None:
    with site.proxy() as (proxy, seen_through), seen_through.operator() as operator:
        with proxy.hold(at("between events and status")) as hold:
            site.apply_with_secrets(connect_job("musterwil"))
            hold.wait()
            site.apply(connect_job("musterwil", schedule=f"5 {NIGHT + 1} * * *"))
            hold.release()
        wait_until("the conflict is told", lambda: operator.logged(CONFLICT))
        site.wait_until_settled("musterwil")
    assert site.get("connectjob", "musterwil")["status"]["observedGeneration"] == 2
    assert [reason for reason, _ in site.events("musterwil")] == ["Reconciled"]


def test_a_cron_job_that_was_deleted_while_the_watch_began_anew_is_missed_and_made_again(site: Site) -> None:
    with site.proxy() as (proxy, seen_through), seen_through.operator():
        for name in ("musterwil", "another"):
            site.apply_with_secrets(connect_job(name))
            site.wait_until_settled(name)
        before = site.get("cronjob", "connect-musterwil")["metadata"]["uid"]
        with proxy.hold(lists("cronjobs")) as hold:
            proxy.expire("cronjobs")
            hold.wait()
            site.kubectl("delete", "cronjob", "connect-musterwil")
            hold.release()
        site.cluster.wait_until(
            "the CronJob is there again",
            lambda: site.get("cronjob", "connect-musterwil")["metadata"]["uid"],
            lambda now: now != before,
        )
        site.wait_until_settled("musterwil")


def test_a_connect_job_that_was_deleted_while_the_watch_began_anew_gives_its_realm_free(site: Site) -> None:
    with site.proxy() as (proxy, seen_through), seen_through.operator() as operator:
        for name in ("first", "second"):
            site.apply(*secrets(name, realm="musterwil"), connect_job(name, realm="musterwil"))
            site.wait_for_ready(name, *(("True", "Reconciled") if name == "first" else ("False", "RealmTaken")))
            site.wait_until_older(name)
        with proxy.hold(lists("connectjobs")) as hold:
            proxy.expire("connectjobs")
            hold.wait()
            site.kubectl("delete", "connectjob", "first")
            hold.release()
        site.wait_until_settled("second")
        assert not any('connectjob="first"' in series for series in operator.metrics())


def test_a_watch_that_is_silent_although_something_happens_fails_the_liveness_probe(site: Site) -> None:
    with site.proxy() as (proxy, seen_through), seen_through.operator(CONNECT_RECHECK_INTERVAL="2") as operator:
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        assert operator.health() == 200
        with proxy.deafen("connectjobs"):
            site.kubectl("annotate", "connectjob", "musterwil", "heard=no")
            wait_until("the probe fails", operator.health, lambda status: status == 500)


@pytest.fixture(scope="module", autouse=True)
def cut_off(operator_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutOff]:
    """An operator from which the API server is away while this module's other tests run."""
    with (
        lent_site(operator_cluster, "cut-off", tmp_path_factory.mktemp("cut-off")) as site,
        site.proxy() as (proxy, seen_through),
        seen_through.operator() as operator,
    ):
        for name in ("musterwil", "leaver"):
            site.apply_with_secrets(connect_job(name))
            site.wait_until_settled(name)
        with ExitStack() as away:
            away.enter_context(proxy.away())
            yield CutOff(site=site, operator=operator, away=away, since=time.monotonic())


def test_what_happened_while_the_api_server_was_away_for_a_minute_is_made_up_for(cut_off: CutOff) -> None:
    """An edit, a new one, one that has gone: by the same process."""
    site = cut_off.site
    site.apply(connect_job("musterwil", schedule=f"5 {NIGHT + 1} * * *"))
    site.apply_with_secrets(connect_job("another"))
    site.kubectl("delete", "connectjob", "leaver")
    wait_until("a minute is over", lambda: time.monotonic() - cut_off.since > AWAY_SECONDS, timeout=AWAY_SECONDS + 1)
    cut_off.away.close()
    site.wait_until_settled("another")
    site.cluster.wait_until(
        "the schedule is the new one",
        lambda: site.get("cronjob", "connect-musterwil")["spec"]["schedule"],
        lambda seen: seen == f"5 {NIGHT + 1} * * *",
    )
    site.wait_until_settled("musterwil")
    wait_until(
        "nothing is told of the one that has gone",
        lambda: not any('connectjob="leaver"' in series for series in cut_off.operator.metrics()),
    )
    assert site.names("cronjobs") == {"connect-musterwil", "connect-another"}
    assert cut_off.operator.process.poll() is None
    assert cut_off.operator.health() == 200


def test_it_stops_in_order_within_seconds(site: Site) -> None:
    with site.operator() as operator:
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        operator.metrics()
        begun = time.monotonic()
        assert operator.stop() == 0
        assert time.monotonic() - begun < 8
        assert operator.log()[-1]["event"] == "stopped"
