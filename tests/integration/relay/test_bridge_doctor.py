"""`connect-bridge doctor`: each step on its own, what is wrong, and what to do; with real servers and a real proxy."""

import os
import pty
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import copyfile, copytree
from urllib.parse import urlsplit

import pytest

from connect_protocol.relay.identity import Identity, Role
from connect_relay.pki.certificates import client, server
from connect_relay.pki.folder import PkiFolder, files_of
from tests.support.bridge_doctor import PROGRAM, asked
from tests.support.certificates import create_authority, issue
from tests.support.http_proxy import http_proxy
from tests.support.ports import listens, reserved_port
from tests.support.postgres import SERVER_NAME, PostgresServer
from tests.support.relay import HOST, Command, Pki, RelayCommand, dial, now, tunnel, worker_channel
from tests.support.samba import SambaServer
from tests.support.targets import Targets

NOBODY = "Does the server run there, and does a firewall let this machine reach it?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What doctor has said: exit code, and result, finding and advice of each step.

    By `this` machine, `relay` or a target's name, and the step's name.
    """

    code: int
    steps: Mapping[tuple[str, str], tuple[str, str, str]]

    def fault(self) -> tuple[str, str, str]:
        """Name, finding and advice of the only fault."""
        ((name, found, todo),) = [
            (name, found, todo) for (_, name), (mark, found, todo) in self.steps.items() if mark == "fault"
        ]
        return name, found, todo


def arguments(tls: Path, relay: str, targets: Mapping[str, str]) -> list[str]:
    named = [text for name, place in targets.items() for text in ("--target", f"{name}={place}")]
    return ["--relay", relay, "--tls", str(tls), *named]


async def doctor(tls: Path, relay: object, targets: Mapping[str, str], *options: str) -> Told:
    """Ask it, as a machine does."""
    code, rows = await asked(*arguments(tls, str(relay), targets), "--step-seconds", "3", *options)
    return Told(
        code=code,
        steps={
            (row["subject"].removeprefix("target ").split()[0], row["step"]): (row["result"], row["found"], row["todo"])
            for row in rows
        },
    )


@pytest.fixture
def tls(pki: Pki, tmp_path: Path) -> Path:
    """A bridge's folder whose certificate is good for a year."""
    return _issued(pki, tmp_path, timedelta(days=365))


def _issued(pki: Pki, folder: Path, period: timedelta) -> Path:
    identity = Identity(realm="musterwil", role=Role.BRIDGE)
    return PkiFolder(folder).keep(Path("tls"), files_of(pki.authority.issue(client(identity), period, now())))


@contextmanager
def tls_server(folder: Path, certificate: Path, key: Path, *options: str) -> Iterator[int]:
    """Within: somebody who speaks TLS on loopback."""
    with reserved_port() as port:
        command = ["openssl", "s_server", "-quiet", "-accept", f"{HOST}:{port}", *options]
        files = ["-cert", str(certificate), "-key", str(key)]
        process = subprocess.Popen([*command, *files], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=folder)
        try:
            while not listens(port):
                assert process.poll() is None
            yield port
        finally:
            process.kill()
            process.communicate()


async def test_all_is_well_and_the_running_bridge_has_noticed_nothing(
    pki: Pki, own_relay: RelayCommand, own_bridge: Command, tls: Path, goals: Targets
) -> None:
    targets = {"echo": f"{HOST}:{goals.echo}"}
    async with worker_channel(pki.worker(), own_relay.address) as channel, tunnel(channel, dial("echo")) as connection:
        told = await doctor(tls, own_relay.address, targets)
        await connection.write(b"open")
        assert await connection.read_exactly(4) == b"open"
    assert {mark for mark, _, _ in told.steps.values()} == {"ok"}, told
    assert told.code == 0
    found = {step: words for step, (_, words, _) in told.steps.items()}
    assert re.search(r"bridge of musterwil, until 20\d\d-\d\d-\d\d \(36[45] days\)", found["this", "certificate"])
    assert found["relay", "TLS"].startswith(
        "certificate of 127.0.0.1, localhost, relay.school.test, issued by Test CA, until 20"
    )
    assert "lets this bridge in; 1 bridge is attached now" in found["relay", "admission"]
    assert found["relay", "heartbeat"].endswith(" ms there and back")
    await own_relay.logged("connect")
    assert [line["event"] for line in own_relay.lines if line.get("audit")] == ["attach", "visit", "connect"]
    assert not [line for line in own_bridge.lines if line.get("event") == "relay disconnected"]


