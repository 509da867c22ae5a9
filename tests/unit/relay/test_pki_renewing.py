"""`connect-relay pki renew | revoke | crl` and SSH keys: what replaces what, what stays, and what is told."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from connect_protocol.relay.identity import Identity, Role
from connect_relay.authorized_keys import AuthorizedKeys
from connect_relay.bundle import parse
from connect_relay.pki.folder import PkiFolder
from tests.support.pki_command import call, contents, done, refused

BRIDGE = "realms/musterwil/bridge"


@pytest.fixture
def root(tmp_path: Path) -> str:
    """An authority, with a relay and a bridge."""
    folder = str(tmp_path / "pki")
    done("init", folder)
    done("relay", folder, "--name", "connect-relay", "--name", "10.0.0.1")
    done("bridge", folder, "musterwil", "--days", "20")
    return folder


@pytest.fixture
def ssh(root: str) -> str:
    """The same, and SSH."""
    done("ssh-host", root, "--name", "relay.example.org:2222", "--name", "10.0.0.1:22")
    return root


def certificate(root: str, place: str = BRIDGE) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Path(root, place, "tls.crt").read_bytes())


def serial(root: str, place: str = BRIDGE) -> str:
    return f"{certificate(root, place).serial_number:x}"


def rows(root: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(done("list", root, "--output", "json"))["certificates"]
    return listed


def states(root: str) -> dict[str, str]:
    return {row["serial"]: row["state"] for row in rows(root)}


def signed(root: str) -> x509.CertificateRevocationList:
    """The list; its signature is the authority's."""
    crl = x509.load_pem_x509_crl(Path(root, "ca", "crl.pem").read_bytes())
    key = x509.load_pem_x509_certificate(Path(root, "ca", "ca.crt").read_bytes()).public_key()
    assert crl.is_signature_valid(key)  # type: ignore[arg-type]  # an ECDSA key
    return crl


def on_list(root: str) -> set[str]:
    return {f"{entry.serial_number:x}" for entry in signed(root)}


def keys(root: str) -> AuthorizedKeys:
    return AuthorizedKeys.parse(Path(root, "ssh", "authorized_keys").read_text(), "authorized_keys")


def data(output: str) -> dict[str, str]:
    document = yaml.safe_load(output)
    return {name: base64.b64decode(text).decode() for name, text in document["data"].items()}


# Renewal


@pytest.mark.parametrize(("whose", "place"), [(("relay",), "relay"), (("musterwil", "bridge"), BRIDGE)])
def test_a_renewed_certificate_has_the_same_names_and_a_new_key(root: str, whose: tuple[str, ...], place: str) -> None:
    before = certificate(root, place)
    done("renew", root, *whose)
    after = certificate(root, place)
    key = load_pem_private_key(Path(root, place, "tls.key").read_bytes(), password=None)
    assert key.public_key() == after.public_key() != before.public_key()
    san = x509.SubjectAlternativeName
    assert after.extensions.get_extension_for_class(san) == before.extensions.get_extension_for_class(san)
    assert after.subject == before.subject
    assert set(contents(Path(root, place))) == {"ca.crt", "tls.crt", "tls.key"}


def test_the_certificate_before_is_listed_as_superseded_and_its_key_is_gone(root: str) -> None:
    key = Path(root, BRIDGE, "tls.key").read_bytes()
    before = serial(root)
    done("renew", root, "musterwil", "bridge")
    assert states(root)[before] == "superseded"
    assert states(root)[serial(root)] == "valid"
    assert key not in contents(Path(root)).values()
    (line,) = [line for line in done("list", root).splitlines() if before in line]
    assert line.startswith(BRIDGE)
    assert "superseded, 19 days left" in line


