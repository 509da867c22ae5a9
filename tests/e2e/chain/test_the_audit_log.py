"""What the audit log of the API server says of Connect, after everything else."""

import pytest

from tests.cluster.audit import AuditEvent
from tests.support.connect_release import NAMESPACE, Release

pytestmark = pytest.mark.timeout(600)
KUBERNETES = {"system:serviceaccount:kube-system:cronjob-controller"}
OPERATOR = f"system:serviceaccount:{NAMESPACE}:connect-operator"
TESTER = f"system:serviceaccount:{NAMESPACE}:connect-test"
ON_CALL = f"system:serviceaccount:{NAMESPACE}:k.muster"
"""Somebody on call, who has the chart's role by a service account of the tests' own."""


@pytest.fixture
def of_connect(release: Release) -> list[AuditEvent]:
    """Requests of every service account in the release's namespace."""
    account = f"system:serviceaccount:{NAMESPACE}:"
    return list(release.cluster.audit_events(lambda event: event.user.startswith(account)))


def test_nobody_but_the_operator_asks_the_api_server(of_connect: list[AuditEvent]) -> None:
    """Workers and relay have no token; what `helm test` runs has one for runs on request."""
    assert {OPERATOR} <= {event.user for event in of_connect} <= {OPERATOR, TESTER, ON_CALL}
    by_tester = {event.resource for event in of_connect if event.user == TESTER}
    assert by_tester <= {"schoolconnect.io/connectruns"}


def test_the_operator_is_never_refused(of_connect: list[AuditEvent]) -> None:
    """It asks for nothing that the chart does not allow it."""
    assert [event for event in of_connect if event.forbidden] == []


def test_only_the_operator_writes_status_and_cron_jobs(release: Release) -> None:
    """Besides Kubernetes' own controller, which notes in a CronJob's status what it has started."""
    writes = release.cluster.audit_events(
        lambda event: (
            event.verb in {"create", "update", "patch"}
            and event.resource in {"schoolconnect.io/connectjobs/status", "batch/cronjobs"}
            and event.namespace == NAMESPACE
        )
    )
    assert {event.user for event in writes} <= {OPERATOR, *KUBERNETES}
