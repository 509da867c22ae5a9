"""docs/how-to/relay-identities.md: every command on the page, given in its order, does what the page says."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from connect_relay.authorized_keys import AuthorizedKeys
from connect_relay.credentials import authorities_of, load_certificates
from connect_relay.revocations import load_revocations
from tests.support.pki_command import done
from tests.support.repository import read

PAGE = "docs/how-to/relay-identities.md"
BRIDGE = "realms/musterwil/bridge"
KUBECTL = f"""#!{sys.executable}
import base64, json, pathlib, sys
words = sys.argv[1:]
if "apply" in words:
    source = words[words.index("--filename") + 1]
    text = sys.stdin.read() if source == "-" else pathlib.Path(source).read_text()
    with open("applied.yaml", "a") as applied:
        applied.write("---\\n" + text)
elif "create" in words:
    (folder,) = [word.partition("=")[2] for word in words if word.startswith("--from-file=")]
    data = {{file.name: base64.b64encode(file.read_bytes()).decode() for file in pathlib.Path(folder).iterdir()}}
    name = words[words.index("generic") + 1]
    print(json.dumps({{"kind": "Secret", "metadata": {{"name": name}}, "data": data}}))
else:
    sys.exit("no such command: " + " ".join(words))
"""
"""What of kubectl the page uses, without a cluster: it keeps what it is told to apply."""
CONNECT_RELAY = f"""#!{sys.executable}
import sys
from connect_relay.pki.cli import pki
assert sys.argv.pop(1) == "pki"
pki()
"""
"""`connect-relay pki` without the relay itself, whose libraries would take most of the test's time to load."""


class Desk:
    """A machine with the folder pki, on which somebody follows the page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs = folder / "programs"
        programs.mkdir()
        for name, text in (("kubectl", KUBECTL), ("connect-relay", CONNECT_RELAY)):
            (programs / name).write_text(text, encoding="utf-8")
            (programs / name).chmod(0o755)
        path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        self._environment = {"PATH": os.pathsep.join(path), "LANG": "C.UTF-8"}
        self.pki = str(folder / "pki")
        done("init", self.pki)
        done("relay", self.pki, "--name", "connect-relay")

    def give(self, block: str) -> None:
        command = ["bash", "-euo", "pipefail", "-c", block]
        ended = subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, f"{block}\n{ended.stdout}{ended.stderr}"

    def listed(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(done("list", self.pki, "--output", "json"))
        return document

    def bridges(self, state: str) -> list[str]:
        """Serial numbers of the bridge's certificates in this state."""
        rows = self.listed()["certificates"]
        return [row["serial"] for row in rows if row["folder"] == BRIDGE and row["state"] == state]

    def bridge_keys(self) -> list[str]:
        """Fingerprints of the bridge's SSH keys."""
        return [key["fingerprint"] for key in self.listed()["sshKeys"] if key["identity"].endswith("/bridge")]

    def applied(self) -> dict[str, dict[str, bytes]]:
        """What each Secret held that was applied last."""
        text = (self.folder / "applied.yaml").read_text(encoding="utf-8")
        return {
            each["metadata"]["name"]: {name: base64.b64decode(held) for name, held in each["data"].items()}
            for each in yaml.safe_load_all(text)
            if each
        }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def superseded(desk: Desk) -> str:
    """Of a certificate that was renewed before anybody thought of revoking it."""
    done("renew", desk.pki, "musterwil", "bridge")
    (serial,) = desk.bridges("superseded")
    return serial


PLACEHOLDERS: dict[str, Callable[[Desk], str]] = {
    "SERIAL": superseded,
    "SHA256:FINGERPRINT": lambda desk: desk.bridge_keys()[0],
}


def test_the_page_can_be_followed_from_top_to_bottom(desk: Desk, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", read(PAGE), re.DOTALL)
    for block in blocks:
        for placeholder, find in PLACEHOLDERS.items():
            if placeholder in block:
                block = block.replace(placeholder, find(desk))  # noqa: PLW2901 - as a reader does
        desk.give(block)
    assert {name: set(files) for name, files in desk.applied().items()} == {
        "musterwil-relay": {"ca.crt", "tls.crt", "tls.key"},
        "connect-relay": {"ca.crt", "tls.crt", "tls.key"},
        "connect-relay-crl": {"crl.pem"},
        "musterwil-relay-ssh": {"sshPrivateKey", "knownHosts"},
        "connect-relay-ssh": {"ssh_host_ed25519_key", "known_hosts", "authorized_keys"},
    }
    assert (len(desk.bridges("revoked")), len(desk.bridges("valid")), desk.bridges("superseded")) == (2, 1, [])
    assert desk.listed()["revocationList"]["entries"] == 2
    keys = AuthorizedKeys.parse(Path(desk.pki, "ssh", "authorized_keys").read_text(encoding="utf-8"), "authorized_keys")
    comments = [key.comment for key in keys.entries]
    assert comments == ["connect musterwil worker", "it@musterwil.example", "connect musterwil bridge"]
    for folder in ("pki/relay", f"pki-new/{BRIDGE}"):
        assert len(authorities_of(load_certificates(desk.folder / folder))) == 2
    crl = tmp_path / "crl.pem"
    crl.write_bytes(desk.applied()["connect-relay-crl"]["crl.pem"])
    # The relay takes it, once it believes the new authority alone.
    load_revocations(crl, authorities_of(load_certificates(desk.folder / "pki-new" / "relay")))
