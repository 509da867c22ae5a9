"""The CronJob that a ConnectJob wants: what each field is for, not how the whole looks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connect_operator.core.cronjob import Resolved, fingerprint, manifest
from connect_operator.core.spec import ConnectJob, Mode, PodWishes, RelaySpec, Safety, SecretNames, Transport
from connect_protocol.environment import RelayTransport
from tests.support.connect_jobs import MUSTERWIL

RESOLVED = Resolved(
    image="registry.example/connect-worker@sha256:0000",
    time_zone="Europe/Zurich",
    schedule="17 3 * * *",
    image_pull_secrets=("registry",),
)
OURS = {
    "app.kubernetes.io/managed-by": "connect-operator",
    "schoolconnect.io/connectjob": "musterwil",
    "schoolconnect.io/realm": "musterwil",
}


def made(**changes: Any) -> dict[str, Any]:
    return manifest(replace(MUSTERWIL, **changes), RESOLVED)


def job(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = made(**changes)["spec"]["jobTemplate"]["spec"]
    return spec


def pod(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = job(**changes)["template"]["spec"]
    return spec


def worker(**changes: Any) -> dict[str, Any]:
    (container,) = pod(**changes)["containers"]
    assert isinstance(container, dict)
    return container


def variables(**changes: Any) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in worker(**changes)["env"] if "value" in entry}


def test_it_is_named_labelled_and_owned() -> None:
    metadata = made()["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("connect-musterwil", "connect")
    assert metadata["labels"] == OURS
    (owner,) = metadata["ownerReferences"]
    assert owner == {
        "apiVersion": "schoolconnect.io/v1alpha1",
        "kind": "ConnectJob",
        "name": "musterwil",
        "uid": "job-uid",
        "controller": True,
    }


def test_the_longest_name_fits() -> None:
    """Kubernetes takes 52 characters for a CronJob, since its Jobs' names are longer by 11."""
    assert len(manifest(replace(MUSTERWIL, name="x" * 44), RESOLVED)["metadata"]["name"]) == 52  # type: ignore[index]


def test_its_schedule_is_the_connectjobs() -> None:
    spec = made(suspend=True, starting_deadline=timedelta(minutes=10), successful_runs=3, failed_runs=4)["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["suspend"]) == ("17 3 * * *", "Europe/Zurich", True)
    assert spec["startingDeadlineSeconds"] == 600
    assert spec["concurrencyPolicy"] == "Forbid"
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 4)


def test_three_deadlines_follow_each_other() -> None:
    timeout = timedelta(hours=1, seconds=30)
    assert variables(timeout=timeout)["CONNECT_TIMEOUT"] == "60m30s"
    assert pod(timeout=timeout)["activeDeadlineSeconds"] == 3630 + 60
    assert job(timeout=timeout)["activeDeadlineSeconds"] == 3630 + 20 * 60
    assert pod()["terminationGracePeriodSeconds"] == 60


def test_the_longest_timeout_is_one_that_the_worker_reads() -> None:
    assert variables(timeout=timedelta(hours=24))["CONNECT_TIMEOUT"] == "1440m0s"


def test_only_what_may_end_better_is_tried_again() -> None:
    disruption, final = job()["podFailurePolicy"]["rules"]
    assert disruption == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert final["action"] == "FailJob"
    assert final["onExitCodes"] == {
        "containerName": worker()["name"],
        "operator": "In",
        "values": [1, 2, 3, 4, 5, 6, 8, 10, 137],
    }
    assert (job()["backoffLimit"], pod()["restartPolicy"]) == (3, "Never")


def test_the_pod_has_no_rights() -> None:
    spec, container = pod(), worker()
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
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


def test_secrets_are_files_that_only_their_owner_reads() -> None:
    mounts = {mount["name"]: mount for mount in worker()["volumeMounts"]}
    for volume in pod()["volumes"]:
        name = volume["name"]
        if name == "tmp":
            assert volume["emptyDir"]["sizeLimit"]
            assert mounts[name]["mountPath"] == "/tmp"  # noqa: S108 - in the pod
        else:
            assert volume["secret"] == {"secretName": f"musterwil-{name}", "defaultMode": 0o400}
            assert mounts[name] == {"name": name, "mountPath": f"/run/secrets/connect/{name}", "readOnly": True}
    assert mounts.keys() == {"customer", "database", "directory", "relay", "tmp"}


