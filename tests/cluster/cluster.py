"""A running cluster, and what one does with it: kubectl, Helm, images, the audit log, its network."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.cluster.audit import AuditEvent, read_audit_log
from tests.cluster.command import TIMEOUT_SECONDS, Result, run_command, try_command
from tests.cluster.errors import ConditionError
from tests.cluster.machine import Machine
from tests.cluster.programs import Programs
from tests.cluster.waiting import wait_until

LOAD_TIMEOUT_SECONDS = 120
HELM_TIMEOUT_SECONDS = 180
LAST_EVENTS = 15
Seen = TypeVar("Seen")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A running cluster. Every command that fails raises CommandError with what it complained of."""

    machine: Machine
    programs: Programs

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; it reaches the API server from the host, on a loopback port."""
        return self.machine.folder / "kubeconfig" / "administrator"

    @property
    def environment(self) -> Mapping[str, str]:
        """An environment in which kubectl and Helm are found, and work on this cluster only."""
        # A home of its own: no plugin, repository, cache or proxy of the developer's gets in.
        path = f"{self.programs.folder}:{os.environ.get('PATH', os.defpath)}"
        return {"PATH": path, "HOME": str(self.machine.folder / "home"), "KUBECONFIG": str(self.kubeconfig)}

    @property
    def network(self) -> Path:
        """The file of the node's network namespace, for `nsenter --net=…` and `ip link set … netns …`.

        A node port is served on every address that the node has there.
        """
        return self.machine.network

    def kubectl_result(self, *arguments: str, source: str | None = None, timeout: float = TIMEOUT_SECONDS) -> Result:
        """Run kubectl, whatever it answers; `source` is its standard input."""
        return try_command(("kubectl", *arguments), environment=self.environment, source=source, timeout=timeout)

    def kubectl(self, *arguments: str, source: str | None = None, timeout: float = TIMEOUT_SECONDS) -> str:
        """Run kubectl and return its output."""
        return self.kubectl_result(*arguments, source=source, timeout=timeout).output_of_success()

    def get_json(self, *arguments: str) -> Any:
        """What `kubectl get` answers as JSON: `get_json("pods", "--namespace", "connect")["items"]`."""
        return json.loads(self.kubectl("get", *arguments, "--output=json"))

    def apply(self, manifest: str) -> str:
        """Apply YAML documents and return what kubectl says to each."""
        return self.kubectl("apply", "--filename=-", source=manifest)

    def create_namespace(self, name: str, *, pod_security: str = "restricted") -> None:
        """Create a namespace with a level of Pod Security, and wait for what pods need there."""
        labels = {"pod-security.kubernetes.io/enforce": pod_security}
        metadata = {"name": name, "labels": labels}
        self.apply(json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
        self.wait_for_account(name)

    def wait_for_account(self, namespace: str) -> None:
        """Wait for a namespace's default service account: it comes a moment later, and no pod is made without."""
        account = ("get", "serviceaccount", "default", f"--namespace={namespace}", "--output=name")
        self.wait_until(f"the default service account of namespace {namespace}", lambda: self.kubectl(*account))

    def helm(self, *arguments: str, timeout: float = HELM_TIMEOUT_SECONDS) -> str:
        """Run Helm and return its output."""
        return run_command(("helm", *arguments), environment=self.environment, timeout=timeout)

    def load_image(self, archive: Path) -> Sequence[str]:
        """Load images from an archive, of Docker's kind or OCI's, and return their names."""
        client = self.machine.command("ctr", "--namespace=k8s.io")
        with archive.open("rb") as source:
            told = run_command((*client, "images", "import", "-"), source=source, timeout=LOAD_TIMEOUT_SECONDS)
        return [line.split()[1] for line in told.splitlines() if line.startswith("unpacking ")]

    def tag_image(self, name: str, other: str) -> None:
        """Give an image that is loaded another name besides."""
        run_command(self.machine.command("ctr", "--namespace=k8s.io", "images", "tag", name, other))

    def audit_events(self, chosen: Callable[[AuditEvent], bool] = lambda _: True) -> Sequence[AuditEvent]:
        """The requests that the API server has answered so far, oldest first."""
        return [event for event in read_audit_log(self.machine.folder / "log" / "audit") if chosen(event)]

    def wait_until(
        self,
        description: str,
        look: Callable[[], Seen],
        holds: Callable[[Seen], object] = bool,
        *,
        timeout: float = TIMEOUT_SECONDS,
    ) -> Seen:
        """As `waiting.wait_until`; the error tells the pods and last events of the cluster besides."""
        try:
            return wait_until(description, look, holds, timeout=timeout)
        except ConditionError as error:
            raise ConditionError(f"{error}\n{self.state()}") from None

    def state(self) -> str:
        """Pods and last events of all namespaces, as a person reads them; or why they cannot be had."""
        pods = self.kubectl_result("get", "pods", "--all-namespaces")
        events = self.kubectl_result("get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp")
        told = [pods.output or pods.errors, *(events.output or events.errors).splitlines()[-LAST_EVENTS:]]
        return "\n".join(told)
