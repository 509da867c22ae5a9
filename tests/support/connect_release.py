"""Connect installed in a cluster, by its chart, as docs/how-to/install.md tells."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from scripts.build_images import Part
from tests.cluster.cluster import Cluster
from tests.cluster.images import REGISTRY, Images
from tests.support.customer_network import OUTSIDE

NAMESPACE = "connect"
RELEASE = "connect"
CHART = Path(__file__).parents[2] / "charts" / "connect"
COMMANDS = Path(sys.executable).parent
RELAY_NODE_PORT = 30843
COMMAND_SECONDS = 60
Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Release:
    """The release, its namespace, and the authority that its certificates come from (`pki`, a folder).

    `relay_address` is where workers find the relay; at `node_ports` bridges do, each being another relay.
    """

    cluster: Cluster
    images: Images
    pki: Path
    namespace: str = NAMESPACE
    relay_address: str = "connect-relay:8443"
    node_ports: tuple[int, ...] = (RELAY_NODE_PORT,)

    @property
    def worker_image(self) -> str:
        """The image that runs have by default."""
        return self.images.names[Part.WORKER]

    def kubectl(self, *arguments: str, source: str | None = None) -> str:
        """Run kubectl in the release's namespace and return its output."""
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, source=source)

    def get(self, *arguments: str) -> Any:
        """What `kubectl get` answers there, as JSON."""
        return self.cluster.get_json("--namespace", self.namespace, *arguments)

    def apply(self, *documents: Document) -> str:
        """Apply documents: JSON is YAML."""
        return self.cluster.apply("\n---\n".join(json.dumps(document) for document in documents))

    def row(self, name: str) -> dict[str, str]:
        """The line of `kubectl get connectjobs -o wide` for one of them, by column."""
        heads, line = self.kubectl("get", "connectjobs", name, "--output=wide").splitlines()
        starts = [match.start() for match in re.finditer(r"(?<!\S)\S+(?: \S+)*", heads)]
        cells = [slice(*pair) for pair in pairwise([*starts, None])]
        return {heads[cell].strip(): line[cell].strip() for cell in cells}

    def pod(self, component: str) -> Document:
        """The running pod of `operator` or `relay`."""
        label = f"--selector=app.kubernetes.io/component={component}"
        running: list[Document] = self.get("pods", label, "--field-selector=status.phase=Running")["items"]
        (pod,) = running
        return pod

    def certificate(self, role: str, realm: str) -> Path:
        """The folder with the certificate of a realm's bridge or worker, issued if it is not there yet."""
        folder = self.pki / "realms" / realm / role
        if not folder.exists():
            connect_relay("pki", role, str(self.pki), realm)
        return folder

    def bridge_command(self, certificate: Path, targets: Mapping[str, str]) -> list[str]:
        """How the customer's IT starts a bridge."""
        command = [str(COMMANDS / "connect-bridge"), "run", *(f"--relay={OUTSIDE}:{port}" for port in self.node_ports)]
        return [*command, f"--tls={certificate}", *(f"--target={name}={address}" for name, address in targets.items())]


def connect_relay(*arguments: str) -> str:
    """What the installed `connect-relay` prints. Raises RuntimeError with its words if it fails."""
    command = [str(COMMANDS / "connect-relay"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS)
    if done.returncode:
        raise RuntimeError(f"connect-relay {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def install(cluster: Cluster, images: Images, pki: Path) -> Release:
    """Make an authority, the relay's certificate and the namespace, and install the chart with these images."""
    release = Release(cluster=cluster, images=images, pki=pki)
    prepare(release, "connect-relay")
    deploy(release, "install", {"relay.service": {"type": "NodePort", "nodePort": RELAY_NODE_PORT}})
    return release


def prepare(release: Release, *names: str) -> None:
    """Make an authority, the relay's certificate for these names, and the namespace with its Secret."""
    pki = release.pki
    connect_relay("pki", "init", str(pki))
    named = [text for name in (*names, OUTSIDE) for text in ("--name", name)]
    connect_relay("pki", "relay", str(pki), *named)
    release.cluster.create_namespace(release.namespace, pod_security="restricted")
    release.kubectl("create", "secret", "generic", "connect-relay", f"--from-file={pki}/relay")


def deploy(release: Release, verb: str, values: Document) -> None:
    """`helm install` or `helm upgrade` with these values, and the images."""
    image = {"registry": REGISTRY, "tag": release.images.tag}
    release.cluster.helm(
        *(verb, RELEASE, str(CHART), f"--namespace={release.namespace}", "--wait", "--timeout=120s"),
        *(f"--set-json={name}={json.dumps(value)}" for name, value in {"image": image, **values}.items()),
    )