def test_a_nightly_job_renews_only_what_ends_soon(root: str) -> None:
    before = contents(Path(root))
    assert "needs no new certificate yet" in done("renew", root, "musterwil", "bridge", "--if-ends-within", "19")
    assert contents(Path(root)) == before
    result = call("renew", root, "musterwil", "bridge", "--if-ends-within", "19", "--output", "secret")
    assert (result.exit_code, result.stdout) == (0, "")
    done("renew", root, "musterwil", "bridge", "--if-ends-within", "20")
    assert (certificate(root).not_valid_after_utc - datetime.now(UTC)).days == 364


def test_a_nightly_job_lets_nobody_in_again_who_is_revoked(root: str) -> None:
    done("revoke", root, "musterwil", "bridge")
    assert "needs no new certificate" in done("renew", root, "musterwil", "bridge", "--if-ends-within", "365")


def test_a_renewed_certificate_in_a_secret_leaves_no_key(root: str) -> None:
    secret = data(done("renew", root, "musterwil", "bridge", "--output", "secret"))
    shown = x509.load_pem_x509_certificate(secret["tls.crt"].encode())
    assert shown == certificate(root)
    assert load_pem_private_key(secret["tls.key"].encode(), password=None).public_key() == shown.public_key()
    assert not Path(root, BRIDGE, "tls.key").exists()


def test_what_was_never_issued_is_not_renewed(root: str) -> None:
    assert "realms/musterwil/worker holds no certificate" in refused("renew", root, "musterwil", "worker")
    assert "bridge or worker of musterwil?" in refused("renew", root, "musterwil")
    assert "an SSH key has no end" in refused("renew", root, "relay", "--ssh")
    assert "musterwil/worker-ssh holds no SSH key" in refused("renew", root, "musterwil", "worker", "--ssh")


def test_what_a_broken_off_command_left_is_not_listed(root: str) -> None:
    draft = Path(root, "realms/musterwil/.new-x")
    draft.mkdir()
    (draft / "tls.crt").write_bytes(Path(root, BRIDGE, "tls.crt").read_bytes())
    assert [row["folder"] for row in rows(root)] == ["ca", BRIDGE, "relay"]


def test_two_commands_do_not_change_the_same_folder_at_once(root: str) -> None:
    """A revocation that another command forgets would be a door left open."""
    with PkiFolder(Path(root)).alone():
        assert "another command is at work here" in refused("revoke", root, "musterwil", "bridge")
    done("revoke", root, "musterwil", "bridge")


# Revocation


def test_who_is_revoked_stands_on_a_signed_list(root: str) -> None:
    assert on_list(root) == set()
    told = done("revoke", root, "musterwil", "bridge")
    assert on_list(root) == {serial(root)}
    assert f"Certificate {serial(root)} of connect://realm/musterwil/bridge is revoked" in told
    assert "crl.pem lists 1 certificates; sign it anew before " in told
    assert states(root)[serial(root)] == "revoked"
    assert "REVOKED" in done("list", root)


def test_a_new_certificate_after_a_revocation_is_good(root: str) -> None:
    before = serial(root)
    done("revoke", root, "musterwil", "bridge")
    done("renew", root, "musterwil", "bridge")
    assert on_list(root) == {before} != {serial(root)}
    assert states(root) == {**states(root), before: "revoked", serial(root): "valid"}


def test_one_that_was_renewed_is_revoked_by_its_serial_number(root: str) -> None:
    before = serial(root)
    done("renew", root, "musterwil", "bridge")
    told = done("revoke", root, "musterwil", "bridge", "--serial", before.upper())
    assert on_list(root) == {before}
    assert f"Certificate {serial(root)} of connect://realm/musterwil/bridge is valid and still lets in" in told


def test_who_revokes_the_newest_is_told_that_the_one_before_still_lets_in(root: str) -> None:
    before = serial(root)
    done("renew", root, "musterwil", "bridge")
    told = done("revoke", root, "musterwil", "bridge")
    assert on_list(root) == {serial(root)}
    assert f"Certificate {before} of connect://realm/musterwil/bridge is superseded and still lets in" in told


