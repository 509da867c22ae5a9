"""What a ConnectJob costs the API server, counted in its audit log."""

import json
from collections import Counter
from functools import partial

from connect_operator.kind import Kind
from tests.cluster.audit import AuditEvent
from tests.cluster.waiting import wait_until
from tests.e2e.operator.conftest import Site
from tests.support.operator_process import COMPLETE, OperatorProcess, connect_job, secrets

READS_OF_ALL = {"list", "watch"}


def about_single_objects(site: Site) -> Counter[tuple[str, str]]:
    """Resource and verb of what was asked; without the lists and watches, and the discovery of what API there is."""
    single = [event for event in site.requests() if event.resource and event.verb not in READS_OF_ALL]
    return Counter((event.resource, event.verb) for event in single)


def lists(site: Site) -> list[AuditEvent]:
    return [event for event in site.requests() if event.verb == "list"]


def looks(operator: OperatorProcess) -> float:
    return operator.metrics()['connect_operator_reconcile_total{result="done"}']


def are_cached(site: Site) -> bool:
    path = f"/api/v1/namespaces/{site.namespace}/secrets?resourceVersion=0"
    listed = json.loads(site.kubectl("get", "--raw", path))["items"]
    return {secret["metadata"]["name"] for secret in secrets("musterwil")} <= {
        item["metadata"]["name"] for item in listed
    }


def test_a_new_connect_job_costs_its_secrets_and_three_writes(site: Site) -> None:
    with site.operator(until=COMPLETE) as operator:
        site.apply(*secrets("musterwil"))
        wait_until("the API server's cache has its Secrets", partial(are_cached, site))
        site.apply(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
        site.kubectl("annotate", "connectjob", "musterwil", "look=again")
        wait_until("it was looked at again", lambda: looks(operator), lambda now: now > 1)
    assert about_single_objects(site) == {
        ("secrets", "get"): 2,
        ("batch/cronjobs", "create"): 1,
        ("events.k8s.io/events", "create"): 1,
        ("schoolconnect.io/connectjobs/status", "patch"): 1,
    }


def test_an_operator_that_starts_anew_asks_for_lists_only_and_writes_nothing(site: Site) -> None:
    """Also when it compares what it was told with what is there."""
    with site.operator(until=COMPLETE):
        site.apply_with_secrets(connect_job("musterwil"))
        site.wait_until_settled("musterwil")
    before = about_single_objects(site)
    with site.operator(until=COMPLETE, CONNECT_RECHECK_INTERVAL="0.5") as operator:
        wait_until("it has looked", lambda: looks(operator), lambda now: now >= 1)
        asked = len(lists(site))
        wait_until("it has compared twice", lambda: len(lists(site)), lambda now: now >= asked + 2 * len(Kind))
        assert operator.health() == 200
    assert about_single_objects(site) == before
