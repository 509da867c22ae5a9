"""A node that only pretends: its pods run, report and end as benchmarks/kwok/stages.yaml says, without a container."""

import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.command import tell
from benchmarks.processes import running
from tests.cluster.cluster import Cluster
from tests.cluster.programs import find_go

MODULE = Path(__file__).parent / "kwok"
NODE = "simulated"
MARK = "connect.local/simulated"
PACKAGE = "sigs.k8s.io/kwok/cmd/kwok"
BUILD_SECONDS = 1800.0


@contextmanager
def simulated_node(cluster: Cluster, folder: Path) -> Iterator[None]:
    """Within: the cluster has a node called NODE. Its log goes to `folder`."""
    metadata = {"name": NODE, "annotations": {MARK: "yes"}, "labels": {"kubernetes.io/hostname": NODE}}
    cluster.apply(json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": metadata}))
    command = (
        *(built_kwok(), f"--kubeconfig={cluster.kubeconfig}", f"--config={MODULE / 'stages.yaml'}"),
        *("--manage-all-nodes=false", f"--manage-nodes-with-annotation-selector={MARK}=yes"),
        "--server-address=",
    )
    with running(command, folder / "kwok.log", cluster.environment):
        cluster.kubectl("wait", "--for=condition=Ready", "--timeout=60s", f"node/{NODE}")
        yield


def built_kwok() -> Path:
    """kwok, built by Go from the module beside this file, and kept in the user's cache under what it was made from."""
    digest = hashlib.sha256((MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "connect-benchmarks" / "kwok"
    cache.mkdir(parents=True, exist_ok=True)
    program = cache / f"kwok-{digest}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            partial = cache / "partial"
            tell("building kwok, which takes minutes the first time")
            environment = {**os.environ, "GOWORK": "off"}
            command = [find_go(), "build", "-mod=readonly", "-o", str(partial), PACKAGE]
            subprocess.run(command, cwd=MODULE, env=environment, check=True, timeout=BUILD_SECONDS)
            partial.rename(program)
    return program