def test_a_serial_number_that_is_not_known_here_is_revoked_and_told(root: str) -> None:
    """The folder may have come from a backup that is older than the certificate."""
    assert "is known here; it is revoked all the same" in done("revoke", root, "musterwil", "bridge", "--serial", "abc")
    assert on_list(root) == {"abc"}


def test_a_list_never_forgets(root: str) -> None:
    done("revoke", root, "musterwil", "bridge", "--serial", "a")
    since = {entry.serial_number: entry.revocation_date_utc for entry in signed(root)}
    done("revoke", root, "musterwil", "bridge", "--serial", "b")
    done("revoke", root, "musterwil", "bridge", "--serial", "a")
    done("crl", root)
    assert on_list(root) == {"a", "b"}
    assert since.items() <= {entry.serial_number: entry.revocation_date_utc for entry in signed(root)}.items()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("seldwyla", "bridge"), "holds no certificate and no SSH key of connect://realm/seldwyla/bridge"),
        (("musterwil", "bridge", "--serial", "xyz"), "'xyz' is no serial number in hex"),
        (("musterwil", "bridge", "--serial", "f" * 64), "ff' is no serial number in hex"),
        (("musterwil", "bridge", "--serial", "0"), "'0' is no serial number in hex"),
        (("musterwil", "bridge", "--serial", "-1"), "'-1' is no serial number in hex"),
        (("musterwil", "bridge", "--key", "SHA256:x"), "no SSH key of connect://realm/musterwil/bridge has the"),
        (("musterwil", "bridge", "--key", "SHA256:x", "--serial", "a"), "--serial or --key"),
    ],
)
def test_what_cannot_be_revoked_is_told(root: str, arguments: tuple[str, ...], what: str) -> None:
    before = contents(Path(root))
    assert what in refused("revoke", root, *arguments)
    assert contents(Path(root)) == before


def test_a_damaged_record_revokes_nobody_silently(root: str) -> None:
    Path(root, "ca", "revoked").write_text("nonsense\n")
    assert "ca/revoked is damaged" in refused("revoke", root, "musterwil", "bridge")
    assert "ca/revoked is damaged" in refused("crl", root)


def test_the_list_is_signed_anew_before_it_is_due(root: str) -> None:
    number = signed(root).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    secret = data(done("crl", root, "--days", "10", "--output", "secret"))
    assert secret == {"crl.pem": Path(root, "ca", "crl.pem").read_text()}
    crl = signed(root)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > number
    assert crl.next_update_utc is not None
    assert timedelta(days=9) < crl.next_update_utc - datetime.now(UTC) < timedelta(days=11)
    assert "9 days left: sign it anew" in done("list", root)


# SSH


def test_the_host_key_is_known_by_every_name(ssh: str) -> None:
    key = load_ssh_private_key(Path(ssh, "ssh", "ssh_host_ed25519_key").read_bytes(), None)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    known = Path(ssh, "ssh", "known_hosts").read_text().splitlines()
    assert known == [f"[relay.example.org]:2222 {public}", f"10.0.0.1 {public}"]
    assert S_IMODE(Path(ssh, "ssh", "ssh_host_ed25519_key").stat().st_mode) == 0o600
    assert "is there already" in refused("ssh-host", ssh, "--name", "relay:2222")


def test_a_key_for_ssh_is_made_and_let_in(ssh: str) -> None:
    done("bridge", ssh, "musterwil", "--ssh")
    folder = Path(ssh, "realms", "musterwil", "bridge-ssh")
    key = load_ssh_private_key((folder / "sshPrivateKey").read_bytes(), None)
    (entry,) = keys(ssh).entries
    assert entry.identity == Identity(realm="musterwil", role=Role.BRIDGE)
    assert key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() in entry.line
    assert (folder / "knownHosts").read_text() == Path(ssh, "ssh", "known_hosts").read_text()
    assert S_IMODE((folder / "sshPrivateKey").stat().st_mode) == 0o600
    assert entry.fingerprint in done("list", ssh)
    assert "is there already" in refused("bridge", ssh, "musterwil", "--ssh")