def test_no_secret_stands_in_a_variable() -> None:
    (by_reference,) = [entry for entry in worker()["env"] if "value" not in entry]
    assert by_reference == {"name": "CONNECT_RUN_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}


def test_the_worker_is_told_its_settings() -> None:
    assert variables(safety=Safety(max_deletes=5, max_delete_percent=0)) == {
        "CONNECT_REALM": "musterwil",
        "CONNECT_SECRETS_DIR": "/run/secrets/connect",
        "CONNECT_TIME_ZONE": "Europe/Zurich",
        "CONNECT_TIMEOUT": "60m0s",
        "CONNECT_TERMINATION_MESSAGE": "/dev/termination-log",
        "CONNECT_PLAN_IN_LOG": "yes",
        "CONNECT_RELAY_TRANSPORT": "gRPC",
        "CONNECT_RELAY_ADDRESS": "connect-relay:8443",
        "CONNECT_SAFETY_MAX_DELETES": "5",
        "CONNECT_SAFETY_MAX_DELETE_PERCENT": "0",
    }
    assert worker()["terminationMessagePolicy"] == "File"


def test_without_limits_the_workers_own_hold() -> None:
    assert not {name for name in variables() if "SAFETY" in name}


@pytest.mark.parametrize(("mode", "command"), [(Mode.SYNC, "run"), (Mode.PLAN, "plan"), (Mode.VALIDATE, "validate")])
def test_the_mode_is_the_workers_command(mode: Mode, command: str) -> None:
    assert worker(mode=mode)["args"] == [command]
    annotations = made(mode=mode)["spec"]["jobTemplate"]["metadata"]["annotations"]
    assert annotations == {"schoolconnect.io/mode": mode.value}


@pytest.mark.parametrize("transport", [Transport.SSH, Transport.JUMP_HOST])
def test_the_worker_is_told_the_transport(transport: Transport) -> None:
    told = variables(relay=RelaySpec(transport=transport, address="jump.school.example:22"))
    assert told["CONNECT_RELAY_TRANSPORT"] == transport.value
    assert told["CONNECT_RELAY_ADDRESS"] == "jump.school.example:22"


def test_only_behind_a_relay_a_bridge_is_asked_for() -> None:
    """A jump host has none."""
    behind = {transport for transport in Transport if RelaySpec(transport=transport, address="a:1").has_bridge}
    assert behind == {Transport.GRPC, Transport.SSH}


def test_the_workers_transports_are_the_operators() -> None:
    assert {transport.value for transport in Transport} == {transport.value for transport in RelayTransport} | {"None"}


def test_without_a_relay_the_pod_gets_nothing_of_it() -> None:
    direct = RelaySpec()
    assert "CONNECT_RELAY_ADDRESS" not in variables(relay=direct)
    assert "relay" not in {volume["name"] for volume in pod(relay=direct)["volumes"]}


def test_a_validation_needs_no_directory() -> None:
    names = SecretNames(customer="c", database="d", relay="r")
    assert "directory" not in {volume["name"] for volume in pod(mode=Mode.VALIDATE, secrets=names)["volumes"]}


def test_the_image_is_taken_as_it_is_given() -> None:
    assert worker()["image"] == "registry.example/connect-worker@sha256:0000"
    assert "imagePullPolicy" not in worker()
    assert pod()["imagePullSecrets"] == [{"name": "registry"}]


def test_wishes_for_the_pod_are_handed_on() -> None:
    wishes = PodWishes(
        resources={"limits": {"memory": "512Mi"}},
        node_selector={"zone": "a"},
        tolerations=({"key": "school", "operator": "Exists"},),
        affinity={"nodeAffinity": {}},
        priority_class="nightly",
        labels={"team": "schools", "schoolconnect.io/realm": "another"},
        annotations={"note": "x"},
    )
    spec, template = pod(pod=wishes), job(pod=wishes)["template"]
    assert worker(pod=wishes)["resources"] == {"limits": {"memory": "512Mi"}}
    assert (spec["nodeSelector"], spec["affinity"]) == ({"zone": "a"}, {"nodeAffinity": {}})
    assert spec["tolerations"] == [{"key": "school", "operator": "Exists"}]
    assert spec["priorityClassName"] == "nightly"
    assert template["metadata"]["labels"] == {"team": "schools", **OURS}
    assert template["metadata"]["annotations"] == {"note": "x"}


def test_without_wishes_nothing_is_said_of_them() -> None:
    assert not pod().keys() & {"nodeSelector", "tolerations", "affinity", "priorityClassName"}


OTHER: dict[str, dict[str, Any]] = {
    "timeout": {"timeout": timedelta(hours=2)},
    "suspension": {"suspend": True},
    "mode": {"mode": Mode.PLAN},
    "limits": {"safety": Safety(max_deletes=1)},
    "labels": {"pod": PodWishes(labels={"a": "b"})},
    "realm": {"realm": "other"},
}


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER.keys())
def test_the_fingerprint_tells_what_is_wanted_otherwise(change: dict[str, Any]) -> None:
    assert fingerprint(made(**change)) != fingerprint(made())


def test_the_fingerprint_is_the_same_for_the_same_wish() -> None:
    again: ConnectJob = replace(MUSTERWIL, suspend_reason="nobody reads this", generation=7)
    assert fingerprint(manifest(again, RESOLVED)) == fingerprint(made())
