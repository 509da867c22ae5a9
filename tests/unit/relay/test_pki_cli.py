"""`connect-relay pki`: files and Secrets as Kubernetes wants them; nothing overwritten; keys only where asked for."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.pki_command import contents, done, refused

FILES = {"ca.crt", "tls.crt", "tls.key"}


def keys(folder: Path) -> set[str]:
    return {name for name, content in contents(folder).items() if b"PRIVATE KEY" in content}


@pytest.fixture
def root(tmp_path: Path) -> str:
    folder = tmp_path / "pki"
    done("init", str(folder))
    return str(folder)


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (("relay", "--name", "connect-relay.connect.svc"), "relay"),
        (("bridge", "musterwil"), "realms/musterwil/bridge"),
        (("worker", "musterwil"), "realms/musterwil/worker"),
    ],
)
def test_each_identity_gets_a_folder_that_is_a_secret_as_it_is(
    root: str, arguments: tuple[str, ...], place: str
) -> None:
    command, *rest = arguments
    done(command, root, *rest)
    folder = Path(root, place)
    assert set(contents(folder)) == FILES
    certificate = x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes())
    key = load_pem_private_key((folder / "tls.key").read_bytes(), password=None)
    assert key.public_key() == certificate.public_key()
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()))


def test_private_keys_are_for_their_owner_alone(root: str) -> None:
    done("worker", root, "musterwil")
    modes = {path.name: S_IMODE(path.stat().st_mode) for path in Path(root).rglob("*.*")}
    assert (modes["ca.key"], modes["tls.key"]) == (0o600, 0o600)


@pytest.mark.parametrize(
    "place",
    ["ca/ca.crt", "ca/ca.key", "ca/revoked", "ca/crl.pem", "realms/musterwil/worker/tls.crt", "ssh/authorized_keys"],
)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe damaged", b"damaged"])
def test_a_list_of_what_is_damaged_says_which_file_and_what_to_do(root: str, place: str, content: bytes) -> None:
    done("worker", root, "musterwil")
    done("ssh-host", root, "--name", "relay.example.org:2222")
    Path(root, place).write_bytes(content)
    if not content and place in {"ca/revoked", "ssh/authorized_keys"}:
        done("list", root)
        return
    said = refused("list", root)
    assert str(Path(root, place).parent) in said
    assert "put it back from a backup" in said or "sign it anew with" in said or "put the file back" in said


@pytest.mark.parametrize("command", ["worker", "bridge"])
def test_a_secret_for_kubectl_holds_what_the_files_would(root: str, command: str) -> None:
    secret: Any = yaml.safe_load(done(command, root, "musterwil", "--output", "secret"))
    assert (secret["apiVersion"], secret["kind"], secret["type"]) == ("v1", "Secret", "Opaque")
    assert secret["metadata"] == {"name": "musterwil-relay"}
    data = {name: base64.b64decode(text) for name, text in secret["data"].items()}
    assert set(data) == FILES
    certificate = x509.load_pem_x509_certificate(data["tls.crt"])
    assert load_pem_private_key(data["tls.key"], password=None).public_key() == certificate.public_key()


def test_a_key_that_went_to_stdout_is_on_no_disk(root: str) -> None:
    """The certificate is kept all the same: `list` knows of it."""
    before = keys(Path(root))
    done("relay", root, "--name", "connect-relay", "--output", "secret", "--secret-name", "relay-tls")
    assert keys(Path(root)) == before == {"ca/ca.key"}
    assert "relay" in done("list", root)


def test_a_certificate_is_never_overwritten(root: str) -> None:
    for form in ("files", "secret"):
        done("worker", root, f"realm-{form}", "--output", form)
        before = contents(Path(root))
        assert "is there already" in refused("worker", root, f"realm-{form}")
        assert "is there already" in refused("worker", root, f"realm-{form}", "--output", "secret")
        assert contents(Path(root)) == before


def test_an_authority_is_never_overwritten(root: str) -> None:
    before = contents(Path(root))
    assert "is there already" in refused("init", root)
    assert contents(Path(root)) == before


def test_who_has_no_authority_is_told_how_to_make_one(tmp_path: Path) -> None:
    assert f"connect-relay pki init {tmp_path}" in refused("worker", str(tmp_path), "musterwil")
    assert f"connect-relay pki init {tmp_path}" in refused("list", str(tmp_path))
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("realm", ["Musterwil", "a/b", "..", "muster_wil", "x" * 64, ""])
def test_a_realm_is_a_dns_label(root: str, realm: str) -> None:
    before = contents(Path(root))
    assert "DNS label" in refused("worker", root, realm)
    assert contents(Path(root)) == before


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused("init", str(tmp_path / "file" / "pki"))


def test_a_damaged_authority_is_named(root: str) -> None:
    Path(root, "ca", "ca.key").write_text("nothing")
    assert str(Path(root, "ca")) in refused("worker", root, "musterwil")


def test_the_list_tells_names_and_ends(root: str) -> None:
    done("relay", root, "--name", "connect-relay", "--name", "10.0.0.1")
    done("worker", root, "musterwil", "--days", "30")
    rows = json.loads(done("list", root, "--output", "json"))["certificates"]
    assert [(row["folder"], row["names"], row["expired"]) for row in rows] == [
        ("ca", [], False),
        ("realms/musterwil/worker", ["connect://realm/musterwil/worker"], False),
        ("relay", ["connect-relay", "10.0.0.1"], False),
    ]
    days = [
        round((datetime.fromisoformat(row["notAfter"]) - datetime.now(UTC)).total_seconds() / 86_400) for row in rows
    ]
    assert days == [3650, 30, 365]
    table = done("list", root).splitlines()
    assert [line.split()[0] for line in table] == [*(row["folder"] for row in rows), "ca/crl.pem"]
    assert "29 days left" in table[1]


def test_help_teaches_the_whole_way() -> None:
    told = done("--help")
    assert [word for word in ("pki init", "kubectl", "--from-file=pki/relay") if word not in told] == []
