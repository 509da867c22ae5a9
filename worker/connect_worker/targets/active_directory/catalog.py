"""The global catalog: the names that a forest's other domains hold (ruling 12)."""

from dataclasses import replace
from urllib.parse import urlsplit

from connect_worker.core.dn import domain_of
from connect_worker.model.directory import TakenName
from connect_worker.settings import DirectorySettings
from connect_worker.targets.active_directory.channel import Channel
from connect_worker.targets.active_directory.connection import CATALOG_PORTS, connect
from connect_worker.targets.active_directory.read import Reader

WHOLE_FOREST = ""


def read_catalog(settings: DirectorySettings, domain_dn: str, answer_timeout: int) -> tuple[TakenName, ...]:
    """The names of everything in the forest but the domain itself, which its own controller knows better.

    A sAM account name is unique within its domain only: those of the others are nobody's business here.
    Raises IncompleteReadError, ConnectionFailedError, LoginRefusedError, ConfigurationError.
    """
    channel = Channel(connect(_catalog(settings), answer_timeout=answer_timeout))
    try:
        found = Reader(channel, WHOLE_FOREST).read_taken_names()
    finally:
        channel.close()
    own = domain_of(domain_dn)
    return tuple(replace(name, sam_account_name=None) for name in found if domain_of(name.dn) != own)


def _catalog(settings: DirectorySettings) -> DirectorySettings:
    """The same account and authority, at the catalog's own address; what another host must be called is its URL's."""
    if settings.global_catalog_url is None:
        raise ValueError("there is no global catalog")
    url = urlsplit(settings.global_catalog_url)
    is_same_host = url.hostname == urlsplit(settings.url).hostname
    return replace(
        settings,
        url=url.geturl() if url.port else f"{url.geturl()}:{CATALOG_PORTS[url.scheme]}",
        server_name=settings.server_name if is_same_host else None,
        tunnel_port=settings.catalog_port,
    )
