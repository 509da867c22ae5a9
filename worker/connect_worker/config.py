"""Reads the worker's settings from its environment and mounted Secrets, and names every fault at once."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from connect_protocol.environment import RelayTransport, SecretKey, Variable
from connect_protocol.relay.identity import Identity, Role
from connect_worker import config_values as values
from connect_worker.errors import ConfigurationError
from connect_worker.model.configuration import Limit, Limits
from connect_worker.model.secret import Secret
from connect_worker.settings import (
    HEARTBEAT,
    DatabaseSettings,
    DirectorySecret,
    GrpcRelay,
    JumpHost,
    Keytab,
    RelaySettings,
    Settings,
    SshRelay,
    is_on_this_machine,
)

DEFAULT_TIME_ZONE = ZoneInfo("Europe/Zurich")
DEFAULT_TIMEOUT = timedelta(hours=1)
DEFAULT_LOCK_WAIT = timedelta(minutes=15)
DEFAULT_RELAY_WAIT = timedelta(seconds=20)
RELAY_SSH_PORT = 2222
SSH_PORT = 22
REALM_MISMATCH = "RealmMismatch"
WHAT_TO_DO = "Correct the worker's environment or the customer's Secrets, then run again"

T = TypeVar("T")


def load_settings(environ: Mapping[str, str], *, needs_directory: bool) -> Settings:
    """One run's settings. Raises ConfigurationError with every fault, never with a file's content.

    Its reason is RealmMismatch where the customer's Secret names another realm.
    """
    source = _Source(environ)
    settings = _settings(source, needs_directory=needs_directory)
    source.check()
    return settings


def today(settings: Settings, now: datetime) -> date:
    """The day that a run works for (ruling 2): the date in the customer's time zone, unless the settings fix one."""
    return settings.today or now.astimezone(settings.time_zone).date()


class _Source:
    """The environment and the Secrets' files, and the faults found in them so far.

    After a fault, reading goes on with the value's `otherwise`, which never gets out: `check` raises.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []
        self._reason = ""
        self._folder = self._secrets_folder()

    def fault(self, sentence: str, *, reason: str = "") -> None:
        """Note what is wrong and where."""
        self._faults.append(sentence)
        self._reason = self._reason or reason

    def check(self) -> None:
        """Raise ConfigurationError if there was any fault."""
        if self._faults:
            raise ConfigurationError(*self._faults, todo=WHAT_TO_DO, reason=self._reason)

    def required(self, variable: Variable, read: Callable[[str], T], *, otherwise: T) -> T:
        """A variable that must be set."""
        if not self._environ.get(variable):
            self.fault(f"{variable} is not set")
            return otherwise
        return self.variable(variable, read, otherwise=otherwise)

    def variable(self, variable: Variable, read: Callable[[str], T], *, otherwise: T) -> T:
        """A variable that may be left out."""
        value = self._environ.get(variable)
        return self._read(variable, value, read, otherwise) if value else otherwise

    def is_set(self, variable: Variable) -> bool:
        """Whether there is such a variable, and it is not empty."""
        return bool(self._environ.get(variable))

    def secret(self, key: SecretKey, read: Callable[[str], T], *, otherwise: T) -> T:
        """A file that must be there."""
        value = self._file(key, needed=True)
        return otherwise if value is None else self._read(key, value, read, otherwise)

    def optional_secret(self, key: SecretKey, read: Callable[[str], T], *, otherwise: T) -> T:
        """A file that may be left out."""
        value = self._file(key, needed=False)
        return otherwise if value is None else self._read(key, value, read, otherwise)

    def binary(self, key: SecretKey, is_one: Callable[[bytes], bool], otherwise: str) -> Path | None:
        """The place of a file that may be left out, whose content fits; else `otherwise` says what it is."""
        path = self._folder / key if self._folder is not None else None
        if path is None or not path.exists():
            return None
        try:
            fits = is_one(path.read_bytes())
        except OSError as error:
            self.fault(f"{key} cannot be read in {self._folder}: {error.strerror}")
            return path
        if not fits:
            self.fault(f"{key} is {otherwise}")
        return path

    def _secrets_folder(self) -> Path | None:
        folder = self._environ.get(Variable.SECRETS_DIR)
        if not folder:
            self.fault(f"{Variable.SECRETS_DIR} is not set")
            return None
        if not Path(folder).is_dir():
            self.fault(f"{Variable.SECRETS_DIR}: {folder} is no folder")
            return None
        return Path(folder)

    def _file(self, key: SecretKey, *, needed: bool) -> str | None:
        """A file's text without the marks that editors and `echo` leave at its ends; None: there is none to read."""
        if self._folder is None:
            return None
        try:
            return (self._folder / key).read_text(encoding="utf-8-sig").rstrip("\r\n")
        except (FileNotFoundError, NotADirectoryError):
            if needed:
                self.fault(f"{key} is missing in {self._folder}")
        except OSError as error:
            self.fault(f"{key} cannot be read in {self._folder}: {error.strerror}")
        except UnicodeDecodeError:
            self.fault(f"{key} is no text in UTF-8")
        return None

    def _read(self, name: str, value: str, read: Callable[[str], T], otherwise: T) -> T:
        if not value.strip():
            self.fault(f"{name} is empty")
            return otherwise
        try:
            return read(value)
        except ValueError as error:
            self.fault(f"{name} {error}")
            return otherwise


