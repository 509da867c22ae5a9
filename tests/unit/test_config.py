"""Settings from the environment and the Secrets' files: read whole, or every fault named at once and no secret told."""

import base64
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from connect_protocol.relay.identity import Identity, Role
from connect_protocol.relay.service import HEARTBEAT_SECONDS
from connect_relay.pki.certificates import Authority, Issued, client
from connect_worker import config_values
from connect_worker.config import load_settings, today
from connect_worker.errors import ConfigurationError
from connect_worker.model.configuration import Limit, Limits
from connect_worker.model.secret import Secret
from connect_worker.settings import DatabaseSettings, DirectorySecret, GrpcRelay, JumpHost, Keytab, Settings, SshRelay
from tests.support.certificates import create_authority

KEY = base64.b64encode(bytes(range(32))).decode()
OLD_KEY = base64.b64encode(bytes(32)).decode()

FILES = {
    "customer/customerNumber": "4711",
    "customer/realm": "musterdorf",
    "customer/encryptionKey": KEY,
    "database/host": "db.musterdorf.example",
    "database/port": "5432",
    "database/dbname": "scolaris",
    "database/username": "connect",
    "database/password": "db-pa55 word",
    "directory/url": "ldaps://dc1.musterdorf.example",
    "directory/bindDn": "CN=connect,OU=Service,DC=musterdorf,DC=example",
    "directory/password": "ad-pa55",
}


def secrets(folder: Path, **changes: str | None) -> Path:
    """Write the Secrets as Kubernetes mounts them; a change to None leaves a file out. `__` stands for the slash."""
    files = {**FILES, **{name.replace("__", "/").replace("ca_crt", "ca.crt"): text for name, text in changes.items()}}
    for name, text in files.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
    return folder


def environ(folder: Path, **changes: str) -> Mapping[str, str]:
    return {"CONNECT_REALM": "musterdorf", "CONNECT_SECRETS_DIR": str(folder), **changes}


def load(folder: Path, **changes: str) -> Settings:
    return load_settings(environ(folder, **changes), needs_directory=True)


def faults(folder: Path, **changes: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, **changes)
    return caught.value.faults


def test_everything_is_read_from_its_place(tmp_path: Path) -> None:
    run = str(uuid.uuid4())

    settings = load(
        secrets(tmp_path, database__sslmode="verify-full", database__serverName="db", directory__serverName="dc"),
        CONNECT_TIME_ZONE="America/Sao_Paulo",
        CONNECT_TIMEOUT="1h30m",
        CONNECT_LOCK_WAIT="90s",
        CONNECT_RUN_ID=run,
        CONNECT_SAFETY_MAX_DELETES="25",
        CONNECT_SAFETY_MAX_DELETE_PERCENT="2.5",
        CONNECT_SAFETY_MAX_DISABLE_PERCENT="7",
        CONNECT_SAFETY_MAX_REMOVALS="300",
        CONNECT_SAFETY_MAX_RECREATIONS="0",
        CONNECT_SAFETY_MAX_EXIT_PERCENT="40",
        CONNECT_SAFETY_MAX_FAILURES="3",
        CONNECT_TODAY="2026-11-22",
    )

    assert settings == Settings(
        realm="musterdorf",
        customer_number="4711",
        run_id=run,
        encryption_keys=(Secret(KEY),),
        database=DatabaseSettings(
            host="db.musterdorf.example",
            port=5432,
            name="scolaris",
            username="connect",
            password=Secret("db-pa55 word"),
            sslmode="verify-full",
            server_name="db",
        ),
        directory=DirectorySecret(
            url="ldaps://dc1.musterdorf.example",
            bind_dn="CN=connect,OU=Service,DC=musterdorf,DC=example",
            password=Secret("ad-pa55"),
            server_name="dc",
        ),
        time_zone=ZoneInfo("America/Sao_Paulo"),
        timeout=timedelta(minutes=90),
        lock_wait=timedelta(seconds=90),
        limits=Limits(
            deletes=Limit(count=25, percent=2.5),
            disables=Limit(count=25, percent=7),
            removals=Limit(count=300, percent=2.5),
            renames=Limit(count=25, percent=2.5),
            resets=Limit(count=25, percent=2.5),
            recreations=Limit(count=0, percent=2.5),
            exit_percent=40,
            failures=Limit(count=3, percent=25),
        ),
        today=date(2026, 11, 22),
    )


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    settings = load(secrets(tmp_path))

    assert settings.time_zone.key == "Europe/Zurich"
    assert settings.timeout == timedelta(hours=1)
    assert settings.lock_wait == timedelta(minutes=15)
    assert settings.limits == Limits()
    assert settings.database.sslmode == "verify-full"
    assert settings.today is None
    assert uuid.UUID(settings.run_id)


