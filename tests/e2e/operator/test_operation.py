"""What those who run the operator rely on: its rights, its silence, its metrics, its faults."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.waiting import wait_until
from tests.e2e.operator.conftest import CRD, Site, make_site, namespace_of
from tests.support.operator_process import (
    Document,
    OperatorProcess,
    connect_job,
    connect_run,
    rights,
    secret,
    secrets,
)
from tests.support.relay import Pki, RelayCommand

PLURALS = {"connectjobs", "connectruns", "cronjobs", "jobs", "pods"}


def looks(operator: OperatorProcess) -> float:
    return operator.metrics()['connect_operator_reconcile_total{result="done"}']


def asked(operator: OperatorProcess) -> dict[str, float]:
    return {series: value for series, value in operator.metrics().items() if "_api_requests_total" in series}


def test_a_connect_job_never_gets_a_finalizer_nor_an_annotation(site: Site) -> None:
    with site.operator():
        name = site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled(name)
        site.apply(connect_job("musterwil", suspend=True))
        site.kubectl("wait", "connectjob/musterwil", "--for=condition=Suspended", "--timeout=20s")
        site.kubectl("create", "job", "by-hand", "--from=cronjob/connect-musterwil")
        wanted = "--for=jsonpath={.status.activeRun.name}=by-hand"
        site.kubectl("wait", "connectjob/musterwil", wanted, "--timeout=20s")
    for kind, named in (("connectjob", name), ("cronjob", f"connect-{name}")):
        metadata = site.get(kind, named)["metadata"]
        assert "finalizers" not in metadata
        assert set(metadata.get("annotations", {})) <= {"kubectl.kubernetes.io/last-applied-configuration"}


def test_an_unchanged_connect_job_costs_no_request(site: Site) -> None:
    """Even if it is looked at: a new annotation is news, but none that matters."""
    with site.operator() as operator:
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        site.kubectl("annotate", "connectjob", "musterwil", "round=first")
        wait_until("all is quiet", lambda: (looks(operator), looks(operator)), lambda pair: pair[0] == pair[1] > 1)
        before, requests = looks(operator), asked(operator)
        site.kubectl("annotate", "--overwrite", "connectjob", "musterwil", "round=second")
        wait_until("it has looked again", lambda: looks(operator), lambda now: now > before)
        assert asked(operator) == requests


def test_other_peoples_jobs_and_pods_never_reach_the_process(site: Site) -> None:
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
    watches = {event.resource.rpartition("/")[2]: event.uri for event in site.requests() if event.verb == "watch"}
    assert set(watches) == PLURALS
    for plural in PLURALS - {"connectjobs", "connectruns"}:
        assert "labelSelector=app.kubernetes.io/managed-by%3Dconnect-operator" in watches[plural]


def test_the_documented_rights_are_the_ones_that_are_used(site: Site) -> None:
    """All of them but what takes minutes without a start, twenty old ConnectRuns, or a cap."""
    with site.operator():
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        site.apply(connect_job("musterwil", timeout="2h"))
        site.cluster.wait_until(
            "the CronJob was patched", lambda: [event for event in site.requests() if event.verb == "patch"]
        )
        site.kubectl("delete", "cronjob", "connect-musterwil")
        site.cluster.wait_until("there is one again", lambda: site.names("cronjob"))
        site.wait_until_settled("musterwil")
        site.apply(connect_run("wanted", "musterwil"))
        site.wait_for_run("wanted", "Starting")
    used = {(event.resource, event.verb) for event in site.requests() if event.resource}
    documented = {
        ("/".join([*filter(None, [group]), resource]), verb)
        for rule in rights()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert used <= documented
    assert documented - used == {
        ("events", "list"),
        ("schoolconnect.io/connectruns", "delete"),
        ("batch/jobs", "patch"),
        ("batch/jobs", "delete"),
    }


def test_one_operator_serves_all_namespaces_and_a_realm_is_given_once_in_all_of_them(whole_cluster: Site) -> None:
    site, other = whole_cluster, f"{whole_cluster.namespace}-too"
    site.cluster.create_namespace(other)
    with site.operator(CONNECT_NAMESPACE=""):
        site.apply(*secrets("weitwil"), connect_job("weitwil"))
        site.wait_until_settled("weitwil")
        site.wait_until_older("weitwil")
        for document in (*secrets("weitwil"), connect_job("weitwil")):
            site.cluster.kubectl("apply", f"--namespace={other}", "--filename=-", source=json.dumps(document))
        site.cluster.kubectl(
            "wait", "connectjob/weitwil", f"--namespace={other}", "--for=condition=Ready=False", "--timeout=20s"
        )
        found = site.cluster.get_json("connectjob", "weitwil", f"--namespace={other}")
    ready = next(each for each in found["status"]["conditions"] if each["type"] == "Ready")
    assert ready["reason"] == "RealmTaken"
    site.cluster.kubectl("delete", "namespace", other)


def test_metrics_tell_what_the_status_tells_also_after_a_restart(site: Site) -> None:
    with site.operator() as operator:
        site.apply_with_secrets(connect_job("musterwil", suspend=True))
        site.wait_until_settled("musterwil")
        wait_until(
            "it is known as suspended", lambda: operator.metrics().get(series("connect_job_suspended", site)) == 1
        )
        before = {name: value for name, value in operator.metrics().items() if name.startswith("connect_job_")}
    with site.operator(until="the first picture is whole") as operator:
        after = {name: value for name, value in operator.metrics().items() if name.startswith("connect_job_")}
        assert after == before
        assert after[series("connect_job_condition", site, type="Ready", status="true")] == 1
        kinds = {
            f'connect_operator_watch_last_event_timestamp_seconds{{kind="{kind}"}}'
            for kind in ("connectjobs", "cronjobs")
        }
        assert kinds <= set(operator.metrics())


def series(name: str, site: Site, **labels: str) -> str:
    """A series of Musterwil's, as `/metrics` writes it."""
    told = {"namespace": site.namespace, "connectjob": "musterwil"} | labels
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in told.items()) + "}"


