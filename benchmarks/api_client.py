"""The API server as a benchmark asks it: over one connection, so that the asking costs next to nothing."""

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import httpx

from tests.cluster.cluster import Cluster

SECONDS = 60.0


class ApiClient:
    """Reads as the cluster's administrator."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def count(self, path: str) -> int:
        """How many objects a collection has; one of them is read."""
        page = self._get(path, {"limit": "1"})
        return len(page["items"]) + int(page["metadata"].get("remainingItemCount", 0))

    def objects(self, path: str) -> list[dict[str, Any]]:
        """All objects of a collection."""
        items: list[dict[str, Any]] = self._get(path, {})["items"]
        return items

    def create(self, path: str, document: dict[str, Any]) -> None:
        """Create an object."""
        self._client.post(path, json=document).raise_for_status()

    def delete_all(self, path: str) -> None:
        """Delete all objects of a collection."""
        self._client.delete(path, params={"propagationPolicy": "Background"}, timeout=300).raise_for_status()

    def watch(self, path: str, begun: Event) -> Iterator[dict[str, Any]]:
        """What happens to a collection since `begun` was set, until the client is closed."""
        version = self._get(path, {"limit": "1"})["metadata"]["resourceVersion"]
        begun.set()
        query = {"watch": "true", "resourceVersion": version}
        with self._client.stream("GET", path, params=query, timeout=SECONDS) as answer:
            for line in answer.iter_lines():
                yield json.loads(line)

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        answer = self._client.get(path, params=query).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def api_client(cluster: Cluster) -> Iterator[ApiClient]:
    """Within: a client with the administrator's certificate."""
    kubeconfig = json.loads(cluster.kubeconfig.read_text())
    server, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
    tls = ssl.create_default_context(cadata=_text(server["certificate-authority-data"]))
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "certificate", Path(folder) / "key"
        certificate.write_text(_text(user["client-certificate-data"]))
        key.write_text(_text(user["client-key-data"]))
        tls.load_cert_chain(certificate, key)
    with httpx.Client(base_url=server["server"], verify=tls, timeout=SECONDS) as client:
        yield ApiClient(client)


def _text(data: str) -> str:
    return base64.b64decode(data).decode()