def test_every_run_without_an_id_gets_one_of_its_own(tmp_path: Path) -> None:
    secrets(tmp_path)

    assert load(tmp_path).run_id != load(tmp_path).run_id


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_line_ends_are_trimmed_and_blanks_are_not(tmp_path: Path, end: str) -> None:
    secrets(tmp_path, database__password=f" pass word {end}", database__port=f"5433{end}")

    settings = load(tmp_path)

    assert settings.database.password == Secret(" pass word ")
    assert settings.database.port == 5433


def test_several_encryption_keys_stand_one_a_line(tmp_path: Path) -> None:
    secrets(tmp_path, customer__encryptionKey=f"{KEY}\n{OLD_KEY}\n")

    assert load(tmp_path).encryption_keys == (Secret(KEY), Secret(OLD_KEY))


def test_certificates_are_read_without_what_people_write_between_them(tmp_path: Path) -> None:
    """OpenSSL would refuse a text that is not ASCII."""
    first, second = create_authority().pem, create_authority().pem
    secrets(tmp_path, database__ca_crt=f"# Zürich\r\n{first}\n# Köniz\n{second}", directory__ca_crt=first)

    settings = load(tmp_path)

    assert settings.database.ca == first + second
    assert settings.directory is not None
    assert settings.directory.ca == first


def test_the_mark_that_some_editors_put_before_a_text_is_no_part_of_it(tmp_path: Path) -> None:
    secrets(tmp_path, database__password="\ufeffpass word", directory__ca_crt=f"\ufeff{create_authority().pem}")

    assert load(tmp_path).database.password == Secret("pass word")


@pytest.mark.parametrize("name", ["x" * 64, "db..example", "\u202edb.example", f"{'x' * 63}.{'y' * 64}.example"])
@pytest.mark.parametrize("key", ["database/host", "database/serverName", "directory/serverName"])
def test_what_can_be_no_host_is_named(tmp_path: Path, key: str, name: str) -> None:
    secrets(tmp_path, **{key.replace("/", "__"): name})

    assert faults(tmp_path) == (f"{key} is no name of a host",)


def test_a_command_without_directory_asks_for_no_directory_secret(tmp_path: Path) -> None:
    secrets(tmp_path, directory__url=None, directory__bindDn=None, directory__password=None)

    assert load_settings(environ(tmp_path), needs_directory=False).directory is None


def test_what_the_directory_secret_leaves_out_may_stand_in_the_tables(tmp_path: Path) -> None:
    """Nobody has opened them yet: whether it does is seen later."""
    secrets(tmp_path, directory__bindDn=None, directory__password=None)
    directory = load(tmp_path).directory
    assert directory is not None
    assert (directory.url, directory.missing) == ("ldaps://dc1.musterdorf.example", ("bindDn", "password"))


def test_the_global_catalog_has_an_address_of_its_own(tmp_path: Path) -> None:
    secrets(tmp_path, directory__globalCatalogUrl="ldaps://gc.musterdorf.example:3269")
    directory = load(tmp_path).directory
    assert directory is not None
    assert directory.global_catalog_url == "ldaps://gc.musterdorf.example:3269"


