"""What an installed bridge consists of: bundle, settings, files, unit."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from connect_relay import bundle as bundles
from connect_relay.bridge.installation import FOLDER, Installation, Wishes, read_variables
from connect_relay.bundle import Bundle, BundledFile
from connect_relay.errors import ConfigurationError
from connect_relay.settings import Address, Proxy, ProxyChoice, RelayName, Target

PROGRAM = PurePosixPath("/opt/connect-bridge/bin/connect-bridge")
FILES = tuple(BundledFile(name=name, text=f"the text of {name}\n") for name in ("tls.crt", "tls.key", "ca.crt"))
SENT = Bundle(realm="musterwil", relays=("relay.example.org:8443", "ssh://relay.example.org:2222"), files=FILES)
DATABASE = Target(name="database", address=Address(host="db.school.example", port=5432))
PROXY = ProxyChoice(proxy=Proxy(address=Address(host="proxy", port=3128), login="anna:geheim"))
INSTALLED = Installation().changed(Wishes(bundle=SENT, targets=(DATABASE,), proxy=PROXY))


def texts(installation: Installation) -> dict[str, tuple[int, str]]:
    """Mode and text of each file by its name."""
    return {file.path.name: (file.mode, file.text) for file in installation.planned(PROGRAM)}


def test_a_bundle_comes_out_as_it_went_in() -> None:
    assert bundles.parse(SENT.to_text(), "bundle") == SENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        SENT.to_text().replace("connect-bridge/1", "connect-bridge/2"),
        SENT.to_text().replace("musterwil", "../musterwil"),
        SENT.to_text().replace("tls.key", "../../tls.key"),
        replace(SENT, files=FILES[:2]).to_text(),
        replace(SENT, relays=()).to_text(),
    ],
)
def test_what_is_no_bundle_is_refused_without_its_content(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^it is (no bundle of a bridge|damaged)\. Ask whoever") as refused:
        bundles.parse(text, "it")
    assert "the text" not in str(refused.value)


def test_a_bundle_shows_no_key() -> None:
    assert "the text" not in repr(SENT)
    assert "geheim" not in repr(INSTALLED)


def test_the_environment_file_says_all_that_is_no_secret() -> None:
    mode, text = texts(INSTALLED)["environment"]
    assert mode == 0o640
    assert read_variables(text) == {
        "CONNECT_BRIDGE_TLS": "/etc/connect-bridge",
        "CONNECT_BRIDGE_RELAY": "relay.example.org:8443 ssh://relay.example.org:2222",
        "CONNECT_BRIDGE_TARGETS": "database=db.school.example:5432",
        "CONNECT_BRIDGE_PROXY": "http://proxy:3128",
        "CONNECT_BRIDGE_PROXY_LOGIN": "/etc/connect-bridge/proxy-login",
    }


def test_secrets_are_in_files_for_root_alone_and_the_service_gets_a_copy() -> None:
    planned = texts(INSTALLED)
    assert planned["tls.key"] == (0o600, "the text of tls.key\n")
    assert planned["proxy-login"] == (0o600, "anna:geheim\n")
    unit = planned["connect-bridge.service"][1]
    assert "LoadCredential=tls.key:/etc/connect-bridge/tls.key" in unit
    assert "run --tls ${CREDENTIALS_DIRECTORY} --proxy-login ${CREDENTIALS_DIRECTORY}/proxy-login" in unit
    assert [name for name, (_, text) in planned.items() if "geheim" in text] == ["proxy-login"]


def test_a_bridge_by_ssh_gets_its_key_likewise() -> None:
    """And with both kinds of relays, both kinds of papers."""
    files = tuple(BundledFile(name=name, text="ssh\n") for name in ("sshPrivateKey", "knownHosts"))
    sent = Bundle(realm="musterwil", relays=("ssh://relay.example.org:2222",), files=files)
    by_ssh = Installation().changed(Wishes(bundle=sent, targets=(DATABASE,)))
    assert by_ssh.variables["CONNECT_BRIDGE_SSH"] == "/etc/connect-bridge"
    assert "CONNECT_BRIDGE_TLS" not in by_ssh.variables
    planned = texts(by_ssh)
    assert planned["sshPrivateKey"] == (0o600, "ssh\n")
    assert " run --ssh ${CREDENTIALS_DIRECTORY}\n" in planned["connect-bridge.service"][1]
    both = INSTALLED.changed(Wishes(bundle=replace(SENT, files=(*FILES, *files))))
    assert " run --tls ${CREDENTIALS_DIRECTORY} --ssh ${" in texts(both)["connect-bridge.service"][1]


def test_what_is_not_asked_for_stays() -> None:
    """Lines that somebody has added to the environment file too."""
    before = replace(INSTALLED, variables={**INSTALLED.variables, "CONNECT_LOG_LEVEL": "debug"})
    directory = Target(name="directory", address=Address(host="dc1", port=636))
    after = before.changed(Wishes(targets=(directory,)))
    assert after == replace(before, variables={**before.variables, "CONNECT_BRIDGE_TARGETS": "directory=dc1:636"})
    relay = RelayName(address=Address(host="other.example.org", port=443))
    assert before.changed(Wishes(relays=(relay,))).variables["CONNECT_BRIDGE_RELAY"] == "other.example.org:443"


def test_a_proxy_can_be_taken_away_with_its_password() -> None:
    after = INSTALLED.changed(Wishes(proxy=ProxyChoice()))
    assert after.variables["CONNECT_BRIDGE_PROXY"] == "none"
    assert "CONNECT_BRIDGE_PROXY_LOGIN" not in after.variables
    assert "proxy-login" not in str(texts(after))


@pytest.mark.parametrize(
    ("installation", "why"),
    [
        (Installation().changed(Wishes(targets=(DATABASE,))), "nothing is installed yet. Give the bundle"),
        (Installation().changed(Wishes(bundle=SENT)), "no target is named. Give --target"),
        (replace(INSTALLED, variables={**INSTALLED.variables, "X": 'a"b'}), "X holds a quote"),
        (replace(INSTALLED, variables={**INSTALLED.variables, "X": "a\nb"}), "X holds a quote"),
    ],
)
def test_what_is_missing_is_named(installation: Installation, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        list(installation.planned(PROGRAM))


def test_the_folder_is_that_of_the_how_to() -> None:
    assert {file.path.parent for file in INSTALLED.planned(PROGRAM)} == {FOLDER, PurePosixPath("/etc/systemd/system")}
