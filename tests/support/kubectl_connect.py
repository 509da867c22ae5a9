"""`kubectl connect` as a person gives it: kubectl finds the plugin on PATH, and his rights are those of the docs."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.cluster import Cluster
from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "reference" / "kubectl-connect.md"
RBAC = "rbac.authorization.k8s.io"
VERSION = f"{RBAC}/v1"
SECONDS = 120
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """How a command ended, and what it said."""

    exit_code: int
    output: str
    errors: str

    @property
    def document(self) -> Any:
        """Of `--output json`."""
        return json.loads(self.output)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody with a kubeconfig, whose context names a namespace."""

    cluster: Cluster
    namespace: str
    name: str
    kubeconfig: Path

    def __call__(self, *arguments: str, source: str | None = None, code: int = 0) -> Said:
        """Give a command that ends with this code; `source` is what he types."""
        done = subprocess.run(
            ["kubectl", "connect", *arguments],
            env=self.environment,
            input=source,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return Said(exit_code=done.returncode, output=done.stdout, errors=done.stderr)

    @property
    def environment(self) -> dict[str, str]:
        """With the installed plugin on PATH."""
        path = f"{Path(sys.executable).parent}:{self.cluster.environment['PATH']}"
        return {**self.cluster.environment, "PATH": path, "KUBECONFIG": str(self.kubeconfig), "LANG": "C.UTF-8"}

    @property
    def user(self) -> str:
        """His name at the API server."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"


def person(cluster: Cluster, namespace: str, name: str, commands: Sequence[str], folder: Path) -> Person:
    """Somebody who may give these commands, by the table of rights in the docs, in a namespace and no other."""
    rules = [rule for command in commands for rule in rights(command)]
    metadata = {"name": name, "namespace": namespace}
    cluster.apply(json.dumps({"apiVersion": VERSION, "kind": "Role", "metadata": metadata, "rules": rules}))
    return bound_person(cluster, namespace, name, {"apiGroup": RBAC, "kind": "Role", "name": name}, folder)


def bound_person(cluster: Cluster, namespace: str, name: str, role: Mapping[str, str], folder: Path) -> Person:
    """Somebody who has a role in a namespace, given as a binding refers to it."""
    cluster.kubectl("create", "serviceaccount", name, f"--namespace={namespace}")
    binding = {
        "apiVersion": VERSION,
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": role,
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    cluster.apply(json.dumps(binding))
    kubeconfig = folder / f"kubeconfig-{name}"
    kubeconfig.write_text(_kubeconfig(cluster, namespace, name))
    return Person(cluster=cluster, namespace=namespace, name=name, kubeconfig=kubeconfig)


def _kubeconfig(cluster: Cluster, namespace: str, name: str) -> str:
    token = cluster.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=2h").strip()
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output=json"))
    config["users"] = [{"name": name, "user": {"token": token}}]
    config["contexts"][0]["context"].update({"user": name, "namespace": namespace})
    return json.dumps(config)


def rights(command: str) -> list[Document]:
    """The rules of a Role that a command needs, from the table of the docs."""
    section = PAGE.read_text(encoding="utf-8").partition("## Rights")[2].partition("\n## ")[0]
    (row,) = re.findall(rf"^\| `{re.escape(command)}` \| (.*) \|$", section, re.MULTILINE)
    return [_rule(right) for right in re.findall(r"`([^`]*)`", row)]


def _rule(right: str) -> Document:
    verb, _, name = right.partition(" ")
    resource, _, group = name.partition(".")
    return {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
