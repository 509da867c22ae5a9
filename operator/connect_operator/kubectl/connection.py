"""A connection to the cluster that kubectl would talk to: the same kubeconfig, context and namespace."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException, load_kube_config
from kubernetes.aio.config.kube_config import KubeConfigMerger

from connect_operator.errors import SettingsError
from connect_operator.kube import Kube
from connect_operator.kubectl.impersonation import Header, impersonation

DEFAULT_NAMESPACE = "default"
AGENT = "kubectl-connect"
"""The field manager of every write."""
_STANDARD = "~/.kube/config"


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What kubectl's own options say; empty where they say nothing."""

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """The API server, the namespace to work in, and the user's name in the kubeconfig."""

    kube: Kube
    namespace: str
    user: str


@asynccontextmanager
async def connect(access: Access) -> AsyncIterator[Connection]:
    """Enter the cluster. Raises SettingsError if the kubeconfig cannot be used."""
    configuration = Configuration()
    context = await _load(access, configuration)
    async with ApiClient(configuration) as client:
        client.user_agent = f"{AGENT}/{metadata.version('connect')}"
        yield Connection(
            kube=Kube(client, _uncounted),
            namespace=access.namespace or context.get("namespace") or DEFAULT_NAMESPACE,
            user=context.get("user") or "",
        )


async def _load(access: Access, configuration: Configuration) -> dict[str, str]:
    """Read the kubeconfig; returns cluster, user and namespace of its context."""
    places = _places(access)
    try:
        loader = await load_kube_config(  # type: ignore[no-untyped-call]
            config_file=places,
            context=access.context or None,
            client_configuration=configuration,
        )
        context: dict[str, str] = loader.current_context["context"]
        configuration.client_session_kwargs = {"headers": _acting_as(places, context)}
    except Exception as error:  # the library checks hardly anything, so that a wrong file shows as any kind of error
        cause = str(error) if isinstance(error, ConfigException) else type(error).__name__
        raise SettingsError(f"the kubeconfig {places} cannot be used: {cause}") from error
    return context


def _acting_as(places: str, context: dict[str, str]) -> list[Header]:
    users = KubeConfigMerger(places).config["users"]  # type: ignore[no-untyped-call]
    found = users.get_with_name(context["user"], safe=True) if context.get("user") else None
    return impersonation((found and found.value.get("user")) or {})


def _places(access: Access) -> str:
    named = access.kubeconfig or os.environ.get("KUBECONFIG") or _STANDARD
    places = [Path(place).expanduser() for place in named.split(os.pathsep)]
    if not any(place.is_file() for place in places):
        raise SettingsError(f"there is no kubeconfig at {named}")
    return os.pathsep.join(map(str, places))


def _uncounted(_verb: str, _status: int) -> None:
    """Only the operator counts its requests."""
