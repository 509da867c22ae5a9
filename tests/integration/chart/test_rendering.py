"""What the chart makes of its values."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from connect_operator import settings as operator_settings
from connect_relay.bridge import cli as bridge_cli
from connect_relay.cli import serve
from tests.support.chart import CHART, CONNECT_JOB, Document, environment, helm, one, pod, read_documents, render
from tests.support.repository import ROOT, read, table

DEPLOYMENTS = ("connect-operator", "connect-relay")
DIGEST = "sha256:" + "0123456789abcdef" * 4
CUSTOMER = {"realm": "musterwil", "schedule": "H 3 * * *", "secrets": {"customer": "c", "database": "d"}}


def rights(role: Document) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """API group, resource and verbs of each right of a role."""
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield group, resource, tuple(rule["verbs"])


def documented_rights() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The same, from the operator's page."""
    for group, resource, verbs, _ in table(read("docs/reference/operator.md"), "## Rights"):
        yield group.replace("(core)", ""), resource, tuple(verb.strip(" `") for verb in verbs.split(","))


def test_helm_has_nothing_to_complain_of() -> None:
    result = helm("lint", "--strict", str(CHART))
    assert result.exit_code == 0, result.output


def test_the_operator_gets_the_documented_rights_in_its_namespace_and_no_others() -> None:
    role = one(render(), "Role", "connect-operator")
    assert sorted(rights(role)) == sorted(documented_rights())


def test_watching_all_namespaces_takes_the_same_rights_everywhere() -> None:
    rendered = render({"watchAllNamespaces": True})
    role = one(rendered, "ClusterRole", "connect-connect-operator")
    binding = one(rendered, "ClusterRoleBinding", "connect-connect-operator")
    assert sorted(rights(role)) == sorted(documented_rights())
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "connect-connect-operator",
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "connect-operator", "namespace": "connect"}]
    assert "CONNECT_NAMESPACE" not in environment(rendered, "connect-operator")