@pytest.mark.parametrize("key", ["url", "globalCatalogUrl"])
def test_neither_directory_nor_catalog_elsewhere_is_read_without_tls(tmp_path: Path, key: str) -> None:
    secrets(tmp_path, **{f"directory__{key}": "ldap://dc1.musterdorf.example", "directory__startTls": "false"})
    assert faults(tmp_path) == (
        "directory/startTls is false: only a directory on this machine may be read without TLS",
    )


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    secrets(
        tmp_path,
        customer__encryptionKey=KEY[:-4],
        database__host=None,
        database__port="70000",
        database__username="  ",
        database__sslmode="prefer",
        database__ca_crt="not a certificate",
        directory__url="https://dc1.musterdorf.example",
        directory__password="two\nlines",
    )

    found = faults(
        tmp_path,
        CONNECT_REALM="Muster Dorf",
        CONNECT_TIME_ZONE="Europe/Musterdorf",
        CONNECT_TIMEOUT="soon",
        CONNECT_LOCK_WAIT="1d",
        CONNECT_RUN_ID="tonight",
        CONNECT_SAFETY_MAX_DELETES="-1",
        CONNECT_SAFETY_MAX_DELETE_PERCENT="101",
        CONNECT_LOG_LEVEL="loud",
        CONNECT_TODAY="22.11.2026",
    )

    assert set(found) == {
        "CONNECT_REALM is no DNS label (a-z, 0-9 and hyphens within, at most 63)",
        "CONNECT_TIME_ZONE is no time zone such as Europe/Zurich",
        "CONNECT_TIMEOUT is no duration such as 90s or 1h30m",
        "CONNECT_LOCK_WAIT is no duration such as 90s or 1h30m",
        "CONNECT_RUN_ID is no UUID",
        "CONNECT_SAFETY_MAX_DELETES is no whole number",
        "CONNECT_SAFETY_MAX_DELETE_PERCENT is no percentage (0 to 100)",
        "CONNECT_LOG_LEVEL is none of debug, info, warning, error",
        "CONNECT_TODAY is no date such as 2026-11-22",
        "customer/encryptionKey is not base64 of 32 bytes, one key a line (make one with: openssl rand -base64 32)",
        f"database/host is missing in {tmp_path}",
        "database/port is no port (1 to 65535)",
        "database/username is empty",
        "database/sslmode is none of verify-full, disable; a connection is verified in full or not made",
        "database/ca.crt is no certificate in PEM",
        "directory/url is no URL such as ldaps://dc1.school.example",
        "directory/password holds more than one line",
    }


@pytest.mark.parametrize("key", FILES)
def test_a_missing_file_is_named_unless_it_may_be_left_out(tmp_path: Path, key: str) -> None:
    secrets(tmp_path, **{key.replace("/", "__"): None})

    if key == "customer/realm" or key.startswith("directory/"):
        assert load(tmp_path).realm == "musterdorf"
    else:
        assert faults(tmp_path) == (f"{key} is missing in {tmp_path}",)


@pytest.mark.parametrize("key", FILES)
def test_an_empty_file_is_named(tmp_path: Path, key: str) -> None:
    secrets(tmp_path, **{key.replace("/", "__"): "\n"})

    assert faults(tmp_path) == (f"{key} is empty",)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    secrets(tmp_path)
    (tmp_path / "database/password").write_bytes(b"\xff\xfe")

    assert faults(tmp_path) == ("database/password is no text in UTF-8",)


def test_a_file_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    secrets(tmp_path, database__password=None)
    (tmp_path / "database/password").mkdir()

    assert faults(tmp_path) == (f"database/password cannot be read in {tmp_path}: Is a directory",)


def test_an_empty_environment_names_what_must_be_set() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({}, needs_directory=True)

    assert caught.value.faults == ("CONNECT_SECRETS_DIR is not set", "CONNECT_REALM is not set")


def test_a_secrets_folder_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    assert faults(gone) == (f"CONNECT_SECRETS_DIR: {gone} is no folder",)


def test_the_secret_of_another_realm_is_refused_with_a_reason_of_its_own(tmp_path: Path) -> None:
    secrets(tmp_path, customer__realm="nachbardorf")

    with pytest.raises(ConfigurationError, match="the Secret is another customer's") as caught:
        load(tmp_path)

    assert caught.value.reason == "RealmMismatch"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "/run/postgresql"])
def test_tls_may_be_disabled_to_a_database_on_this_machine(tmp_path: Path, host: str) -> None:
    secrets(tmp_path, database__host=host, database__sslmode="disable")

    assert load(tmp_path).database.sslmode == "disable"


