"""The operator as a process, as in a pod, and the documents that people give it."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.cluster.waiting import wait_until
from tests.support.ports import reserved_port
from tests.support.repository import ROOT

END_SECONDS = 15.0
LOOPBACK = "127.0.0.1"
ANSWER_SECONDS = 10.0
IMAGE = "registry.test/connect-worker:1"
STARTING = "starting"
NIGHT = 3 if 6 <= datetime.now(UTC).hour < 18 else 15
"""The hour of schedules: many hours from now in UTC as in Zurich, lest a run start by itself in the midst of a test."""
COMPLETE = "the first picture is whole"

Document = dict[str, Any]


@dataclass(kw_only=True)
class OperatorProcess:
    """A running `connect-operator run`."""

    process: subprocess.Popen[bytes]
    log_file: Path
    metrics_port: int
    health_port: int

    def kill(self) -> None:
        """As when the machine dies."""
        self.process.kill()
        self.process.wait(END_SECONDS)

    def stop(self) -> int:
        """As when the pod is deleted; returns the exit code. Fails if it takes too long."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(END_SECONDS)

    def log(self) -> list[Document]:
        """Its log lines so far."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{")]

    def logged(self, event: str) -> bool:
        """Whether it has said this."""
        return any(line.get("event") == event for line in self.log())

    def metrics(self) -> dict[str, float]:
        """Every series, as Prometheus would read it."""
        lines = (line.rpartition(" ") for line in self.exposition().splitlines() if not line.startswith("#"))
        return {series: float(value) for series, _, value in lines}

    def exposition(self) -> str:
        """What it answers to Prometheus."""
        return _get(self.metrics_port, "/metrics")[1]

    def health(self) -> int:
        """The HTTP status of the liveness endpoint."""
        return _get(self.health_port, "/healthz")[0]


@contextmanager
def start_operator(
    folder: Path, kubeconfig: Path, environment: Mapping[str, str], *, until: str = STARTING
) -> Iterator[OperatorProcess]:
    """Run the operator until the context ends; its log goes to `folder`. It has said `until` when it is handed over."""
    with reserved_port() as metrics_port, reserved_port() as health_port:
        log_file = folder / f"operator-{metrics_port}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [Path(sys.executable).with_name("connect-operator"), "run"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    "PATH": os.defpath,
                    "KUBECONFIG": str(kubeconfig),
                    "CONNECT_WORKER_IMAGE": IMAGE,
                    "CONNECT_METRICS_PORT": str(metrics_port),
                    "CONNECT_HEALTH_PORT": str(health_port),
                    **environment,
                },
            )
        operator = OperatorProcess(
            process=process, log_file=log_file, metrics_port=metrics_port, health_port=health_port
        )
        try:
            wait_until(f"the operator says: {until}", lambda: process.poll() is not None or operator.logged(until))
            yield operator
        finally:
            if process.poll() is None:
                operator.kill()


def rights() -> list[Document]:
    """The rules of a Role, from the table in docs/reference/operator.md."""
    page = (ROOT / "docs" / "reference" / "operator.md").read_text()
    table = page.partition("## Rights")[2].partition("## ")[0]
    rows = re.findall(r"^\| (\(core\)|`[^|]*`) \| (`[^|]*`) \| (`[^|]*`) \|", table, re.MULTILINE)
    assert rows
    return [
        {"apiGroups": [""] if group == "(core)" else _words(group), "resources": _words(names), "verbs": _words(verbs)}
        for group, names, verbs in rows
    ]


def connect_job(name: str, **spec: Any) -> Document:
    """A ConnectJob that needs two Secrets and no relay."""
    standard = {
        "realm": name,
        "schedule": f"H {NIGHT} * * *",
        "mode": "Validate",
        "secrets": {"customer": f"{name}-customer", "database": f"{name}-database"},
        "relay": {"transport": "None"},
    }
    return {
        "apiVersion": "schoolconnect.io/v1alpha1",
        "kind": "ConnectJob",
        "metadata": {"name": name},
        "spec": standard | spec,
    }


def connect_run(name: str, connect_job: str, *, mode: str = "Validate", **spec: Any) -> Document:
    """A run on request."""
    return {
        "apiVersion": "schoolconnect.io/v1alpha1",
        "kind": "ConnectRun",
        "metadata": {"name": name},
        "spec": {"jobName": connect_job, "mode": mode, **spec},
    }


def secrets(name: str, *, realm: str | None = None) -> list[Document]:
    """Its Secrets; the realm is called as the ConnectJob unless another is said."""
    database = {"host": "db.test", "port": "5432", "dbname": "school", "username": "connect", "password": "never.used"}
    return [
        secret(f"{name}-customer", {"customerNumber": "1", "realm": realm or name, "encryptionKey": "never.used"}),
        secret(f"{name}-database", database),
    ]


def secret(name: str, data: Mapping[str, str]) -> Document:
    """A Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(data)}


def _words(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=ANSWER_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
