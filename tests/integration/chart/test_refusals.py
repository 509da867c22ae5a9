"""Values that the chart does not take, with what Helm says to each."""

import pytest

from tests.support.chart import CONNECT_JOB, refusal, template

CUSTOMER = {"realm": "musterwil", "schedule": "H 3 * * *", "secrets": {}}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"operater": {}}, "at '': additional properties 'operater' not allowed"),
        ({"operator": {"replica": 1}}, "at '/operator': additional properties 'replica' not allowed"),
        ({"relay": {"service": {"ports": 1}}}, "at '/relay/service': additional properties 'ports' not allowed"),
        ({"operator": {"replicas": 2}}, "at '/operator/replicas': value must be one of 0, 1"),
        (
            {"operator": {"logLevel": "loud"}},
            "at '/operator/logLevel': value must be one of 'debug', 'info', 'warning', 'error'",
        ),
        ({"relay": {"service": {"type": "Ingress"}}}, "value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'"),
        ({"relay": {"service": {"port": 70000}}}, "at '/relay/service/port': maximum: got 70,000, want 65,535"),
        ({"relay": {"tlsSecret": ""}}, "at '/relay/tlsSecret': '' does not match pattern"),
        ({"relay": {"replicas": 0}}, "at '/relay/replicas': minimum: got 0, want 1"),
        ({"relay": {"limits": {"dials": 0}}}, "at '/relay/limits/dials': minimum: got 0, want 1"),
        ({"relay": {"ssh": {"secret": ""}}}, "at '/relay/ssh/secret': '' does not match pattern"),
        ({"image": {"tag": "1.0@sha256:0"}}, "at '/image/tag': '1.0@sha256:0' does not match pattern"),
        ({"worker": {"image": {"digest": "latest"}}}, "at '/worker/image/digest': 'latest' does not match pattern"),
        ({"watchAllNamespaces": "no"}, "at '/watchAllNamespaces': got string, want boolean"),
        ({"imagePullSecrets": [{"name": "x"}]}, "at '/imagePullSecrets/0': got object, want string"),
        ({"networkPolicy": {"metricsFrom": [{"cidr": "10.0.0.0/8"}]}}, "additional properties 'cidr' not allowed"),
        ({"networkPolicy": {"metricsFrom": [{}]}}, "at '/networkPolicy/metricsFrom/0': minProperties: got 0, want 1"),
        ({"networkPolicy": {"apiServerPorts": []}}, "at '/networkPolicy/apiServerPorts': minItems: got 0, want 1"),
        ({"networkPolicy": {"workerEgress": [{"from": []}]}}, "additional properties 'from' not allowed"),
        (
            {"monitoring": {"serviceMonitor": {}}},
            "at '/monitoring': additional properties 'serviceMonitor' not allowed",
        ),
        ({"monitoring": {"podMonitors": {"interval": "often"}}}, "'often' does not match pattern"),
        ({"monitoring": {"alerts": {"docsUrl": "git.example.org"}}}, "'git.example.org' does not match pattern"),
        ({"test": {"connectJob": "Musterwil"}}, "at '/test/connectJob': 'Musterwil' does not match pattern"),
        ({"test": {"seconds": 1}}, "at '/test/seconds': minimum: got 1, want 60"),
        ({"customers": {"Musterwil": CUSTOMER}}, "'Musterwil' does not match pattern"),
        ({"customers": {"musterwil": {"realm": "musterwil"}}}, "missing properties 'schedule', 'secrets'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_place(values: dict[str, object], complaint: str) -> None:
    assert complaint in refusal(values)


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"suspendd": True}, "musterwil.suspendd"),
        ({"secrets": {"directry": "x"}}, "musterwil.secrets.directry"),
        ({"safety": {"maxDelete": 1}}, "musterwil.safety.maxDelete"),
        ({"resources": {"limit": {"memory": "1Gi"}}}, "musterwil.resources.limit"),
        ({"tolerations": [{"operator": "Exists"}, {"kye": "school"}]}, "musterwil.tolerations[1].kye"),
    ],
)
def test_a_customers_misspelt_field_is_refused_by_its_place(more: dict[str, object], where: str) -> None:
    """The API server drops it with a warning that Helm does not show: a suspension, or a limit, would be lost."""
    result = template({"customers": {"musterwil": CUSTOMER | more}}, f"--api-versions={CONNECT_JOB}")
    assert f"customers.{where}: a ConnectJob has no such field" in result.errors


@pytest.mark.parametrize("release", ["1a", "a.b"])
def test_a_release_that_no_service_can_be_named_after_is_refused_before_anything_is_made(release: str) -> None:
    assert "fullnameOverride: no service's name can begin with" in template({}, release=release).errors
    assert template({"fullnameOverride": "connect"}, release=release).exit_code == 0
    assert template({"relay": {"enabled": False}}, release=release).exit_code == 0


def test_customers_wait_until_the_cluster_knows_connect_jobs() -> None:
    """Helm asks the cluster for every kind before it makes the first object, the definition among them."""
    assert "Install the chart without customers first" in refusal({"customers": {"musterwil": CUSTOMER}})