@pytest.mark.parametrize("host", ["db.musterdorf.example", "10.0.0.1", "localhost.example"])
def test_tls_is_never_disabled_to_a_database_elsewhere(tmp_path: Path, host: str) -> None:
    secrets(tmp_path, database__host=host, database__sslmode="disable")

    assert faults(tmp_path) == ("database/sslmode is disable: only a database on this machine may be read without TLS",)


@pytest.mark.parametrize("url", ["ldap://localhost:3890", "ldap://127.0.0.1:3890", "ldap://[::1]:3890"])
def test_a_directory_on_this_machine_may_do_without_tls(tmp_path: Path, url: str) -> None:
    settings = load(secrets(tmp_path, directory__url=url, directory__startTls="false"))

    assert settings.directory is not None
    assert not settings.directory.start_tls


def test_a_directory_elsewhere_is_never_read_without_tls(tmp_path: Path) -> None:
    secrets(tmp_path, directory__url="ldap://dc1.musterdorf.example", directory__startTls="false")

    assert faults(tmp_path) == (
        "directory/startTls is false: only a directory on this machine may be read without TLS",
    )


@pytest.mark.parametrize(
    "url",
    [
        "dc1.musterdorf.example",
        "ldap://",
        "ldaps://dc1:0",
        "ldaps://dc1:65536",
        "ldaps://dc1:x",
        "ldapi://%2frun",
        "ldaps://[::1",
        f"ldaps://{'x' * 64}",
    ],
)
def test_what_is_no_ldap_url_is_refused(tmp_path: Path, url: str) -> None:
    secrets(tmp_path, directory__url=url)

    assert faults(tmp_path) == ("directory/url is no URL such as ldaps://dc1.school.example",)


@pytest.mark.parametrize("url", ["ldaps://me:pw@dc1", "ldaps://dc1/DC=school", "ldaps://dc1?cn", "ldaps://dc1#x"])
def test_an_ldap_url_says_scheme_host_and_port_only(tmp_path: Path, url: str) -> None:
    secrets(tmp_path, directory__url=url)

    assert faults(tmp_path) == ("directory/url says more than scheme, host and port",)


@pytest.mark.parametrize("key", FILES)
def test_no_fault_tells_what_a_file_holds(tmp_path: Path, key: str) -> None:
    told = "Unmistakable\nGeheimnis"
    secrets(tmp_path, **{key.replace("/", "__"): told})

    shown = " ".join(faults(tmp_path))

    assert "Unmistakable" not in shown
    assert "Geheimnis" not in shown


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    shown = repr(load(secrets(tmp_path)))

    assert "pa55" not in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("1m1m", 120), ("24h", 86_400)]
)
def test_a_duration_adds_up_its_parts(text: str, seconds: int) -> None:
    assert config_values.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "5", "1d", "1 h", "1H", "-1s", "1.5h", "12345s", "١s", "1h\n"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        config_values.duration(text)


def test_a_duration_is_a_day_at_most() -> None:
    with pytest.raises(ValueError, match="longer than 24h"):
        config_values.duration("24h1s")


def test_a_run_has_some_time_and_may_wait_for_none(tmp_path: Path) -> None:
    secrets(tmp_path)

    assert load(tmp_path, CONNECT_LOCK_WAIT="0s").lock_wait == timedelta()
    assert faults(tmp_path, CONNECT_TIMEOUT="0s") == ("CONNECT_TIMEOUT leaves no time at all",)


@given(st.integers(0, 7), st.integers(0, 500), st.integers(0, 9999))
def test_hours_minutes_and_seconds_add_up_in_any_order(hours: int, minutes: int, seconds: int) -> None:
    expected = timedelta(hours=hours, minutes=minutes, seconds=seconds)

    assert config_values.duration(f"{hours}h{minutes}m{seconds}s") == expected
    assert config_values.duration(f"{seconds}s{minutes}m{hours}h") == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 7, 31, 22, 0, tzinfo=UTC), date(2026, 8, 1)),
    ],
)
def test_today_is_the_date_in_the_customers_time_zone(tmp_path: Path, now: datetime, expected: date) -> None:
    assert today(load(secrets(tmp_path)), now) == expected


