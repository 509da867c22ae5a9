"""Reads the worker's settings from its environment and mounted Secrets, and names every fault at once."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from connect_protocol.environment import RelayTransport, SecretKey, Variable
from connect_worker import config_values as values
from connect_worker.config_checks import require_sound
from connect_worker.config_source import REALM_MISMATCH, Source
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
)

DEFAULT_TIME_ZONE = ZoneInfo("Europe/Zurich")
DEFAULT_TIMEOUT = timedelta(hours=1)
DEFAULT_LOCK_WAIT = timedelta(minutes=15)
DEFAULT_RELAY_WAIT = timedelta(seconds=20)
RELAY_SSH_PORT = 2222
SSH_PORT = 22


def load_settings(environ: Mapping[str, str], *, needs_directory: bool) -> Settings:
    """One run's settings. Raises ConfigurationError with every fault, never with a file's content.

    Its reason is RealmMismatch where the customer's Secret names another realm.
    """
    source = Source(environ)
    settings = _settings(source, needs_directory=needs_directory)
    source.check()
    return settings


def today(settings: Settings, now: datetime) -> date:
    """The day that a run works for (ruling 2): the date in the customer's time zone, unless the settings fix one."""
    return settings.today or now.astimezone(settings.time_zone).date()


def _settings(source: Source, *, needs_directory: bool) -> Settings:
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
    require_sound(source, settings)
    return settings


def _realm(source: Source) -> str:
    """The realm; a Secret of another customer must never meet this one's ConnectJob."""
    realm = source.required(Variable.REALM, values.label, otherwise="")
    of_secret = source.optional_secret(SecretKey.CUSTOMER_REALM, values.label, otherwise="")
    if realm and of_secret and realm != of_secret:
        source.fault(
            f"{SecretKey.CUSTOMER_REALM} is not {realm}, as {Variable.REALM} says: the Secret is another customer's",
            reason=REALM_MISMATCH,
        )
    return realm


def _limits(source: Source) -> Limits:
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


def _limit(source: Source, count: Variable, percent: Variable, *, otherwise: Limit) -> Limit:
    return Limit(
        count=source.variable(count, values.whole_number, otherwise=otherwise.count),
        percent=source.variable(percent, values.percent, otherwise=otherwise.percent),
    )


def _database(source: Source) -> DatabaseSettings:
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


def _directory(source: Source) -> DirectorySecret:
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


def _keytab(source: Source) -> Keytab | None:
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


def _relay(source: Source) -> RelaySettings:
    match source.variable(Variable.RELAY_TRANSPORT, values.relay_transport, otherwise=RelayTransport.GRPC):
        case RelayTransport.GRPC:
            return _grpc_relay(source)
        case RelayTransport.SSH:
            return _ssh_relay(source)
        case RelayTransport.JUMP_HOST:
            return _jump_host(source)


def _grpc_relay(source: Source) -> GrpcRelay:
    return GrpcRelay(
        addresses=source.required(Variable.RELAY_ADDRESS, values.addresses, otherwise=()),
        certificate=source.secret(SecretKey.RELAY_CERTIFICATE, values.certificates, otherwise=""),
        key=source.secret(SecretKey.RELAY_KEY, values.private_key, otherwise=Secret("")),
        ca=source.secret(SecretKey.RELAY_CA, values.certificates, otherwise=""),
        wait=source.variable(Variable.RELAY_WAIT, values.duration, otherwise=DEFAULT_RELAY_WAIT),
        heartbeat=_heartbeat(source),
    )


def _ssh_relay(source: Source) -> SshRelay:
    addresses = partial(values.addresses, port=RELAY_SSH_PORT)
    return SshRelay(
        addresses=source.required(Variable.RELAY_ADDRESS, addresses, otherwise=()),
        key=source.secret(SecretKey.RELAY_SSH_KEY, values.ssh_private_key, otherwise=Secret("")),
        known_hosts=source.secret(SecretKey.RELAY_KNOWN_HOSTS, str, otherwise=""),
        wait=source.variable(Variable.RELAY_WAIT, values.duration, otherwise=DEFAULT_RELAY_WAIT),
        heartbeat=_heartbeat(source),
    )


def _jump_host(source: Source) -> JumpHost:
    addresses = partial(values.addresses, port=SSH_PORT)
    return JumpHost(
        addresses=source.required(Variable.RELAY_ADDRESS, addresses, otherwise=()),
        user=source.secret(SecretKey.RELAY_SSH_USER, values.text, otherwise=""),
        key=source.secret(SecretKey.RELAY_SSH_KEY, values.ssh_private_key, otherwise=Secret("")),
        known_hosts=source.secret(SecretKey.RELAY_KNOWN_HOSTS, str, otherwise=""),
        heartbeat=_heartbeat(source),
    )


def _heartbeat(source: Source) -> timedelta:
    return source.variable(Variable.RELAY_HEARTBEAT, values.heartbeat, otherwise=HEARTBEAT)