def _settings(source: _Source, *, needs_directory: bool) -> Settings:
    source.variable(Variable.LOG_LEVEL, values.log_level, otherwise="")
    settings = Settings(
        realm=_realm(source),
        customer_number=source.secret(SecretKey.CUSTOMER_NUMBER, values.text, otherwise=""),
        run_id=source.variable(Variable.RUN_ID, values.run_id, otherwise=str(uuid.uuid4())),
        encryption_keys=source.secret(SecretKey.ENCRYPTION_KEY, values.encryption_keys, otherwise=()),
        database=_database(source),
        directory=_directory(source) if needs_directory else None,
        time_zone=source.variable(Variable.TIME_ZONE, values.time_zone, otherwise=DEFAULT_TIME_ZONE),
        timeout=source.variable(Variable.TIMEOUT, values.positive_duration, otherwise=DEFAULT_TIMEOUT),
        lock_wait=source.variable(Variable.LOCK_WAIT, values.duration, otherwise=DEFAULT_LOCK_WAIT),
        limits=_limits(source),
        today=source.variable(Variable.TODAY, values.day, otherwise=None),
        relay=_relay(source) if source.is_set(Variable.RELAY_ADDRESS) else None,
    )
    _require_encryption(source, settings)
    match settings.relay:
        case GrpcRelay() as relay:
            _require_own_certificate(source, relay, settings.realm)
        case SshRelay() as relay:
            _require_known_hosts(source, relay)
        case JumpHost() as relay:
            _require_known_hosts(source, relay)
            _require_places(source, settings)
    return settings


def _realm(source: _Source) -> str:
    """The realm; a Secret of another customer must never meet this one's ConnectJob."""
    realm = source.required(Variable.REALM, values.label, otherwise="")
    of_secret = source.optional_secret(SecretKey.CUSTOMER_REALM, values.label, otherwise="")
    if realm and of_secret and realm != of_secret:
        source.fault(
            f"{SecretKey.CUSTOMER_REALM} is not {realm}, as {Variable.REALM} says: the Secret is another customer's",
            reason=REALM_MISMATCH,
        )
    return realm


def _limits(source: _Source) -> Limits:
    """The limit on deletes holds for every kind of change that has none of its own."""
    default = Limits()
    deletes = _limit(source, Variable.MAX_DELETES, Variable.MAX_DELETE_PERCENT, otherwise=default.deletes)

    def limit(count: Variable, percent: Variable) -> Limit:
        return _limit(source, count, percent, otherwise=deletes)

    return Limits(
        deletes=deletes,
        disables=limit(Variable.MAX_DISABLES, Variable.MAX_DISABLE_PERCENT),
        removals=limit(Variable.MAX_REMOVALS, Variable.MAX_REMOVAL_PERCENT),
        renames=limit(Variable.MAX_RENAMES, Variable.MAX_RENAME_PERCENT),
        resets=limit(Variable.MAX_RESETS, Variable.MAX_RESET_PERCENT),
        recreations=limit(Variable.MAX_RECREATIONS, Variable.MAX_RECREATION_PERCENT),
        exit_percent=source.variable(Variable.MAX_EXIT_PERCENT, values.percent, otherwise=default.exit_percent),
        failures=_limit(source, Variable.MAX_FAILURES, Variable.MAX_FAILURE_PERCENT, otherwise=default.failures),
    )


