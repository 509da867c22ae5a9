"""What must hold between settings, each of which may be right by itself."""

from urllib.parse import urlsplit

from connect_protocol.environment import SecretKey
from connect_protocol.relay.identity import Identity, Role
from connect_worker import config_values as values
from connect_worker.config_source import REALM_MISMATCH, Source
from connect_worker.settings import GrpcRelay, JumpHost, RelaySettings, Settings, SshRelay, is_on_this_machine


def require_sound(source: Source, settings: Settings) -> None:
    """Note as faults what does not go together, or is not safe."""
    _require_encryption(source, settings)
    match settings.relay:
        case GrpcRelay() as relay:
            _require_own_certificate(source, relay, settings.realm)
        case SshRelay() as relay:
            _require_known_hosts(source, relay)
        case JumpHost() as relay:
            _require_known_hosts(source, relay)
            _require_places(source, settings)


def _require_encryption(source: Source, settings: Settings) -> None:
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


def _require_own_certificate(source: Source, relay: GrpcRelay, realm: str) -> None:
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


def _require_known_hosts(source: Source, relay: SshRelay | JumpHost) -> None:
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


def _require_places(source: Source, settings: Settings) -> None:
    """A jump host must be told where to go, before anybody can look into the customer's tables."""
    if settings.directory is not None and settings.directory.url is None:
        source.fault(f"{SecretKey.DIRECTORY_URL} is missing: a jump host must be told where the directory is")
    if settings.database.host.startswith("/"):
        source.fault(f"{SecretKey.DATABASE_HOST} is a folder: a jump host leads to hosts only")
