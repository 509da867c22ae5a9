"""A pod like a worker's that tries to connect somewhere, and tells what came of it."""

import json
from collections.abc import Mapping, Sequence

from tests.support.connect_release import NAMESPACE, Release

CONNECT_SECONDS = 3
SCRIPT = """
import json, socket, sys
found = {}
for port in sys.argv[2:]:
    try:
        socket.create_connection((sys.argv[1], int(port)), CONNECT_SECONDS).close()
        found[port] = "connected"
    except OSError as error:
        found[port] = type(error).__name__
print(json.dumps(found))
"""


def probe(release: Release, host: str, ports: Sequence[int]) -> Mapping[int, str]:
    """For each port `connected`, or the name of the OSError (TimeoutError: nobody answers), as a pod sees it."""
    release.apply(_pod(release.worker_image, host, ports))
    try:
        ended = ("wait", "pod/probe", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
        release.kubectl(*ended)
        found = json.loads(release.kubectl("logs", "probe"))
    finally:
        release.kubectl("delete", "pod", "probe", "--now")
    return {int(port): result for port, result in found.items()}


def _pod(image: str, host: str, ports: Sequence[int]) -> Mapping[str, object]:
    script = SCRIPT.replace("CONNECT_SECONDS", str(CONNECT_SECONDS))
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": "probe",
        "image": image,
        "command": ["python3", "-c", script, host, *map(str, ports)],
        "securityContext": security,
    }
    spec = {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]}
    metadata = {"name": "probe", "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