def _limit(source: _Source, count: Variable, percent: Variable, *, otherwise: Limit) -> Limit:
    return Limit(
        count=source.variable(count, values.whole_number, otherwise=otherwise.count),
        percent=source.variable(percent, values.percent, otherwise=otherwise.percent),
    )


def _database(source: _Source) -> DatabaseSettings:
    return DatabaseSettings(
        host=source.secret(SecretKey.DATABASE_HOST, values.host, otherwise=""),
        port=source.secret(SecretKey.DATABASE_PORT, values.port, otherwise=0),
        name=source.secret(SecretKey.DATABASE_NAME, values.text, otherwise=""),
        username=source.secret(SecretKey.DATABASE_USERNAME, values.text, otherwise=""),
        password=source.secret(SecretKey.DATABASE_PASSWORD, values.secret, otherwise=Secret("")),
        sslmode=source.optional_secret(SecretKey.DATABASE_SSLMODE, values.ssl_mode, otherwise="verify-full"),
        ca=source.optional_secret(SecretKey.DATABASE_CA, values.certificates, otherwise=None),
        server_name=source.optional_secret(SecretKey.DATABASE_SERVER_NAME, values.host, otherwise=None),
    )


def _directory(source: _Source) -> DirectorySecret:
    """What is left out here may stand in the tables, which nobody has opened yet."""
    catalog = source.optional_secret(SecretKey.DIRECTORY_GLOBAL_CATALOG, values.ldap_url, otherwise=None)
    return DirectorySecret(
        url=source.optional_secret(SecretKey.DIRECTORY_URL, values.ldap_url, otherwise=None),
        bind_dn=source.optional_secret(SecretKey.DIRECTORY_BIND_DN, values.text, otherwise=None),
        password=source.optional_secret(SecretKey.DIRECTORY_PASSWORD, values.secret, otherwise=None),
        keytab=_keytab(source),
        global_catalog_url=catalog,
        ca=source.optional_secret(SecretKey.DIRECTORY_CA, values.certificates, otherwise=None),
        server_name=source.optional_secret(SecretKey.DIRECTORY_SERVER_NAME, values.host, otherwise=None),
        start_tls=source.optional_secret(SecretKey.DIRECTORY_START_TLS, values.truth, otherwise=True),
    )


def _keytab(source: _Source) -> Keytab | None:
    """Kerberos signs in where there is a keytab; it may hold the keys of several principals."""
    path = source.binary(SecretKey.DIRECTORY_KEYTAB, values.is_keytab, "no keytab")
    principal = source.optional_secret(SecretKey.DIRECTORY_PRINCIPAL, values.principal, otherwise=None)
    if path is None and principal is None:
        return None
    if path is None or principal is None:
        missing = SecretKey.DIRECTORY_KEYTAB if path is None else SecretKey.DIRECTORY_PRINCIPAL
        source.fault(f"{missing} is missing: a keytab and its principal go together")
        return None
    if source.is_set(Variable.RELAY_ADDRESS):
        source.fault(f"{SecretKey.DIRECTORY_KEYTAB}: a relay leads to no Kerberos server; use bindDn and password")
    return Keytab(principal=principal, path=path)


def _relay(source: _Source) -> RelaySettings:
    match source.variable(Variable.RELAY_TRANSPORT, values.relay_transport, otherwise=RelayTransport.GRPC):
        case RelayTransport.GRPC:
            return _grpc_relay(source)
        case RelayTransport.SSH:
            return _ssh_relay(source)
        case RelayTransport.JUMP_HOST:
            return _jump_host(source)


def _grpc_relay(source: _Source) -> GrpcRelay:
    return GrpcRelay(
        addresses=source.required(Variable.RELAY_ADDRESS, values.addresses, otherwise=()),
        certificate=source.secret(SecretKey.RELAY_CERTIFICATE, values.certificates, otherwise=""),
        key=source.secret(SecretKey.RELAY_KEY, values.private_key, otherwise=Secret("")),
        ca=source.secret(SecretKey.RELAY_CA, values.certificates, otherwise=""),
        wait=source.variable(Variable.RELAY_WAIT, values.duration, otherwise=DEFAULT_RELAY_WAIT),
        heartbeat=_heartbeat(source),
    )


