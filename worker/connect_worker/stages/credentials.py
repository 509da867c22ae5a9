"""Who signs in to the directory, and where: the Secret field by field, then the configurator's tables (ruling 41)."""

from dataclasses import dataclass

from connect_worker.config_values import ldap_url, text
from connect_worker.errors import ConfigurationError
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySecret, DirectorySettings, Settings
from connect_worker.store.crypto import Keyring, config_owner
from connect_worker.store.repository import Store

PASSWORD_COLUMN = "ad_password"  # noqa: S105 - a column's name
_COLUMNS = {"url": "ad_hostname", "bindDn": "ad_username", "password": PASSWORD_COLUMN}


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredLogin:
    """What the tables tell (seed 002, «Konfigurator»: ADHostname, ADUsername, ADPasswort)."""

    host: str | None = None
    username: str | None = None
    password: Secret | None = None


NOTHING_STORED = StoredLogin()


async def read_directory_settings(store: Store, settings: Settings) -> DirectorySettings:
    """The settings to enter the directory with; the tables are asked only for what the Secret leaves out.

    Raises ConfigurationError, also where the stored password cannot be opened.
    """
    known = settings.directory
    if known is None:
        raise RuntimeError("the directory is asked for by a command that needs none")
    return directory_settings(known, await read_stored_login(store, settings))


async def read_stored_login(store: Store, settings: Settings) -> StoredLogin:
    """What the configurator's tables tell of the directory, if anything of it is needed. Raises ConfigurationError."""
    missing = settings.directory.missing if settings.directory is not None else ()
    if not missing:
        return NOTHING_STORED
    found = await store.read_directory_login()
    password = None
    if "password" in missing and found.password is not None:
        password = Keyring(settings.encryption_keys).open(found.password, owner=config_owner(PASSWORD_COLUMN))
    return StoredLogin(host=found.host, username=found.username, password=password)


def directory_settings(known: DirectorySecret, stored: StoredLogin = NOTHING_STORED) -> DirectorySettings:
    """The settings to enter the directory with. Raises ConfigurationError with everything that is nowhere.

    A host without a scheme is entered by ldaps://; a whole URL may stand there too.
    """
    url = known.url or _url(stored.host)
    bind_dn, password = _simple(known, stored) if known.keytab is None else (known.keytab.principal, Secret(""))
    if not url or not bind_dn or password is None:
        raise _incomplete(known, stored)
    return DirectorySettings(
        url=url,
        bind_dn=bind_dn,
        password=password,
        keytab=known.keytab,
        ca=known.ca,
        server_name=known.server_name,
        start_tls=known.start_tls,
        global_catalog_url=known.global_catalog_url,
        tunnel_port=known.tunnel_port,
        catalog_port=known.catalog_port,
    )


def sources(known: DirectorySecret) -> str:
    """Which of the two is in force for what, for people; never a value."""
    from_tables = [f"{key} from connect.connect_config.{_COLUMNS[key]}" for key in known.missing]
    keys = _COLUMNS if known.keytab is None else ("url", "keytab")
    from_secret = [f"{key} from the Secret" for key in keys if key not in known.missing]
    return ", ".join([*from_secret, *from_tables])


def _simple(known: DirectorySecret, stored: StoredLogin) -> tuple[str | None, Secret | None]:
    """The account, and its password unless that is empty."""
    password = known.password or stored.password
    is_given = password is not None and bool(password.reveal())
    return known.bind_dn or _line(stored.username, "ad_username"), password if is_given else None


def _url(host: str | None) -> str | None:
    if not host:
        return None
    try:
        return ldap_url(host if "://" in host else f"ldaps://{host}")
    except ValueError as fault:
        raise ConfigurationError(
            f"connect.connect_config.ad_hostname {fault}", todo="Put the name of a domain controller there"
        ) from fault


def _line(value: str | None, column: str) -> str | None:
    try:
        return text(value) if value else None
    except ValueError as fault:
        raise ConfigurationError(f"connect.connect_config.{column} {fault}", todo="Correct it") from fault


def _incomplete(known: DirectorySecret, stored: StoredLogin) -> ConfigurationError:
    held = {"url": stored.host, "bindDn": stored.username, "password": stored.password}
    nowhere = [key for key in known.missing if not held[key]]
    return ConfigurationError(
        *(f"directory/{key} is missing, and connect.connect_config.{_COLUMNS[key]} is empty" for key in nowhere),
        todo="Put it into the directory Secret, or into the configurator",
        reason="DirectoryLoginMissing",
    )