def test_today_can_be_fixed(tmp_path: Path) -> None:
    settings = load(secrets(tmp_path), CONNECT_TODAY="2027-08-16")

    assert today(settings, datetime(2026, 11, 22, tzinfo=UTC)) == date(2027, 8, 16)


# The relay


RELAY = {"CONNECT_RELAY_ADDRESS": "connect-relay.connect.svc:8443"}
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Connect Relay CA", NOW)


def certificate(authority: Authority, realm: str = "musterdorf", role: Role = Role.WORKER) -> Issued:
    return authority.issue(client(Identity(realm=realm, role=role)), timedelta(days=1), NOW)


def relay_secrets(folder: Path, issued: Issued, **changes: str | None) -> Path:
    """The Secrets with a relay's; a change to None leaves a file out."""
    files = {"relay/tls.crt": issued.certificate, "relay/tls.key": issued.key, "relay/ca.crt": issued.authority}
    return secrets(folder, **(files | changes))


def test_a_relay_is_read_from_its_address_and_secret(tmp_path: Path, authority: Authority) -> None:
    issued = certificate(authority)

    settings = load(relay_secrets(tmp_path, issued), **RELAY, CONNECT_RELAY_WAIT="5s")

    assert settings.relay == GrpcRelay(
        addresses=("connect-relay.connect.svc:8443",),
        certificate=issued.certificate,
        key=Secret(issued.key.rstrip("\n")),
        ca=issued.authority,
        wait=timedelta(seconds=5),
    )


def test_without_an_address_there_is_no_relay(tmp_path: Path, authority: Authority) -> None:
    """Whatever is mounted: a Secret alone says nothing of where to go."""
    assert load(relay_secrets(tmp_path, certificate(authority))).relay is None


def test_a_bridge_that_is_away_is_waited_for_some_seconds(tmp_path: Path, authority: Authority) -> None:
    settings = load(relay_secrets(tmp_path, certificate(authority)), **RELAY)

    assert settings.relay is not None
    assert settings.relay.wait == timedelta(seconds=20)


def test_every_fault_of_the_relay_is_named_at_once(tmp_path: Path) -> None:
    secrets(tmp_path, **{"relay/tls.crt": "no certificate", "relay/tls.key": KEY})

    assert set(faults(tmp_path, CONNECT_RELAY_ADDRESS="connect-relay", CONNECT_RELAY_WAIT="soon")) == {
        "CONNECT_RELAY_ADDRESS is no address such as connect-relay.connect.svc:8443",
        "CONNECT_RELAY_WAIT is no duration such as 90s or 1h30m",
        "relay/tls.crt is no certificate in PEM",
        "relay/tls.key is no private key in PEM without a password",
        f"relay/ca.crt is missing in {tmp_path}",
    }


@pytest.mark.parametrize("address", ["relay:8443", "relay.example.org:443", "10.0.0.1:8443", "[fd00::1]:8443"])
def test_an_address_is_a_host_and_a_port(tmp_path: Path, authority: Authority, address: str) -> None:
    relay_secrets(tmp_path, certificate(authority))

    settings = load(tmp_path, CONNECT_RELAY_ADDRESS=address)

    assert settings.relay is not None
    assert settings.relay.addresses == (address,)


def test_several_relays_are_separated_by_commas(tmp_path: Path, authority: Authority) -> None:
    relay_secrets(tmp_path, certificate(authority))

    settings = load(tmp_path, CONNECT_RELAY_ADDRESS="relay-0.example.org:8443, relay-1.example.org:443")

    assert settings.relay is not None
    assert settings.relay.addresses == ("relay-0.example.org:8443", "relay-1.example.org:443")


@pytest.mark.parametrize(
    "address",
    [
        "relay",
        ":8443",
        "relay:0",
        "relay:65536",
        "relay:x",
        "https://relay:8443",
        "a@relay:1",
        "relay:1/x",
        " ",
        "relay:1,",
    ],
)
def test_what_is_no_address_is_refused(tmp_path: Path, authority: Authority, address: str) -> None:
    relay_secrets(tmp_path, certificate(authority))

    assert [fault.split()[0] for fault in faults(tmp_path, CONNECT_RELAY_ADDRESS=address)] == ["CONNECT_RELAY_ADDRESS"]


