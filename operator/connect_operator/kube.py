"""The one adapter to Kubernetes' client library: requests in JSON, answers in JSON, failures as our errors.

Objects go as JSON, not as the library's models: what a ConnectJob hands on to its pods must arrive as it was written,
and a model drops the fields that its version does not know.
"""

import codecs
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTResponse
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.aio.config.incluster_config import SERVICE_TOKEN_FILENAME

from connect_operator.core.names import MANAGER
from connect_operator.errors import (
    ConflictError,
    ForbiddenError,
    KubernetesError,
    LoginError,
    NotFoundError,
    RefusedError,
    SettingsError,
    UnjudgedError,
    UnreachableError,
)
from connect_protocol.json_object import JsonObject

Sent = TypeVar("Sent")
Body = Mapping[str, object]
Counted = Callable[[str, int], None]
"""Hears of every request: the verb as Kubernetes calls it, and the answer's HTTP status; 0 where there was none."""

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
PAGE = "500"
ENDLESS = aiohttp.ClientTimeout(total=None, sock_connect=10)
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"

_METHODS = {"get": "GET", "list": "GET", "create": "POST", "patch": "PATCH", "delete": "DELETE"}
_ERRORS: Mapping[int, type[KubernetesError]] = {
    400: RefusedError,
    401: LoginError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: RefusedError,
    422: RefusedError,
}
_WEBHOOK_IS_DOWN = "failed calling webhook"
"""Such an answer has status 500, as if the API server were ill: it is well, and answers so until somebody acts."""


class _JsonClient(ApiClient):
    """What it is given is JSON, and need not be searched for the library's models."""

    def sanitize_for_serialization(self, obj: Sent) -> Sent:
        """The same."""
        return obj


def is_in_cluster() -> bool:
    """Whether this process is a pod with a service account."""
    return "KUBERNETES_SERVICE_HOST" in os.environ and Path(SERVICE_TOKEN_FILENAME).exists()


@asynccontextmanager
async def open_kube(counted: Counted) -> AsyncIterator["Kube"]:
    """A connection with the pod's service account, or with the kubeconfig outside of a cluster.

    Raises SettingsError if neither can be used.
    """
    configuration = Configuration()
    if is_in_cluster():
        _use_service_account(configuration)
    else:
        await _use_kubeconfig(configuration)
    # Asked for its environment, aiohttp looks for proxies and ~/.netrc in a thread, twice for every single request.
    configuration.client_session_kwargs = {"trust_env": False}
    async with _JsonClient(configuration) as client:
        client.user_agent = MANAGER
        yield Kube(client, counted)


def _use_service_account(configuration: Configuration) -> None:
    try:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    except ConfigException as error:
        raise SettingsError(
            f"the pod's service account cannot be used: {error}", todo="Mount its token and certificate into the pod"
        ) from error


async def _use_kubeconfig(configuration: Configuration) -> None:
    places = os.environ.get("KUBECONFIG") or "~/.kube/config"
    todo = "Outside of a cluster set KUBECONFIG to a file that kubectl can work with"
    if not _has_file(places):
        raise SettingsError(f"there is no kubeconfig: {places} is no file, and this is no pod", todo=todo)
    try:
        await load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except Exception as error:  # the library checks hardly anything, so that a wrong file shows as any kind of error
        cause = str(error) if isinstance(error, ConfigException) else type(error).__name__
        raise SettingsError(f"the kubeconfig {places} cannot be used: {cause}", todo=todo) from error


def _has_file(places: str) -> bool:
    return any(Path(place).expanduser().is_file() for place in places.split(os.pathsep))


