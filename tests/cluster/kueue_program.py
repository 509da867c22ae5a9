"""Kueue, built by Go from the module in the folder beside this file, and kept in the user's cache."""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

from tests.cluster import go_modules
from tests.cluster.errors import ClusterError
from tests.cluster.programs import BUILD_COMMAND, BUILD_TIMEOUT_SECONDS, cache, find_go

MODULE = Path(__file__).parent / "kueue"
PACKAGE = "sigs.k8s.io/kueue/cmd/kueue"
OPTIONS = ("-mod=readonly", "-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w")


def built_kueue() -> Path:
    """The program of this checkout. Raises ClusterError if nobody has built it: a test is no place for that."""
    program = _program()
    if not program.exists():
        raise ClusterError(f"Kueue is not built; build it once with {BUILD_COMMAND}")
    return program


def build_kueue() -> None:
    """Build it if need be: minutes the first time."""
    program = _program()
    program.parent.mkdir(parents=True, exist_ok=True)
    with (program.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            partial = program.with_name("partial")
            command = [find_go(), "build", *OPTIONS, "-o", str(partial), PACKAGE]
            environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
            subprocess.run(command, cwd=MODULE, env=environment, check=True, timeout=BUILD_TIMEOUT_SECONDS)
            partial.rename(program)


def definitions() -> Path:
    """The folder of its CRDs, as its module has them."""
    return _components() / "crd" / "bases"


def webhooks() -> Path:
    """The file of its webhooks' registrations, without the names that an installation gives them."""
    return _components() / "webhook" / "manifests.yaml"


def _components() -> Path:
    return go_modules.folder(MODULE, "sigs.k8s.io/kueue") / "config" / "components"


def _program() -> Path:
    """By what it is made from: checkouts that agree share it."""
    made_from = (MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()
    return cache() / "kueue" / f"kueue-{hashlib.sha256(made_from).hexdigest()[:16]}"