@pytest.mark.parametrize(("realm", "role"), [("nachbardorf", Role.WORKER), ("musterdorf", Role.BRIDGE)])
def test_the_certificate_of_somebody_else_is_refused(
    tmp_path: Path, authority: Authority, realm: str, role: Role
) -> None:
    """Another customer's would lead to that customer's database."""
    relay_secrets(tmp_path, certificate(authority, realm, role))

    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, **RELAY)

    assert caught.value.reason == "RealmMismatch"
    assert "relay/tls.crt is not made for connect://realm/musterdorf/worker" in caught.value.what


def test_a_certificate_without_any_name_is_refused(tmp_path: Path, authority: Authority) -> None:
    relay_secrets(tmp_path, Issued(certificate=authority.pem, key=authority.key_pem, authority=authority.pem))

    assert [fault.split()[0] for fault in faults(tmp_path, **RELAY)] == ["relay/tls.crt"]


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, authority: Authority) -> None:
    relay_secrets(tmp_path, certificate(authority), **{"relay/tls.key": certificate(authority).key})

    assert faults(tmp_path, **RELAY) == ("relay/tls.key is not the private key of relay/tls.crt",)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "db.musterdorf.example", "/run/postgresql"])
def test_behind_a_relay_tls_to_the_database_is_never_disabled(tmp_path: Path, authority: Authority, host: str) -> None:
    """Whatever is called localhost there is another machine's."""
    relay_secrets(tmp_path, certificate(authority), database__host=host, database__sslmode="disable")

    assert faults(tmp_path, **RELAY) == (
        "database/sslmode is disable: behind a relay no database may be read without TLS",
    )


@pytest.mark.parametrize("url", ["ldap://localhost", "ldap://127.0.0.1:3890", "ldap://dc1.musterdorf.example"])
def test_behind_a_relay_the_directory_is_never_read_without_tls(tmp_path: Path, authority: Authority, url: str) -> None:
    relay_secrets(tmp_path, certificate(authority), directory__url=url, directory__startTls="false")

    assert faults(tmp_path, **RELAY) == (
        "directory/startTls is false: behind a relay no directory may be read without TLS",
    )


def test_the_relays_private_key_is_not_shown(tmp_path: Path, authority: Authority) -> None:
    issued = certificate(authority)
    settings = load(relay_secrets(tmp_path, issued), **RELAY)
    first, *rest = issued.key.splitlines()[1:-1]

    assert first not in repr(settings)
    assert rest
    told = " ".join(faults(relay_secrets(tmp_path, issued, **{"relay/ca.crt": issued.key}), **RELAY))
    assert first not in told


@pytest.mark.parametrize(
    ("value", "fault"),
    [("0s", "leaves no time at all"), ("31s", "is longer than 30s"), ("often", "is no duration such as 90s or 1h30m")],
)
def test_a_heartbeat_lets_a_dead_relay_be_noticed_in_time(
    tmp_path: Path, authority: Authority, value: str, fault: str
) -> None:
    folder = relay_secrets(tmp_path, certificate(authority))

    assert faults(folder, **RELAY, CONNECT_RELAY_HEARTBEAT=value) == (f"CONNECT_RELAY_HEARTBEAT {fault}",)


def test_a_relay_is_asked_as_often_as_it_asks_unless_it_is_said_how_often(tmp_path: Path, authority: Authority) -> None:
    folder = relay_secrets(tmp_path, certificate(authority))
    untold, told = load(folder, **RELAY).relay, load(folder, **RELAY, CONNECT_RELAY_HEARTBEAT="5s").relay
    assert untold is not None
    assert untold.heartbeat == timedelta(seconds=HEARTBEAT_SECONDS)
    assert told is not None
    assert told.heartbeat == timedelta(seconds=5)


