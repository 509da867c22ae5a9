"""`connect-bridge install` into a folder, file by file; what it refuses; what systemd's own tools say of the unit."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from connect_protocol.exit_codes import ExitCode
from connect_relay.cli import main as relay_command
from tests.support.relay import Pki

BIN = Path(sys.executable).parent
TARGETS = ("--target", "database=db.school.example:5432", "--target", "directory=dc1.school.example:636")
UNIT = "etc/systemd/system/connect-bridge.service"
MOST_EXPOSURE = 2.0
"""Of 10, in the words of `systemd-analyze security`; most services of a distribution have more than 9."""


def run(*arguments: str | Path, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
    """An installed command; returns exit code and output."""
    command = [arguments[0] if "/" in str(arguments[0]) else BIN / arguments[0], *arguments[1:]]
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(variables or {})}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def bundle(pki: Pki, tmp_path: Path) -> Path:
    """What whoever runs the relay sends."""
    path = tmp_path / "musterwil.connect-bridge"
    arguments = ["bundle", str(pki.root), "musterwil", "--relay", "relay.example.org:8443", "--to", str(path)]
    relay_command.main(["pki", *arguments], standalone_mode=False)
    assert path.stat().st_mode & 0o777 == 0o600
    return path


def test_of_a_bundle_for_which_there_is_no_room_nothing_is_left(pki: Pki, tmp_path: Path) -> None:
    """A limit on the size of files is as good as a full disk."""
    path = tmp_path / "musterwil.connect-bridge"
    make = ("pki", "bundle", pki.root, "musterwil", "--relay", "relay.example.org:8443", "--to", path)
    code, output = run("/usr/bin/prlimit", "--fsize=1000", BIN / "connect-relay", *make)
    assert (code, output) == (2, f"Error: {path}: File too large\n")
    assert not path.exists()


def files(root: Path) -> dict[str, int]:
    """Every file below a folder, with its mode."""
    return {str(path.relative_to(root)): path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_file()}


def test_it_writes_these_files_and_no_others(pki: Pki, bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    code, output = run("connect-bridge", "install", bundle, *TARGETS, "--root", root)
    assert code == 0
    assert output.endswith(f"Delete {bundle} now: it holds the bridge's private key, and is not needed any more.\n")
    wanted = root / "etc/systemd/system/multi-user.target.wants/connect-bridge.service"
    assert wanted.readlink() == Path("/", UNIT)
    wanted.unlink()
    assert files(root) == {
        "etc/connect-bridge/environment": 0o640,
        "etc/connect-bridge/tls.crt": 0o644,
        "etc/connect-bridge/tls.key": 0o600,
        "etc/connect-bridge/ca.crt": 0o644,
        UNIT: 0o644,
    }
    assert (root / "etc/connect-bridge").stat().st_mode & 0o777 == 0o750
    for name in ("tls.crt", "tls.key", "ca.crt"):
        assert (root / "etc/connect-bridge" / name).read_bytes() == (pki.bridge() / name).read_bytes()
    assert run("connect-bridge", "uninstall", "--root", root)[0] == 0
    assert files(root) == {}


def test_unpacked_files_are_the_containers_and_no_others(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "notes").write_text("the administrator's own\n")
    (folder / "link").symlink_to(bundle)
    assert run("connect-bridge", "unpack", bundle, folder, *TARGETS, "--owner", "10001")[0] == 0
    owned = {path.name for path in (*folder.iterdir(), bundle) if path.stat().st_uid == 10001}
    assert owned == {"environment", "tls.crt", "tls.key", "ca.crt"}


def test_uninstall_leaves_what_is_not_the_bridges(bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    run("connect-bridge", "install", bundle, *TARGETS, "--root", root)
    notes = root / "etc/connect-bridge/notes"
    notes.write_text("the administrator's own\n")
    code, output = run("connect-bridge", "uninstall", "--root", root)
    assert (code, "kept       /etc/connect-bridge" in output) == (0, True)
    assert list(files(root)) == ["etc/connect-bridge/notes"]


def test_a_unit_that_is_masked_stays_masked(bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    unit = root / "etc/systemd/system/connect-bridge.service"
    unit.parent.mkdir(parents=True)
    unit.symlink_to("/dev/null")
    code, output = run("connect-bridge", "install", bundle, *TARGETS, "--root", root)
    assert (code, "systemctl unmask connect-bridge" in output) == (2, True)
    assert unit.is_symlink()
    assert not (root / "etc/connect-bridge").exists(), "nothing has been written before"


def test_again_changes_only_what_is_told(bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    run("connect-bridge", "install", bundle, *TARGETS, "--root", root)
    code, output = run("connect-bridge", "install", "--target", "database=db2:5432", "--root", root)
    assert code == 0
    states = [line.split()[:2] for line in output.splitlines()]
    assert [path for state, path in states if state != "unchanged"] == ["/etc/connect-bridge/environment"]
    login = tmp_path / "login"
    login.write_text("anna:geheim\n", encoding="ascii")
    run("connect-bridge", "install", "--proxy", "http://proxy:3128", "--proxy-login", login, "--root", root)
    assert (root / "etc/connect-bridge/proxy-login").read_text() == "anna:geheim\n"
    assert files(root)["etc/connect-bridge/proxy-login"] == 0o600
    run("connect-bridge", "install", "--proxy", "none", "--root", root)
    assert "etc/connect-bridge/proxy-login" not in files(root)


def test_the_proxy_of_the_environment_is_kept_for_the_service(bundle: Path, tmp_path: Path) -> None:
    """A service gets none of it; a password goes to its own file."""
    root = tmp_path / "root"
    proxy = {"HTTPS_PROXY": "http://anna:geheim@proxy:3128"}
    run("connect-bridge", "install", bundle, *TARGETS, "--root", root, variables=proxy)
    assert "\nCONNECT_BRIDGE_PROXY=http://proxy:3128\n" in (root / "etc/connect-bridge/environment").read_text()
    assert (root / "etc/connect-bridge/proxy-login").read_text() == "anna:geheim\n"


def test_a_dry_run_shows_everything_but_secrets_and_does_nothing(pki: Pki, bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    code, output = run("connect-bridge", "install", bundle, *TARGETS, "--root", root, "--dry-run")
    assert code == 0
    assert not root.exists()
    assert "would write /etc/connect-bridge/tls.key (0600)\nwould write" in output
    assert "    CONNECT_BRIDGE_TARGETS=database=db.school.example:5432 directory=dc1.school.example:636\n" in output
    assert "    ProtectSystem=strict\n" in output
    assert (pki.bridge() / "tls.key").read_text().splitlines()[1] not in output


def test_systemd_finds_no_fault_with_the_unit_and_little_exposed(bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    run("connect-bridge", "install", bundle, *TARGETS, "--root", root)
    assert run("/usr/bin/systemd-analyze", "verify", root / UNIT) == (0, "")
    limit = f"--threshold={int(MOST_EXPOSURE * 10)}"
    code, output = run("/usr/bin/systemd-analyze", "security", "--offline=true", limit, root / UNIT)
    assert code == 0, output


def test_a_bundle_that_others_can_read_is_a_warning(bundle: Path, tmp_path: Path) -> None:
    bundle.chmod(0o644)
    _, output = run("connect-bridge", "install", bundle, *TARGETS, "--root", tmp_path / "root")
    assert f"! others than its owner can read {bundle} (mode 0644), and it holds a private key\n" in output


def test_what_cannot_be_installed_is_said_before_anything_is_written(pki: Pki, bundle: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (tmp_path / "torn").write_bytes(bundle.read_bytes()[:500])
    swapped = bundle.read_text().replace('"tls.crt"', '"x"').replace('"ca.crt"', '"tls.crt"').replace('"x"', '"ca.crt"')
    (tmp_path / "swapped").write_text(swapped)
    cases = [
        (tmp_path / "missing", "missing cannot be read: No such file or directory"),
        (tmp_path / "torn", "torn is no bundle of a bridge"),
        (tmp_path / "swapped", "swapped/tls.key is not the private key of"),
        (pki.bridge() / "tls.key", "tls.key is no bundle of a bridge"),
    ]
    for path, words in cases:
        code, output = run("connect-bridge", "install", path, *TARGETS, "--root", root)
        assert (code, words in output) == (ExitCode.CONFIGURATION, True), output
    assert not root.exists()


def test_it_wants_root_and_systemd(bundle: Path) -> None:
    """As nobody, and in a namespace whose /run is empty."""
    install = [str(BIN / "connect-bridge"), "install", str(bundle), *TARGETS]
    nobody = run("/usr/bin/unshare", "--user", *install)
    assert (nobody[0], "a service is installed by root. Put sudo before the command" in nobody[1]) == (2, True), nobody
    empty = run("/usr/bin/unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh", *install)
    assert (empty[0], "this machine is not run by systemd. Run the bridge as a container" in empty[1]) == (2, True), (
        empty
    )


def test_a_bundle_needs_what_its_relays_ask_for(pki: Pki, tmp_path: Path) -> None:
    code, output = run(
        "connect-relay", "pki", "bundle", pki.root, "musterwil", "--relay", "ssh://relay.example.org:2222"
    )
    assert code == ExitCode.CONFIGURATION
    assert f"issue them by `connect-relay pki bridge {pki.root} musterwil --ssh`" in output
    path = tmp_path / "there"
    path.touch()
    code, output = run("connect-relay", "pki", "bundle", pki.root, "musterwil", "--relay", "relay:1", "--to", path)
    assert (code, "is there already, and is not overwritten" in output) == (ExitCode.CONFIGURATION, True)
