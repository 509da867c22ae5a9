"""`connect-relay` and `connect-bridge` as somebody uses them who has made a mistake, or wants to know."""

import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from shutil import copyfile, copytree

import pytest

from connect_protocol.relay.identity import Identity, Role
from connect_relay.pki.certificates import client
from connect_relay.pki.folder import PkiFolder, files_of
from tests.support.hosts import Hosts
from tests.support.ports import reserved_port
from tests.support.relay import HOST, NAME, Pki, now
from tests.support.targets import Targets

SECOND_HOST = "127.0.0.2"


def ended(*arguments: str | Path) -> tuple[int, str]:
    """Run a command that ends by itself; returns exit code and output."""
    program = Path(sys.executable).parent / arguments[0]
    done = subprocess.run([program, *arguments[1:]], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def no_file(folder: Path, _pki: Pki) -> None:
    (folder / "tls.key").unlink()


def other_key(folder: Path, pki: Pki) -> None:
    copyfile(pki.worker() / "tls.key", folder / "tls.key")


def other_ca(folder: Path, pki: Pki) -> None:
    copyfile(Pki.create(pki.root / f"other-{folder.parent.name}").relay / "ca.crt", folder / "ca.crt")


def no_certificate(folder: Path, _pki: Pki) -> None:
    (folder / "tls.crt").write_text("nothing", encoding="ascii")


def no_key(folder: Path, _pki: Pki) -> None:
    (folder / "tls.key").write_text("nothing", encoding="ascii")


Fault = Callable[[Path, Pki], None]
FAULTS = [
    (no_file, "tls.key cannot be read: No such file or directory. The folder should hold tls.crt, tls.key and ca.crt"),
    (other_key, "tls.key is not the private key of"),
    (other_ca, "has not been issued by the authority in"),
    (no_certificate, "tls.crt is no certificate in PEM"),
    (no_key, "tls.key is no private key in PEM"),
]


@pytest.mark.parametrize(("fault", "what"), FAULTS)
def test_a_relay_with_unusable_certificates_says_what_is_wrong(
    pki: Pki, tmp_path: Path, fault: Fault, what: str
) -> None:
    folder = copytree(pki.relay, tmp_path / "tls")
    fault(folder, pki)
    code, output = ended("connect-relay", "serve", "--listen", "127.0.0.1:0", "--tls", folder)
    assert code == 2
    assert what in output
    assert "Traceback" not in output


def test_a_relay_that_is_not_told_of_its_certificate_says_by_what_it_can_be() -> None:
    code, output = ended("connect-relay", "serve", "--listen", "127.0.0.1:0")
    assert code == 2
    assert "Missing option '--tls' (env var: 'CONNECT_RELAY_TLS')" in output


def test_a_bridge_with_anothers_certificate_does_not_start(pki: Pki) -> None:
    code, output = ended(
        *("connect-bridge", "run", "--relay", "127.0.0.1:1", "--tls", pki.worker(), "--target", "database=db:5432")
    )
    assert code == 2
    assert "tls.crt is not a bridge's: it names connect://realm/musterwil/worker" in output


def test_a_bridge_whose_certificate_has_expired_does_not_start(pki: Pki, tmp_path: Path) -> None:
    identity = Identity(realm="musterwil", role=Role.BRIDGE)
    long_ago = now() - timedelta(days=3)
    issued = pki.authority.issue(client(identity), timedelta(days=1), long_ago)
    folder = PkiFolder(tmp_path).keep(Path("expired"), files_of(issued))
    code, output = ended(
        *("connect-bridge", "run", "--relay", "127.0.0.1:1", "--tls", folder, "--target", "database=db:5432")
    )
    assert code == 2
    assert "tls.crt has expired at " in output


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("database", "is not NAME=HOST:PORT, such as database=db.example.org:5432"),
        ("database=db", "is not NAME=HOST:PORT"),
        ("=db:5432", "is not NAME=HOST:PORT"),
        ("Data_base=db:5432", "Data_base is no name for a target: lower-case letters, digits and hyphens between"),
        ("database=db:0", "is not NAME=HOST:PORT"),
        ("database=db:70000", "is not NAME=HOST:PORT"),
        ("database=user@db:5432", "is not NAME=HOST:PORT"),
    ],
)
def test_a_target_that_cannot_be_read_is_named(target: str, what: str) -> None:
    code, output = ended("connect-bridge", "check", "--target", target)
    assert code == 2
    assert what in output


def test_a_targets_name_is_given_once() -> None:
    code, output = ended("connect-bridge", "check", "--target", "database=a:1", "--target", "database=b:2")
    assert code == 2
    assert "--target database is given twice" in output


def test_check_tells_which_targets_can_be_reached(goals: Targets) -> None:
    targets = [
        ("--target", f"{name}=127.0.0.1:{port}")
        for name, port in goals.by_name().items()
        if name in {"echo", "refusing", "hanging"}
    ]
    code, output = ended(
        "connect-bridge", "check", "--dial-seconds", "0.5", *(text for pair in targets for text in pair)
    )
    assert code == 7
    echo, refusing, hanging, todo = output.splitlines()
    assert echo == f"✓ echo         127.0.0.1:{goals.echo}: reached"
    assert refusing.startswith("✗ refusing")
    assert refusing.endswith("cannot be reached: Connection refused")
    assert hanging.startswith("✗ hanging")
    assert hanging.endswith("has not answered within 0.5 s")
    assert todo.startswith("→ Is the name right")


def test_check_succeeds_when_all_can_be_reached(goals: Targets) -> None:
    code, _ = ended("connect-bridge", "check", "--target", f"echo=localhost:{goals.echo}")
    assert code == 0


def test_of_a_targets_addresses_one_that_is_silent_holds_up_nobody(goals: Targets, hosts: Hosts) -> None:
    """As of a domain, whose name stands for all its controllers, while one of them is switched off."""
    with socket.create_server((SECOND_HOST, goals.hanging)):
        for addresses, code in (((HOST, SECOND_HOST), 0), ((HOST,), 7)):
            hosts.set(*addresses)
            check = ("connect-bridge", "check", "--dial-seconds", "2", "--target", f"directory={NAME}:{goals.hanging}")
            assert ended(*hosts.seen_by(*check))[0] == code


def test_a_name_that_nobody_knows_is_told() -> None:
    code, output = ended("connect-bridge", "check", "--target", "database=no-such-host.invalid:5432")
    assert code == 7
    assert "target database cannot be reached: " in output


@pytest.mark.parametrize(
    "arguments",
    [("connect-relay",), ("connect-relay", "serve"), ("connect-bridge",), ("connect-bridge", "run")],
)
def test_help_teaches(arguments: tuple[str, ...]) -> None:
    code, output = ended(*arguments, "--help")
    assert code == 0
    assert "Usage: " in output


def test_a_bridge_whose_log_nobody_reads_any_more_ends_without_a_word(pki: Pki) -> None:
    """As in `connect-bridge run … | head -1`: the relay is away, so a second line comes soon."""
    program = Path(sys.executable).with_name("connect-bridge")
    with reserved_port() as nobody:
        arguments = ("run", "--relay", f"127.0.0.1:{nobody}", "--tls", pki.bridge(), "--target", "database=db:5432")
        bridge = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert bridge.stdout is not None
        assert bridge.stderr is not None
        with bridge.stdout as lines:
            assert any("bridge runs" in line for line in lines)
        with bridge.stderr as errors:
            assert (bridge.wait(20), errors.read()) == (0, "")