class Kube:
    """Sends requests to the API server, each with a timeout; all failures are KubernetesError's kinds."""

    def __init__(self, client: ApiClient, counted: Counted) -> None:
        self._client = client
        self._counted = counted

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Body:
        """One object."""
        return await self._send("get", path, query=query)

    async def listed(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: str = "application/json"
    ) -> AsyncIterator[Body]:
        """All objects of a list, which is asked for page by page."""
        rest = ""
        while True:
            wanted = {"limit": PAGE, **(query or {})} | ({"continue": rest} if rest else {})
            page = JsonObject(await self.list_page(path, wanted, accept=accept), "list")
            for item in page.values("items") if page.has("items") else ():
                if isinstance(item, dict):
                    yield item
            rest = page.object("metadata").optional_text("continue")
            if not rest:
                return

    async def list_page(self, path: str, query: Mapping[str, str], *, accept: str = "application/json") -> Body:
        """A page of objects."""
        return await self._send("list", path, query=query, accept=accept)

    async def create(self, path: str, body: Body, query: Mapping[str, str]) -> Body:
        """What has become of a new object."""
        return await self._send("create", path, query=query, body=body)

    async def patch(self, path: str, operations: list[Body], query: Mapping[str, str]) -> Body:
        """What has become of an object, after a JSON patch."""
        return await self._send("patch", path, query=query, body=operations, content_type=JSON_PATCH)

    async def merge(self, path: str, body: Body, query: Mapping[str, str]) -> Body:
        """What has become of an object, after a merge patch."""
        return await self._send("patch", path, query=query, body=body, content_type=MERGE_PATCH)

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        """What a path answers that is no object, such as a log."""
        response = await self._request("get", path, query=query, accept="*/*")
        content = await self._content("get", response)
        if response.status >= 300:  # noqa: PLR2004 - HTTP's own numbers
            raise _error("get", path, response.status, content)
        return content.decode("utf-8", "replace")

    async def follow(self, path: str, query: Mapping[str, str]) -> AsyncIterator[str]:
        """The same piece by piece, as long as it goes on."""
        response = await self._request("get", path, query=query, accept="*/*", bounds=ENDLESS)
        if response.status >= 300:  # noqa: PLR2004 - HTTP's own numbers
            raise _error("get", path, response.status, await self._content("get", response))
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            async for piece in response.response.content.iter_any():
                yield decoder.decode(piece)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(error) from error

    async def delete(self, path: str, options: Body) -> Body:
        """Delete an object, with Kubernetes' DeleteOptions."""
        return await self._send("delete", path, body=options)

    async def _send(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | list[Body] | None = None,
        accept: str = "application/json",
        content_type: str = "application/json",
    ) -> Body:
        response = await self._request(verb, path, query=query, body=body, accept=accept, content_type=content_type)
        return _answer(verb, path, response.status, await self._content(verb, response))

    async def _request(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | list[Body] | None = None,
        accept: str = "application/json",
        content_type: str = "application/json",
        bounds: aiohttp.ClientTimeout = TIMEOUT,
    ) -> RESTResponse:
        request = await self._client.param_serialize(
            _METHODS[verb],
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": accept, "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response: RESTResponse = await self._client.call_api(*request, _request_timeout=bounds)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._counted(verb, 0)
            raise _unreachable(error) from error
        return response

    async def _content(self, verb: str, response: RESTResponse) -> bytes:
        try:
            content: bytes = await response.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._counted(verb, 0)
            raise _unreachable(error) from error
        self._counted(verb, response.status)
        return content


def _unreachable(error: Exception) -> UnreachableError:
    return UnreachableError(f"the API server does not answer ({type(error).__name__}: {error})")


def _answer(verb: str, path: str, status: int, text: bytes) -> Body:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if status < 300 and isinstance(answer, dict):  # noqa: PLR2004 - HTTP's own numbers
        return answer
    raise _error(verb, path, status, text)


def _error(verb: str, path: str, status: int, text: bytes) -> KubernetesError:
    try:
        message = JsonObject.parse(text.decode("utf-8", "replace"), "answer").optional_text("message")
    except ValueError:
        message = ""
    error = _ERRORS.get(status, UnreachableError)
    if message and _WEBHOOK_IS_DOWN in message:
        error = UnjudgedError
    return error(message or f"{verb} {path} was answered with {status}")