SSH_KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
HOST_KEY = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
KEY_WITH_PASSPHRASE = """\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBn/8LqsN
JbcThZakWb+vXvAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIDwM1egGdEYWlAg3
D0Dk/H7q2KSZOhLf22cPp3LaQ3+fAAAAkFLGCMHIU8H92e64fgfgGYpwfjIzq/qmSIPqmq
hU9Yo/JZ2KcJ4Gi0e04d4KknyxDV+DUbBNSa6/+JPclpsHzt0xuQ4J1oJMSCpiKoNwWiKW
M/2Pk4m4E3XDMiEnydycHzuxXxPFjhBPUN6HdUpfAcNI3ifmG9CJcddj9O++nwq6bhiAcP
Qv+6n5dd4Jdiin7Q==
-----END OPENSSH PRIVATE KEY-----
"""
BY_SSH = {"CONNECT_RELAY_TRANSPORT": "SSH", "CONNECT_RELAY_ADDRESS": "relay.example:2222"}
BY_JUMP_HOST = {"CONNECT_RELAY_TRANSPORT": "JumpHost", "CONNECT_RELAY_ADDRESS": "jump.musterdorf.example"}


def ssh_secrets(folder: Path, **changes: str | None) -> Path:
    files = {
        "relay/sshPrivateKey": SSH_KEY,
        "relay/knownHosts": f"[relay.example]:2222 {HOST_KEY}\njump.musterdorf.example {HOST_KEY}\n",
        "relay/sshUser": "connect",
    }
    return secrets(folder, **(files | changes))


def test_a_relay_by_ssh_has_a_key_and_known_hosts(tmp_path: Path) -> None:
    assert load(ssh_secrets(tmp_path), **BY_SSH).relay == SshRelay(
        addresses=("relay.example:2222",),
        key=Secret(SSH_KEY.rstrip("\n")),
        known_hosts=f"[relay.example]:2222 {HOST_KEY}\njump.musterdorf.example {HOST_KEY}",
        wait=timedelta(seconds=20),
    )


def test_a_jump_host_has_an_account_besides_and_sshs_own_port(tmp_path: Path) -> None:
    relay = load(ssh_secrets(tmp_path), **BY_JUMP_HOST).relay
    assert isinstance(relay, JumpHost)
    assert (relay.addresses, relay.user) == (("jump.musterdorf.example:22",), "connect")


def test_a_relay_by_ssh_has_its_usual_port(tmp_path: Path) -> None:
    relay = load(ssh_secrets(tmp_path), **(BY_SSH | {"CONNECT_RELAY_ADDRESS": "relay.example"})).relay
    assert isinstance(relay, SshRelay)
    assert relay.addresses == ("relay.example:2222",)


def test_every_fault_of_a_jump_host_is_named_at_once(tmp_path: Path) -> None:
    ssh_secrets(
        tmp_path,
        **{"relay/sshPrivateKey": "no key", "relay/knownHosts": "nonsense", "relay/sshUser": None},
        directory__url=None,
        database__host="/run/postgresql",
    )
    assert set(faults(tmp_path, **BY_JUMP_HOST)) == {
        "relay/sshPrivateKey is no private key in OpenSSH's format without a passphrase",
        "relay/knownHosts is not in the format of OpenSSH's known_hosts",
        f"relay/sshUser is missing in {tmp_path}",
        "directory/url is missing: a jump host must be told where the directory is",
        "database/host is a folder: a jump host leads to hosts only",
    }


@pytest.mark.parametrize("known", ["other.example", "[relay.example]:22", "# relay.example"])
def test_a_host_key_must_be_known_before_the_night(tmp_path: Path, known: str) -> None:
    ssh_secrets(tmp_path, **{"relay/knownHosts": f"{known} {HOST_KEY}"})
    assert faults(tmp_path, **BY_SSH) == ("relay/knownHosts has no host key for relay.example:2222",)


def test_a_key_with_a_passphrase_could_not_be_used_at_night(tmp_path: Path) -> None:
    assert faults(ssh_secrets(tmp_path, **{"relay/sshPrivateKey": KEY_WITH_PASSPHRASE}), **BY_SSH) == (
        "relay/sshPrivateKey is no private key in OpenSSH's format without a passphrase",
    )


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    assert faults(ssh_secrets(tmp_path, **{"relay/sshPrivateKey": key.decode()}), **BY_SSH) == (
        "relay/sshPrivateKey is no Ed25519 key (make one with: ssh-keygen -t ed25519)",
    )


