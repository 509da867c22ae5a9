"""What the commands ask of the API server, each in one method."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from connect_operator.core import run_document
from connect_operator.core.connect_run import ConnectRun
from connect_operator.core.names import API_VERSION, CONTAINER, GROUP, PLURAL, RUN_PLURAL, VERSION
from connect_operator.core.run_status import Request
from connect_operator.kube import Body, Kube
from connect_operator.kubectl.connection import AGENT
from connect_operator.kubectl.customer import Customer
from connect_operator.kubectl.rights import Right
from connect_protocol.json_object import JsonObject

JOB_LABEL = "batch.kubernetes.io/job-name"
_GROUP_PATH = f"/apis/{GROUP}/{VERSION}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pod:
    """A pod of a run; `created` as Kubernetes tells moments."""

    name: str
    created: str


class Cluster:
    """ConnectJobs, their runs and pods, as whoever asks may see them. Every method raises KubernetesError."""

    def __init__(self, kube: Kube, namespace: str, user: str) -> None:
        """`user` is the name in the kubeconfig, where the API server does not tell a better one."""
        self.kube = kube
        self.namespace = namespace
        self._user = user

    def within(self, namespace: str) -> "Cluster":
        """The same in another namespace."""
        return Cluster(self.kube, namespace, self._user)

    async def customers(self, *, everywhere: bool) -> tuple[Customer, ...]:
        """All ConnectJobs of the namespace, or of all namespaces."""
        path = f"{_GROUP_PATH}/{PLURAL}" if everywhere else self._path(_GROUP_PATH, PLURAL)
        return tuple([Customer.parse(body) async for body in self.kube.listed(path)])

    async def customer(self, name: str) -> Customer:
        """One ConnectJob."""
        return Customer.parse(await self.kube.get(self._path(_GROUP_PATH, PLURAL, name)))

    async def change(self, name: str, spec: Mapping[str, object]) -> None:
        """Change fields of a ConnectJob's spec; None takes one out."""
        await self.kube.merge(self._path(_GROUP_PATH, PLURAL, name), {"spec": spec}, {"fieldManager": AGENT})

    async def create(self, manifest: Body) -> Body:
        """Create a ConnectJob, ConnectRun or Secret in the namespace."""
        return await self.kube.create(self._kinds_path(manifest), manifest, {"fieldManager": AGENT})

    async def try_out(self, manifest: Body) -> None:
        """Have the API server say whether it would let this be created."""
        await self.kube.create(self._kinds_path(manifest), manifest, {"fieldManager": AGENT, "dryRun": "All"})

    async def create_run(self, manifest: Body) -> Request:
        """Create a ConnectRun; its name is the API server's choice."""
        return _request(await self.create(manifest))

    async def run(self, name: str) -> Request:
        """One ConnectRun."""
        return _request(await self.kube.get(self._path(_GROUP_PATH, RUN_PLURAL, name)))

    async def pods(self, job: str) -> tuple[Pod, ...]:
        """The pods of a run, by its Job's name; the latest last."""
        query = {"labelSelector": f"{JOB_LABEL}={job}"}
        found = [_pod(body) async for body in self.kube.listed(self._path("/api/v1", "pods"), query)]
        return tuple(sorted(found, key=lambda pod: (pod.created, pod.name)))

    async def log(self, pod: Pod, *, tail: int | None = None) -> str:
        """The worker's log so far; its last lines only, with `tail`."""
        return await self.kube.text(self._log_path(pod), _log_query(tail))

    def follow(self, pod: Pod, *, tail: int | None = None) -> AsyncIterator[str]:
        """The same, until it ends."""
        return self.kube.follow(self._log_path(pod), _log_query(tail) | {"follow": "true"})

    async def user(self) -> str:
        """Who asks: as the API server knows him, else as the kubeconfig calls him."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = await self.kube.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review, {})
        told = JsonObject(answer, "review").object("status").object("userInfo").optional_text("username")
        return told or self._user

    async def may(self, right: Right) -> bool:
        """Whether whoever asks has a right in the namespace."""
        attributes = {
            "namespace": self.namespace,
            "verb": right.verb,
            "group": right.group,
            "resource": right.resource,
            "subresource": right.subresource,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = await self.kube.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, {})
        return JsonObject(answer, "review").object("status").flag("allowed")

    async def kinds(self) -> frozenset[str]:
        """The names of the resources that Connect's API group has here."""
        document = JsonObject(await self.kube.get(_GROUP_PATH), "resources")
        return frozenset(resource.text("name") for resource in document.elements("resources"))

    async def workloads(self, kind: str, component: str) -> tuple[JsonObject, ...]:
        """Deployments or StatefulSets of one of Connect's parts, in the namespace."""
        query = {"labelSelector": f"app.kubernetes.io/name=connect,app.kubernetes.io/component={component}"}
        listed = self.kube.listed(self._path("/apis/apps/v1", kind), query)
        return tuple([JsonObject(body, kind) async for body in listed])

    async def version(self) -> str:
        """The API server's."""
        return JsonObject(await self.kube.get("/version"), "version").text("gitVersion")

    def _kinds_path(self, manifest: Body) -> str:
        prefix = _GROUP_PATH if manifest["apiVersion"] == API_VERSION else "/api/v1"
        return self._path(prefix, str(manifest["kind"]).lower() + "s")

    def _path(self, prefix: str, kind: str, name: str = "") -> str:
        end = f"/{quote(name, safe='')}" if name else ""
        return f"{prefix}/namespaces/{quote(self.namespace, safe='')}/{kind}{end}"

    def _log_path(self, pod: Pod) -> str:
        return f"{self._path('/api/v1', 'pods', pod.name)}/log"


def _log_query(tail: int | None) -> dict[str, str]:
    return {"container": CONTAINER} | ({} if tail is None else {"tailLines": str(tail)})


def _request(body: Body) -> Request:
    return Request(run=ConnectRun.parse(body), status=run_document.parse(body))


def _pod(body: Mapping[str, object]) -> Pod:
    meta = JsonObject(body, "pod").object("metadata")
    return Pod(name=meta.text("name"), created=meta.text("creationTimestamp"))