def _ssh_relay(source: _Source) -> SshRelay:
    addresses = partial(values.addresses, port=RELAY_SSH_PORT)
    return SshRelay(
        addresses=source.required(Variable.RELAY_ADDRESS, addresses, otherwise=()),
        key=source.secret(SecretKey.RELAY_SSH_KEY, values.ssh_private_key, otherwise=Secret("")),
        known_hosts=source.secret(SecretKey.RELAY_KNOWN_HOSTS, str, otherwise=""),
        wait=source.variable(Variable.RELAY_WAIT, values.duration, otherwise=DEFAULT_RELAY_WAIT),
        heartbeat=_heartbeat(source),
    )


def _jump_host(source: _Source) -> JumpHost:
    addresses = partial(values.addresses, port=SSH_PORT)
    return JumpHost(
        addresses=source.required(Variable.RELAY_ADDRESS, addresses, otherwise=()),
        user=source.secret(SecretKey.RELAY_SSH_USER, values.text, otherwise=""),
        key=source.secret(SecretKey.RELAY_SSH_KEY, values.ssh_private_key, otherwise=Secret("")),
        known_hosts=source.secret(SecretKey.RELAY_KNOWN_HOSTS, str, otherwise=""),
        heartbeat=_heartbeat(source),
    )


def _heartbeat(source: _Source) -> timedelta:
    return source.variable(Variable.RELAY_HEARTBEAT, values.heartbeat, otherwise=HEARTBEAT)


def _require_encryption(source: _Source, settings: Settings) -> None:
    """Nothing goes in the clear but to this machine itself; behind a relay, every host is another machine."""
    database, directory = settings.database, settings.directory
    if database.sslmode == "disable" and _is_elsewhere(database.host, settings.relay):
        source.fault(f"{SecretKey.DATABASE_SSLMODE} is disable: {_where_plain('database', settings.relay)}")
    if directory is None or directory.start_tls:
        return
    plain = [url for url in (directory.url, directory.global_catalog_url) if url and url.startswith("ldap://")]
    if plain and directory.keytab is not None:
        source.fault(f"{SecretKey.DIRECTORY_START_TLS} is false: Kerberos signs in over TLS only")
    if any(_is_elsewhere(urlsplit(url).hostname or "", settings.relay) for url in plain):
        source.fault(f"{SecretKey.DIRECTORY_START_TLS} is false: {_where_plain('directory', settings.relay)}")


def _is_elsewhere(host: str, relay: RelaySettings | None) -> bool:
    return bool(host) and (relay is not None or not is_on_this_machine(host))


def _where_plain(what: str, relay: RelaySettings | None) -> str:
    if relay is not None:
        return f"behind a relay no {what} may be read without TLS"
    return f"only a {what} on this machine may be read without TLS"


def _require_own_certificate(source: _Source, relay: GrpcRelay, realm: str) -> None:
    """With the certificate of another customer, the relay would lead to that customer's database."""
    if not relay.certificate:
        return
    if relay.key.reveal() and not values.belong_together(relay.certificate, relay.key):
        source.fault(f"{SecretKey.RELAY_KEY} is not the private key of {SecretKey.RELAY_CERTIFICATE}")
    wanted = Identity(realm=realm, role=Role.WORKER).uri if realm else ""
    if wanted and wanted not in values.names(relay.certificate):
        source.fault(
            f"{SecretKey.RELAY_CERTIFICATE} is not made for {wanted}: it is another customer's, or a bridge's",
            reason=REALM_MISMATCH,
        )


def _require_known_hosts(source: _Source, relay: SshRelay | JumpHost) -> None:
    """Whose host key is not known would be refused at night: nobody is there to compare fingerprints."""
    if not relay.known_hosts:
        return
    # Not before it is needed: loading asyncssh takes a fifth of a second.
    from connect_ssh.known_hosts import KnownHosts

    try:
        known = KnownHosts(relay.known_hosts)
    except ValueError:
        source.fault(f"{SecretKey.RELAY_KNOWN_HOSTS} is not in the format of OpenSSH's known_hosts")
        return
    for address in relay.addresses:
        if not known.has(address):
            source.fault(f"{SecretKey.RELAY_KNOWN_HOSTS} has no host key for {address}")


def _require_places(source: _Source, settings: Settings) -> None:
    """A jump host must be told where to go, before anybody can look into the customer's tables."""
    if settings.directory is not None and settings.directory.url is None:
        source.fault(f"{SecretKey.DIRECTORY_URL} is missing: a jump host must be told where the directory is")
    if settings.database.host.startswith("/"):
        source.fault(f"{SecretKey.DATABASE_HOST} is a folder: a jump host leads to hosts only")