async def test_each_target_is_asked_in_its_own_protocol(
    relay: RelayCommand, tls: Path, postgres: PostgresServer, samba: SambaServer
) -> None:
    """The certificates' names are told: Connect's Secrets must call the servers so."""
    targets = {
        "database": f"{HOST}:{postgres.port}",
        "directory": urlsplit(samba.ldaps_url).netloc,
        "plain": urlsplit(samba.ldap_url).netloc,
    }
    told = await doctor(tls, relay.address, targets)
    assert told.code == 0
    names = {target: told.steps[target, "TLS"][1].removeprefix("certificate of ").split(",")[0] for target in targets}
    assert names == {"database": SERVER_NAME, "directory": samba.server_name, "plain": samba.server_name}


async def test_a_targets_certificate_near_or_past_its_end_is_told(
    relay: RelayCommand, tls: Path, tmp_path: Path
) -> None:
    async def shown(valid_for: timedelta) -> tuple[int, tuple[str, str, str]]:
        files = issue(create_authority(), tmp_path, dns_names=["dc.school.test"], valid_for=valid_for)
        with tls_server(tmp_path, files.certificate, files.key) as port:
            told = await doctor(tls, relay.address, {"directory": f"{HOST}:{port}"})
        return told.code, told.steps["directory", "TLS"]

    code, (mark, _, todo) = await shown(timedelta(days=-1))
    assert (code, mark, todo) == (7, "fault", "The certificate has expired: give the server a new one")
    code, (mark, _, todo) = await shown(timedelta(days=9))
    assert (code, mark, todo) == (0, "warning", "8 days left: give the server a new one in time")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("database=echo", ("PostgreSQL", "Is it the database's port?")),
        ("database=refusing", ("TCP", NOBODY)),
        ("database=hanging", ("TCP", NOBODY)),
        ("database=stalled", ("protocol", "Is it the right port?")),
        ("directory=late", ("protocol", "Is it the right port?")),
    ],
)
async def test_a_target_that_does_not_work_is_told(
    relay: RelayCommand, tls: Path, goals: Targets, target: str, expected: tuple[str, str]
) -> None:
    name, _, port = target.partition("=")
    place = f"{HOST}:{goals.by_name()[port]}"
    told = await doctor(tls, relay.address, {name: place}, "--dial-seconds", "0.5")
    assert told.code == 7
    assert (told.fault()[0], told.fault()[2]) == expected


async def test_the_proxy_is_a_step_of_its_own(
    own_relay: RelayCommand, tls: Path, goals: Targets, tmp_path: Path
) -> None:
    targets = {"echo": f"{HOST}:{goals.echo}"}
    with http_proxy(tmp_path / "good", f"ConnectPort {own_relay.port}") as good:
        told = await doctor(tls, own_relay.address, targets, "--proxy", good.url)
    assert told.code == 0
    assert told.steps["relay", "DNS"][1] == "left to the proxy"
    assert told.steps["relay", "proxy"][1] == f"{good.url} lets through"
    with http_proxy(tmp_path / "bad", "ConnectPort 443") as bad:
        told = await doctor(tls, own_relay.address, targets, "--proxy", bad.url)
    assert told.code == 11
    name, found, todo = told.fault()
    assert (name, found) == ("proxy", f"the proxy {bad.url} forbids connections to {own_relay.address} (403)")
    assert todo == "Let whoever runs the proxy allow CONNECT to this host and port"
    told = await doctor(
        tls, own_relay.address, targets, "--proxy", f"http://{HOST}:{goals.stalled}", "--step-seconds", "0.5"
    )
    assert told.fault()[2] == "Does it know the relay's name, and may it reach the relay?"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_who_breaks_tls_open_is_named(tls: Path, goals: Targets, tmp_path: Path, version: str) -> None:
    """A firewall that inspects TLS shows a certificate of its own authority."""
    shown = issue(create_authority("Safe School Firewall"), tmp_path, dns_names=["localhost"])
    with tls_server(tmp_path, shown.certificate, shown.key, version) as port:
        told = await doctor(tls, f"localhost:{port}", {"echo": f"{HOST}:{goals.echo}"})
    assert told.code == 11
    name, found, todo = told.fault()
    assert name == "TLS"
    assert found.startswith("Safe School Firewall answers in the relay's place: TLS is broken open on the way")
    assert todo == f"Let whoever runs firewall and proxy exempt localhost:{port} from TLS inspection"