@contextmanager
def relay(answer: Document) -> Iterator[str]:
    """A relay's admin endpoint that tells of its bridges what the test says."""

    class Admin(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/bridges"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Admin) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_bridge_that_comes_is_told_on_its_connect_job_only(site: Site) -> None:
    spec = {"transport": "gRPC", "address": "connect-relay:8443"}
    answer: Document = {"bridges": [], "absent": []}
    with relay(answer) as url, site.operator(CONNECT_RELAY_ADMIN_URL=url, CONNECT_RELAY_INTERVAL="0.2"):
        for name in ("musterwil", "another"):
            keys = dict.fromkeys(("tls.crt", "tls.key", "ca.crt"), "x")
            names = {role: f"{name}-{role}" for role in ("customer", "database", "relay")}
            site.apply(*secrets(name), secret(f"{name}-relay", keys), connect_job(name, relay=spec, secrets=names))
            site.kubectl("wait", f"connectjob/{name}", "--for=condition=RelayConnected=False", "--timeout=20s")
        answer["bridges"].append({"realm": "musterwil", "since": "2026-11-22T02:00:00Z", "version": "1", "targets": []})
        site.kubectl("wait", "connectjob/musterwil", "--for=condition=RelayConnected", "--timeout=20s")
        assert site.condition("another", "RelayConnected")[0] == "False"


def test_a_relay_that_does_not_answer_is_told_and_its_return_too(site: Site, tmp_path: Path) -> None:
    """A real one, which is stopped and comes back."""
    pki, keys = Pki.create(tmp_path / "pki"), dict.fromkeys(("tls.crt", "tls.key", "ca.crt"), "x")
    names = {role: f"musterwil-{role}" for role in ("customer", "database", "relay")}
    spec = {"transport": "gRPC", "address": "connect-relay:8443"}
    with RelayCommand.serve(pki) as relay:
        url = relay.admin_url
        with site.operator(CONNECT_RELAY_ADMIN_URL=url, CONNECT_RELAY_INTERVAL="0.2") as operator:
            site.apply(*secrets("musterwil"), secret("musterwil-relay", keys))
            site.apply(connect_job("musterwil", relay=spec, secrets=names))
            wait_for_bridge(site, "False", "BridgeAbsent")
            relay.stop()
            assert "The relay does not answer the operator" in wait_for_bridge(site, "Unknown", "RelayNotReachable")
            assert operator.logged("the relay does not tell of its bridges")
            with RelayCommand.serve(pki, admin_port=int(url.rpartition(":")[2])):
                wait_for_bridge(site, "False", "BridgeAbsent")
                # Before this one goes down too, which the operator may notice.
                told = [reason for reason, _ in site.events("musterwil")]
    assert (told.count("RelayNotReachable"), told.count("BridgeAbsent")) == (1, 2)
    assert site.condition("musterwil", "Ready") == ("True", "Reconciled")


def wait_for_bridge(site: Site, status: str, reason: str) -> str:
    """Wait until RelayConnected says this, and return its message."""
    seen = site.cluster.wait_until(
        f"RelayConnected is {status}, {reason}",
        lambda: site.get("connectjob", "musterwil").get("status", {}).get("conditions", []),
        lambda found: any(
            (each["type"], each["status"], each["reason"]) == ("RelayConnected", status, reason) for each in found
        ),
    )
    return next(str(each["message"]) for each in seen if each["type"] == "RelayConnected")


def test_without_the_crd_it_says_so_and_ends(site: Site) -> None:
    site.cluster.kubectl("delete", f"--filename={CRD}", "--timeout=30s")
    try:
        with site.operator() as operator:
            assert operator.process.wait(20) == 2
            assert operator.log()[-1]["cause"] == "the API server knows no connectjobs.schoolconnect.io"
            assert operator.log()[-1]["todo"] == "Install Connect's CRDs first"
    finally:
        site.cluster.kubectl("apply", f"--filename={CRD}")
        site.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/connectjobs.schoolconnect.io")


def test_without_a_right_it_says_which_one_and_ends(
    operator_cluster: Cluster, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Here an operator is to serve all namespaces, and may but one."""
    site = make_site(operator_cluster, namespace_of(request.node.name), tmp_path, "Role")
    with site.operator(CONNECT_NAMESPACE="") as operator:
        assert operator.process.wait(20) == 1
        assert "cannot list resource" in operator.log()[-1]["cause"]
    forbidden = [event for event in site.requests() if event.forbidden]
    assert [(event.resource, event.verb) for event in forbidden] == [("schoolconnect.io/connectjobs", "list")]


@pytest.mark.parametrize(("variable", "value"), [("CONNECT_WORKER_IMAGE", ""), ("CONNECT_TIME_ZONE", "Europe/Nowhere")])
def test_settings_that_cannot_be_used_are_named(site: Site, variable: str, value: str) -> None:
    with site.operator(until="cannot go on", **{variable: value}) as operator:
        assert operator.process.wait(20) == 2
        assert variable in operator.log()[-1]["cause"]