def test_by_default_the_operator_serves_its_own_namespace() -> None:
    own = {"fieldRef": {"fieldPath": "metadata.namespace"}}
    assert environment(render(), "connect-operator")["CONNECT_NAMESPACE"] == own


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_a_pod_stays_within_the_restricted_pod_security_standard(deployment: str) -> None:
    spec = pod(render(), deployment)
    (container,) = spec["containers"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not spec["enableServiceLinks"]
    assert {kind for volume in spec["volumes"] for kind in volume} <= {"name", "secret", "emptyDir"}


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_a_pod_is_probed_with_patience_and_has_limits(deployment: str) -> None:
    (container,) = pod(render(), deployment)["containers"]
    probes = [container[f"{name}Probe"] for name in ("startup", "liveness", "readiness")]
    assert [probe["timeoutSeconds"] for probe in probes] == [5, 5, 5]
    assert {"requests", "limits"} <= container["resources"].keys()


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_two_pods_of_a_part_never_run_side_by_side(deployment: str) -> None:
    spec = one(render(), "Deployment", deployment)["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_only_the_operator_gets_a_token() -> None:
    rendered = render()
    assert pod(rendered, "connect-relay")["automountServiceAccountToken"] is False
    assert pod(rendered, "connect-operator")["serviceAccountName"] == "connect-operator"


def test_the_variables_that_the_chart_sets_are_those_that_the_programs_read() -> None:
    rendered = render({"imagePullSecrets": ["registry"]})
    relay = {option.envvar for option in serve.params if isinstance(option.envvar, str)}
    assert environment(rendered, "connect-operator").keys() <= {*operator_settings.Variable}
    assert environment(rendered, "connect-relay").keys() <= relay


def test_the_operator_asks_the_relay_where_nobody_from_outside_can() -> None:
    rendered = render({"relay": {"service": {"type": "NodePort", "nodePort": 30443}}})
    public, admin = one(rendered, "Service", "connect-relay"), one(rendered, "Service", "connect-relay-admin")
    assert environment(rendered, "connect-operator")["CONNECT_RELAY_ADMIN_URL"] == "http://connect-relay-admin:8080"
    assert environment(rendered, "connect-operator")["CONNECT_RELAY_NAMES"] == "connect-relay.$(CONNECT_NAMESPACE)"
    assert (public["spec"]["type"], admin["spec"]["type"]) == ("NodePort", "ClusterIP")
    assert public["spec"]["ports"] == [{"name": "relay", "port": 8443, "targetPort": "relay", "nodePort": 30443}]
    assert [port["port"] for port in admin["spec"]["ports"]] == [8080]


SEVERAL = {"replicas": 2, "service": {"type": "NodePort", "nodePort": 30443, "replicaNodePorts": [30444]}}


def test_several_relays_restart_one_after_the_other_and_spread_over_the_nodes() -> None:
    rendered = render({"relay": SEVERAL})
    assert not [
        each for each in rendered if (each["kind"], each["metadata"]["name"]) == ("Deployment", "connect-relay")
    ]
    relays, budget = (
        one(rendered, "StatefulSet", "connect-relay"),
        one(rendered, "PodDisruptionBudget", "connect-relay"),
    )
    assert (relays["spec"]["replicas"], relays["spec"]["serviceName"]) == (2, "connect-relays")
    assert relays["spec"]["updateStrategy"] == {"type": "RollingUpdate"}
    pauses = {option.name: option.default for option in bridge_cli.run.params}
    assert relays["spec"]["minReadySeconds"] >= pauses["longest_pause_seconds"], "until bridges are back at it"
    assert budget["spec"]["maxUnavailable"] == 1
    labels = relays["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (spread,) = relays["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"


def test_a_replica_has_the_pod_of_a_single_relay() -> None:
    several = one(render({"relay": SEVERAL}), "StatefulSet", "connect-relay")["spec"]["template"]["spec"]
    assert {key: value for key, value in several.items() if key != "topologySpreadConstraints"} == pod(
        render(), "connect-relay"
    )


def test_bridges_can_call_each_relay_and_workers_find_all() -> None:
    relay = SEVERAL | {"ssh": {"enabled": True, "nodePort": 30222, "replicaNodePorts": [30223, 30224]}}
    rendered = render({"relay": relay, "customers": {"musterwil": CUSTOMER}}, f"--api-versions={CONNECT_JOB}")
    services = {each["metadata"]["name"]: each["spec"] for each in rendered if each["kind"] == "Service"}
    assert [
        [port.get("nodePort") for port in services[f"connect-relay{end}"]["ports"]] for end in ("", "-0", "-1")
    ] == [
        [30443, 30222],
        [30444, 30223],
        [None, 30224],
    ]
    for ordinal in range(2):
        pod_name = services[f"connect-relay-{ordinal}"]["selector"]["statefulset.kubernetes.io/pod-name"]
        assert pod_name == f"connect-relay-{ordinal}"
    known_before = services["connect-relay"]["selector"]["statefulset.kubernetes.io/pod-name"]
    assert known_before == "connect-relay-0", "who knows no other name meets there"
    assert (services["connect-relays"]["clusterIP"], services["connect-relays-admin"]["clusterIP"]) == ("None", "None")
    assert one(rendered, "ConnectJob", "musterwil")["spec"]["relay"]["address"] == "connect-relays:8443"
    assert environment(rendered, "connect-operator")["CONNECT_RELAY_ADMIN_URL"] == "http://connect-relays-admin:8080"


def test_the_operator_knows_by_which_names_connectjobs_call_this_releases_relays() -> None:
    rendered = render({"watchAllNamespaces": True, "relay": {"replicas": 2, "names": ["relay.example.org"]}})
    names = environment(rendered, "connect-operator")["CONNECT_RELAY_NAMES"]
    services = ["connect-relay", "connect-relays", "connect-relay-0", "connect-relay-1"]
    assert names == ",".join([*(f"{name}.connect" for name in services), "relay.example.org"])


def test_each_relay_gets_a_host_of_its_own() -> None:
    host = "external-dns.alpha.kubernetes.io/hostname"
    rendered = render(
        {"relay": {"replicas": 2, "service": {"replicaAnnotations": {host: "relay-{ordinal}.school.test"}}}}
    )
    for ordinal in range(2):
        annotations = one(rendered, "Service", f"connect-relay-{ordinal}")["metadata"]["annotations"]
        assert annotations == {host: f"relay-{ordinal}.school.test"}


def test_the_relays_further_secrets_are_mounted_where_it_looks_for_them() -> None:
    relay = {"crlSecret": "revoked", "ssh": {"enabled": True, "secret": "keys", "port": 22}}
    rendered = render({"relay": relay})
    spec = pod(rendered, "connect-relay")
    (container,) = spec["containers"]
    secrets = {each["name"]: each["secret"]["secretName"] for each in spec["volumes"] if "secret" in each}
    mounts = {secrets[each["name"]]: each["mountPath"] for each in container["volumeMounts"] if each["name"] in secrets}
    said = environment(rendered, "connect-relay")
    assert mounts.keys() == {"connect-relay", "revoked", "keys"}
    assert (said["CONNECT_RELAY_CRL"], said["CONNECT_RELAY_SSH"]) == (f"{mounts['revoked']}/crl.pem", mounts["keys"])
    assert said.keys() <= {option.envvar for option in serve.params if isinstance(option.envvar, str)}
    ports = {
        each["name"]: (each["port"], each["targetPort"])
        for each in one(rendered, "Service", "connect-relay")["spec"]["ports"]
    }
    assert ports == {"relay": (8443, "relay"), "ssh": (22, "ssh")}
    assert {"name": "ssh", "containerPort": 2222} in container["ports"]


def test_the_pod_outlives_the_time_that_connections_get() -> None:
    rendered = render({"relay": {"drainSeconds": 90, "limits": {"bytesPerSecond": 100_000_000}}})
    said = environment(rendered, "connect-relay")
    assert pod(rendered, "connect-relay")["terminationGracePeriodSeconds"] == 100
    assert (said["CONNECT_RELAY_DRAIN_SECONDS"], said["CONNECT_RELAY_BYTES_PER_SECOND"]) == ("90", "100000000")


def test_limits_that_nobody_sets_are_the_relays_own() -> None:
    said = environment(render(), "connect-relay")
    defaults = {option.envvar: option.default for option in serve.params if isinstance(option.envvar, str)}
    numbers = {name: value for name, value in said.items() if isinstance(value, str) and value.isdecimal()}
    assert len(numbers) == 7
    assert {name: float(value) for name, value in numbers.items()} == {
        name: float(str(defaults[name])) for name in numbers
    }


def test_without_a_relay_nothing_of_it_is_left() -> None:
    rendered = render({"relay": {"enabled": False}})
    assert not [each for each in rendered if "relay" in each["metadata"]["name"]]
    assert "CONNECT_RELAY_ADMIN_URL" not in environment(rendered, "connect-operator")


def test_all_images_come_from_one_registry_with_one_tag() -> None:
    rendered = render({"image": {"registry": "registry.example.org/schools/", "tag": "1.2.3"}})
    assert (
        pod(rendered, "connect-operator")["containers"][0]["image"]
        == "registry.example.org/schools/connect-operator:1.2.3"
    )
    assert (
        pod(rendered, "connect-relay")["containers"][0]["image"] == "registry.example.org/schools/connect-relay:1.2.3"
    )
    worker = environment(rendered, "connect-operator")["CONNECT_WORKER_IMAGE"]
    assert worker == "registry.example.org/schools/connect-worker:1.2.3"


def test_a_digest_stands_above_the_tag() -> None:
    rendered = render({"image": {"tag": "1.2.3"}, "worker": {"image": {"digest": DIGEST}}})
    assert environment(rendered, "connect-operator")["CONNECT_WORKER_IMAGE"] == f"connect-worker@{DIGEST}"


def test_pull_secrets_serve_operator_relay_and_runs() -> None:
    rendered = render({"imagePullSecrets": ["one", "two"]})
    assert [pod(rendered, each)["imagePullSecrets"] for each in DEPLOYMENTS] == [[{"name": "one"}, {"name": "two"}]] * 2
    assert environment(rendered, "connect-operator")["CONNECT_IMAGE_PULL_SECRETS"] == "one,two"


@pytest.mark.parametrize("part", ["operator", "relay"])
def test_what_is_said_of_a_pod_reaches_it(part: str) -> None:
    wishes: Mapping[str, Any] = {
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "schools", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "priorityClassName": "high",
        "resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi", "cpu": "1"}},
    }
    rendered = render({part: {**wishes, "podLabels": {"team": "a"}, "podAnnotations": {"note": "b"}}})
    template = one(rendered, "Deployment", f"connect-{part}")["spec"]["template"]
    spec = template["spec"] | {"resources": template["spec"]["containers"][0]["resources"]}
    assert {wish: spec[wish] for wish in wishes} == wishes
    assert template["metadata"]["labels"]["team"] == "a"
    assert template["metadata"]["annotations"] == {"note": "b"}


@pytest.mark.parametrize("plural", ["connectjobs", "connectruns"])
def test_the_definition_is_the_one_in_manifests_and_outlives_the_release(plural: str) -> None:
    (source,) = read_documents(ROOT / f"manifests/crd/{plural}.schoolconnect.io.yaml")
    rendered = one(render(), "CustomResourceDefinition", f"{plural}.schoolconnect.io")
    assert rendered["spec"] == source["spec"]
    assert rendered["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_definition_can_be_left_to_somebody_else() -> None:
    kinds = [each["kind"] for each in render({"crds": {"enabled": False}})]
    assert "CustomResourceDefinition" not in kinds


def test_whoever_may_edit_in_a_namespace_may_edit_its_connect_jobs() -> None:
    rendered = render()
    view, edit = (
        one(rendered, "ClusterRole", "connect-connect-view"),
        one(rendered, "ClusterRole", "connect-connect-edit"),
    )
    to = "rbac.authorization.k8s.io/aggregate-to-"
    assert [label for label in view["metadata"]["labels"] if label.startswith(to)] == [
        f"{to}{each}" for each in ("view", "edit", "admin")
    ]
    assert [label for label in edit["metadata"]["labels"] if label.startswith(to)] == [
        f"{to}{each}" for each in ("edit", "admin")
    ]
    assert {resource for _, resource, _ in rights(edit)} == {"connectjobs", "connectruns"}
    assert {verb for _, _, verbs in rights(view) for verb in verbs} == {"get", "list", "watch"}


def test_an_existing_service_account_is_used_as_it_is() -> None:
    rendered = render({"serviceAccount": {"name": "ours"}})
    assert pod(rendered, "connect-operator")["serviceAccountName"] == "ours"
    assert [each["metadata"]["name"] for each in rendered if each["kind"] == "ServiceAccount"] == []
    assert one(rendered, "RoleBinding", "connect-operator")["subjects"][0]["name"] == "ours"


def test_a_customer_becomes_a_connect_job_on_this_releases_relay() -> None:
    rendered = render({"customers": {"musterwil": CUSTOMER}}, f"--api-versions={CONNECT_JOB}", release="schools")
    relay = {"transport": "gRPC", "address": "schools-relay:8443"}
    assert one(rendered, "ConnectJob", "musterwil")["spec"] == CUSTOMER | {"relay": relay}


def test_a_customers_own_relay_is_left_alone() -> None:
    customer = CUSTOMER | {"relay": {"transport": "None"}}
    rendered = render({"customers": {"musterwil": customer}}, f"--api-versions={CONNECT_JOB}")
    assert one(rendered, "ConnectJob", "musterwil")["spec"] == customer


def test_what_a_customers_fields_hold_is_left_to_kubernetes() -> None:
    customer = CUSTOMER | {
        "relay": {"transport": "None"},
        "nodeSelector": {"school": "yes"},
        "podLabels": {"team": "schools"},
        "podAnnotations": {"note": "anything goes"},
        "affinity": {"nodeAffinity": {"anything": [{"goes": 1}]}},
        "tolerations": [{"operator": "Exists"}],
        "resources": {"limits": {"memory": "1Gi", "example.org/any": 1}},
    }
    rendered = render({"customers": {"musterwil": customer}}, f"--api-versions={CONNECT_JOB}")
    assert one(rendered, "ConnectJob", "musterwil")["spec"] == customer


def test_what_helm_test_runs_is_no_part_of_the_release() -> None:
    assert not [each for each in render() if each["metadata"]["name"] == "connect-test"]
    hooks = [each for each in render({"test": {"connectJob": "musterwil"}}) if "test" in each["metadata"]["name"]]
    assert {each["kind"] for each in hooks} == {"Pod", "ConfigMap", "ServiceAccount", "Role", "RoleBinding"}
    assert {each["metadata"]["annotations"]["helm.sh/hook"] for each in hooks} == {"test"}
    (role,) = [each for each in hooks if each["kind"] == "Role"]
    assert list(rights(role)) == [("schoolconnect.io", "connectruns", ("get", "create"))]


def test_what_helm_test_runs_stays_within_the_restricted_pod_security_standard() -> None:
    test = one(render({"test": {"connectJob": "musterwil"}}), "Pod", "connect-test")["spec"]
    relay = pod(render(), "connect-relay")
    assert test["securityContext"] == relay["securityContext"]
    assert test["containers"][0]["securityContext"] == relay["containers"][0]["securityContext"]
