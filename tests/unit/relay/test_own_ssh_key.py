"""A bridge's folder for SSH: what is wrong with it is told before a relay would be called."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connect_relay.bridge import process
from connect_relay.bridge.own_ssh_key import OwnSshKey
from connect_relay.errors import ConfigurationError
from connect_relay.settings import Address, BridgeSettings, RelayName, Target, Transport

RELAY = Address(host="relay.example.org", port=2222)
HOST_KEY = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
KNOWN = f"[relay.example.org]:2222 {HOST_KEY}\n"


def private_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sshPrivateKey").write_text(private_key())
    (tmp_path / "knownHosts").write_text(KNOWN)
    return tmp_path


def test_a_renewed_key_is_used_at_the_next_connection(folder: Path) -> None:
    own = OwnSshKey(folder, [RELAY])
    before = own.login
    (folder / "sshPrivateKey").write_text(private_key())
    assert own.login.key != before.key
    (folder / "sshPrivateKey").write_text("broken")
    assert own.login.key not in {before.key, "broken"}


def test_the_key_is_not_shown(folder: Path) -> None:
    assert "PRIVATE KEY" not in repr(OwnSshKey(folder, [RELAY]).login)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("sshPrivateKey", "nonsense", "is no private key in OpenSSH's format without a passphrase"),
        ("sshPrivateKey", None, "cannot be read: No such file"),
        ("knownHosts", "nonsense", "is not in the format of OpenSSH's known_hosts"),
        ("knownHosts", f"other.example {HOST_KEY}", "has no host key for relay.example.org:2222"),
    ],
    ids=["no key", "no file", "no hosts", "other host"],
)
def test_what_cannot_be_used_is_told(folder: Path, file: str, content: str | None, says: str) -> None:
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(ConfigurationError, match=file) as caught:
        OwnSshKey(folder, [RELAY])
    assert says in caught.value.what


def test_a_key_of_another_kind_is_refused(folder: Path) -> None:
    key = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (folder / "sshPrivateKey").write_bytes(key)
    with pytest.raises(ConfigurationError, match="is no Ed25519 key"):
        OwnSshKey(folder, [RELAY])


def settings(*relays: RelayName, ssh: Path | None = None) -> BridgeSettings:
    target = Target(name="database", address=Address(host="db", port=5432))
    return BridgeSettings(relays=relays, tls=None, ssh=ssh, targets=(target,))


def test_each_transport_needs_its_own_folder(folder: Path) -> None:
    by_ssh = RelayName(transport=Transport.SSH, address=RELAY)
    assert process.callers_of(settings(by_ssh, ssh=folder)).keys() == {Transport.SSH}
    with pytest.raises(ConfigurationError, match=r"--ssh is not given, and relay\.example\.org:2222 needs it"):
        process.callers_of(settings(by_ssh))
    with pytest.raises(ConfigurationError, match="--tls is not given"):
        process.callers_of(settings(by_ssh, RelayName(address=RELAY), ssh=folder))