def test_a_key_in_a_secret_is_on_no_disk(ssh: str) -> None:
    output = done("worker", ssh, "musterwil", "--ssh", "--output", "secret")
    assert yaml.safe_load(output)["metadata"] == {"name": "musterwil-relay-ssh"}
    secret = data(output)
    assert set(secret) == {"sshPrivateKey", "knownHosts"}
    assert not any(secret["sshPrivateKey"].encode() in content for content in contents(Path(ssh)).values())
    assert keys(ssh).entries[0].identity.role is Role.WORKER


def test_a_key_that_its_owner_has_made_is_let_in_once(ssh: str, tmp_path: Path) -> None:
    public = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    path = tmp_path / "id_ed25519.pub"
    path.write_text(f"{public} it@school\n")
    told = done("bridge", ssh, "musterwil", "--public-key", str(path))
    (entry,) = keys(ssh).entries
    assert (entry.line, entry.comment) == (f'realm="musterwil",role="bridge" {public} it@school', "it@school")
    assert entry.fingerprint in told
    assert "this key is there already, as connect://realm/musterwil/bridge" in refused(
        "worker", ssh, "seldwyla", "--public-key", str(path)
    )
    path.write_text("ssh-rsa AAAA it@school\n")
    assert "only ssh-ed25519 is accepted" in refused("bridge", ssh, "musterwil", "--public-key", str(path))


def test_without_a_host_key_there_is_no_ssh(root: str) -> None:
    before = contents(Path(root))
    assert "connect-relay pki ssh-host" in refused("bridge", root, "musterwil", "--ssh")
    assert contents(Path(root)) == before


def test_a_renewed_key_lets_in_beside_the_old_one_until_that_is_revoked(ssh: str) -> None:
    done("bridge", ssh, "musterwil", "--ssh")
    (before,) = keys(ssh).entries
    done("renew", ssh, "musterwil", "bridge", "--ssh")
    older, newer = keys(ssh).entries
    assert older == before
    told = done("revoke", ssh, "musterwil", "bridge", "--key", before.fingerprint)
    assert keys(ssh).entries == (newer,)
    assert f"SSH key {newer.fingerprint} of connect://realm/musterwil/bridge still lets in" in told
    assert on_list(ssh) == set()


def test_who_is_revoked_without_more_words_loses_certificate_and_keys(ssh: str) -> None:
    done("bridge", ssh, "musterwil", "--ssh")
    done("worker", ssh, "musterwil", "--ssh")
    path = Path(ssh, "ssh", "authorized_keys")
    path.write_text(path.read_text() + "# a note\n")
    done("revoke", ssh, "musterwil", "bridge")
    assert on_list(ssh) == {serial(ssh)}
    assert [entry.identity.role for entry in keys(ssh).entries] == [Role.WORKER]
    assert path.read_text().endswith("# a note\n")
    listed = json.loads(done("list", ssh, "--output", "json"))
    assert [key["identity"] for key in listed["sshKeys"]] == ["connect://realm/musterwil/worker"]
    assert listed["revocationList"]["entries"] == 1


def test_a_bundle_for_a_bridge_by_ssh_has_its_key(ssh: str, tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    arguments = ("bundle", ssh, "musterwil", "--relay", "ssh://relay.example.org:2222", "--to", str(path))
    assert f"connect-relay pki bridge {ssh} musterwil --ssh" in refused(*arguments)
    done("bridge", ssh, "musterwil", "--ssh")
    done(*arguments)
    kept = Path(ssh, "realms", "musterwil", "bridge-ssh", "sshPrivateKey").read_text()
    (private,) = [file for file in parse(path.read_text(), "bundle").files if file.name == "sshPrivateKey"]
    assert private.text == kept