async def test_a_relay_with_another_name_or_a_past_certificate_is_told(
    pki: Pki, tls: Path, goals: Targets, tmp_path: Path
) -> None:
    folder = PkiFolder(tmp_path)
    others = pki.authority.issue(server(["relay.example.org"]), timedelta(days=9), now())
    other = folder.keep(Path("other"), files_of(others))
    ended = pki.authority.issue(server([HOST]), timedelta(days=1), now() - timedelta(days=2))
    old = folder.keep(Path("old"), files_of(ended))
    targets = {"echo": f"{HOST}:{goals.echo}"}
    with tls_server(tmp_path, other / "tls.crt", other / "tls.key") as port:
        name, found, todo = (await doctor(tls, f"{HOST}:{port}", targets)).fault()
    assert found.startswith(f"not for {HOST}: certificate of relay.example.org, issued by Test CA")
    assert todo == "Give --relay one of these names"
    with tls_server(tmp_path, old / "tls.crt", old / "tls.key") as port:
        name, found, todo = (await doctor(tls, f"{HOST}:{port}", targets)).fault()
    assert name == "TLS"
    assert todo.startswith("Is this machine's clock right? It says 20")


async def test_a_relay_that_is_not_there_or_nobody_knows_is_told(tls: Path, goals: Targets) -> None:
    targets = {"echo": f"{HOST}:{goals.echo}"}
    told = await doctor(tls, f"{HOST}:{goals.refusing}", targets)
    assert (told.code, told.fault()[0]) == (11, "TCP")
    told = await doctor(tls, "no-such-relay.invalid:8443", targets)
    assert (told.code, told.fault()[0]) == (11, "DNS")
    told = await doctor(tls, f"{HOST}:{goals.echo}", targets)
    assert (told.code, told.fault()[0]) == (11, "TLS")


async def test_a_certificate_that_the_relay_does_not_take_is_told(
    pki: Pki, relay: RelayCommand, goals: Targets, tmp_path: Path
) -> None:
    """Of another authority, in a folder whose ca.crt is the relay's."""
    stranger = Pki.create(tmp_path / "stranger")
    folder = copytree(stranger.bridge(), tmp_path / "tls")
    bundle = (stranger.bridge() / "ca.crt").read_text() + (pki.bridge() / "ca.crt").read_text()
    (folder / "ca.crt").write_text(bundle, encoding="ascii")
    told = await doctor(folder, relay.address, {"echo": f"{HOST}:{goals.echo}"})
    assert told.code == 12
    assert told.fault()[1] == "the relay refuses this bridge's certificate"


async def test_own_files_that_cannot_be_used_are_told_first(
    pki: Pki, relay: RelayCommand, tls: Path, goals: Targets
) -> None:
    """The targets are tried all the same."""
    targets = {"database": f"{HOST}:{goals.refusing}"}
    copyfile(pki.worker() / "tls.key", tls / "tls.key")
    told = await doctor(tls, relay.address, targets)
    assert told.code == 2
    assert "is not the private key of" in told.steps["this", "certificate"][1]
    assert told.steps["database", "TCP"][0] == "fault"


async def test_a_key_that_others_read_and_a_certificate_near_its_end_are_warnings(
    pki: Pki, relay: RelayCommand, goals: Targets, tmp_path: Path
) -> None:
    tls = _issued(pki, tmp_path, timedelta(days=29))
    (tls / "tls.key").chmod(0o644)
    told = await doctor(tls, relay.address, {"echo": f"{HOST}:{goals.echo}"})
    assert told.code == 0
    assert told.steps["this", "files"][2] == f"chmod 600 {tls / 'tls.key'}"
    mark, found, todo = told.steps["this", "certificate"]
    assert (mark, todo) == ("warning", "Ask whoever runs the relay for a new one in time")
    assert "(28 days)" in found


def test_people_get_marks_and_advice_and_colours_only_on_a_terminal(
    relay: RelayCommand, tls: Path, goals: Targets
) -> None:
    command = [str(PROGRAM), "doctor", *arguments(tls, str(relay.address), {"echo": f"{HOST}:{goals.refusing}"})]
    plain = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    assert plain.splitlines()[0] == "this machine"
    assert f"  ✓ {'TLS':<14} certificate of" in plain
    assert f"  ✗ {'TCP':<14} target echo cannot be reached: Connection refused" in plain
    assert f"{'':<18} → Does the server run there" in plain
    assert plain.endswith("\n1 fault, 0 warnings.\n")
    assert "\x1b" not in plain
    master, slave = pty.openpty()
    subprocess.run(command, stdout=slave, timeout=30, check=False)
    os.close(slave)
    assert b"\x1b[31m" in os.read(master, 1 << 16)
    os.close(master)