def test_what_is_no_transport_is_told(tmp_path: Path) -> None:
    told = faults(ssh_secrets(tmp_path), **(BY_SSH | {"CONNECT_RELAY_TRANSPORT": "ssh"}))
    assert "CONNECT_RELAY_TRANSPORT is none of gRPC, SSH, JumpHost" in told


@pytest.mark.parametrize("transport", [BY_SSH, BY_JUMP_HOST])
def test_nothing_is_read_in_the_clear_behind_an_ssh_server_either(tmp_path: Path, transport: dict[str, str]) -> None:
    ssh_secrets(tmp_path, database__host="localhost", database__sslmode="disable")
    assert faults(tmp_path, **transport) == (
        "database/sslmode is disable: behind a relay no database may be read without TLS",
    )


def test_the_private_key_for_ssh_is_not_shown(tmp_path: Path) -> None:
    settings = load(ssh_secrets(tmp_path), **BY_SSH)
    first, *_ = SSH_KEY.splitlines()[1:-1]
    assert first not in repr(settings)
    told = " ".join(faults(ssh_secrets(tmp_path, **{"relay/knownHosts": SSH_KEY}), **BY_SSH))
    assert first not in told


KEYTAB = b"\x05\x02" + bytes(60)


def keytab(folder: Path, content: bytes = KEYTAB, principal: str | None = "connect@MUSTERDORF.EXAMPLE") -> None:
    secrets(folder, directory__bindDn=None, directory__password=None, directory__principal=principal)
    (folder / "directory" / "keytab").write_bytes(content)


def test_with_a_keytab_neither_account_nor_password_is_missing(tmp_path: Path) -> None:
    keytab(tmp_path)
    directory = load(tmp_path).directory
    assert directory is not None
    assert directory.keytab == Keytab(principal="connect@MUSTERDORF.EXAMPLE", path=tmp_path / "directory" / "keytab")
    assert directory.missing == ()


@pytest.mark.parametrize("content", [b"", b"\x05\x02", b"\x05\x01" + bytes(60), b"garbage"])
def test_what_is_no_keytab_is_told(tmp_path: Path, content: bytes) -> None:
    keytab(tmp_path, content)
    assert faults(tmp_path) == ("directory/keytab is no keytab",)


def test_a_keytab_and_its_principal_go_together(tmp_path: Path) -> None:
    keytab(tmp_path, principal=None)
    assert faults(tmp_path) == ("directory/principal is missing: a keytab and its principal go together",)
    (tmp_path / "directory" / "keytab").unlink()
    secrets(tmp_path, directory__principal="connect@MUSTERDORF.EXAMPLE")
    assert faults(tmp_path) == ("directory/keytab is missing: a keytab and its principal go together",)


@pytest.mark.parametrize("principal", ["connect", "@MUSTERDORF.EXAMPLE", "connect@", "con nect@MUSTERDORF.EXAMPLE"])
def test_what_is_no_principal_is_told(tmp_path: Path, principal: str) -> None:
    keytab(tmp_path, principal=principal)
    assert "directory/principal is no principal such as connect@SCHOOL.EXAMPLE" in faults(tmp_path)


def test_behind_a_relay_there_is_no_way_to_a_kerberos_server(tmp_path: Path, authority: Authority) -> None:
    keytab(tmp_path)
    relay_secrets(tmp_path, certificate(authority))
    said = faults(tmp_path, CONNECT_RELAY_ADDRESS="relay.example:8443")
    assert "directory/keytab: a relay leads to no Kerberos server; use bindDn and password" in said


def test_kerberos_signs_in_over_tls_only(tmp_path: Path) -> None:
    keytab(tmp_path)
    secrets(
        tmp_path,
        directory__bindDn=None,
        directory__password=None,
        directory__url="ldap://127.0.0.1",
        directory__startTls="false",
    )
    assert faults(tmp_path) == ("directory/startTls is false: Kerberos signs in over TLS only",)
