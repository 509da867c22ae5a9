"""Certificates and lists of revoked ones that change while the relay runs: who goes on, who is cut off."""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copyfile

import pytest
from cryptography import x509

from connect_protocol.relay import service
from connect_protocol.relay.control import Hello, encode_from_bridge
from connect_protocol.relay.ending import End
from connect_protocol.relay.errors import StreamBrokenError
from connect_protocol.relay.frames import ResetCode
from connect_protocol.relay.identity import Identity, Role
from connect_relay.pki.certificates import Authority, Issued, Revoked, client, server
from connect_relay.trust import serial_of
from tests.support.relay import (
    HOST,
    OTHER_REALM,
    REALM,
    Command,
    Pki,
    RelayCommand,
    certificate_in,
    dial,
    now,
    refusal,
    start_bridge,
    tunnel,
    worker_channel,
)
from tests.support.targets import Targets

DAY = timedelta(days=1)
BRIDGE = Identity(realm=REALM, role=Role.BRIDGE)
WORKER = Identity(realm=REALM, role=Role.WORKER)
OPTIONS = ("--reload-seconds", "0.1", "--drain-seconds", "1")
IMPATIENT = ("--longest-pause-seconds", "0.2")


@dataclass(frozen=True, kw_only=True)
class Own:
    """An authority, its relay with a list of what is revoked, and a bridge of REALM; all for one test."""

    pki: Pki
    crl: Path
    relay: RelayCommand
    bridge: Command

    def issue(self, identity: Identity, period: timedelta = DAY) -> Issued:
        return self.pki.authority.issue(client(identity), period, now())

    def revoke(self, *certificates: x509.Certificate, by: Authority | None = None) -> None:
        self.crl.write_text(listed(by or self.pki.authority, *certificates), encoding="ascii")


def listed(authority: Authority, *certificates: x509.Certificate) -> str:
    revoked = [Revoked(serial=each.serial_number, since=now()) for each in certificates]
    return authority.revoke(revoked, DAY, now())


@pytest.fixture
def own(tmp_path: Path, goals: Targets) -> Iterator[Own]:
    pki = Pki.create(tmp_path, REALM, OTHER_REALM)
    crl = tmp_path / "crl.pem"
    crl.write_text(listed(pki.authority), encoding="ascii")
    with (
        RelayCommand.serve(pki, "--crl", str(crl), *OPTIONS) as relay,
        start_bridge(pki.bridge(), relay.port, goals.by_name(), *IMPATIENT) as bridge,
    ):
        bridge.wait_for("relay connected")
        yield Own(pki=pki, crl=crl, relay=relay, bridge=bridge)


# What is revoked


async def test_a_worker_whose_certificate_is_revoked_is_cut_off_and_refused(own: Own) -> None:
    """At once, with what it has open; another realm's is not."""
    certificate = certificate_in(own.pki.worker())
    what = f"the worker's certificate {serial_of(certificate)} is revoked since "
    async with (
        worker_channel(own.pki.worker(), own.relay.address) as channel,
        worker_channel(own.pki.worker(OTHER_REALM), own.relay.address) as other,
    ):
        waiting = asyncio.create_task(refusal(other, dial("echo", realm=OTHER_REALM, wait_seconds=2)))
        async with tunnel(channel, dial("echo")) as connection:
            await connection.write(b"before")
            assert await connection.read_exactly(6) == b"before"
            own.revoke(certificate)
            ending = await connection.ending()
            assert ending.reset is not None
            assert ending.reset.code is ResetCode.REFUSED
            assert ending.reset.message.startswith(what)
        line = await own.relay.logged("connect", result="REFUSED", credential=serial_of(certificate))
        assert (line["reason"], line["sent"]) == (ending.reset.message, 6)
        assert await refusal(channel, dial("echo")) == ending.reset
        assert (await waiting).code is ResetCode.BRIDGE_ABSENT
    await own.relay.logged("connect", result="REFUSED", sent=0, reason=ending.reset.message)


async def test_a_worker_that_waits_is_cut_off_too(own: Own) -> None:
    async with worker_channel(own.pki.worker(OTHER_REALM), own.relay.address) as channel:
        waiting = asyncio.create_task(refusal(channel, dial("echo", realm=OTHER_REALM, wait_seconds=60)))
        await own.relay.counted("dials_waiting", 1)
        own.revoke(certificate_in(own.pki.worker(OTHER_REALM)))
        reset = await waiting
    assert reset.code is ResetCode.REFUSED
    assert "is revoked since" in reset.message


async def test_a_bridge_whose_certificate_is_revoked_is_cut_off_with_all_it_serves(own: Own) -> None:
    certificate = certificate_in(own.pki.bridge())
    what = f"the bridge's certificate {serial_of(certificate)} is revoked since "
    async with worker_channel(own.pki.worker(), own.relay.address) as channel:
        async with tunnel(channel, dial("echo")) as connection:
            await connection.write(b"before")
            assert await connection.read_exactly(6) == b"before"
            own.revoke(certificate)
            ending = await connection.ending()
        assert ending.reset is not None
        assert (ending.reset.code, ending.reset.message.startswith(what)) == (ResetCode.BROKEN, True)
        line = await own.relay.logged("detach", level="warning", realm=REALM)
        assert line["reason"] == ending.reset.message
        assert (await refusal(channel, dial("echo"))).code is ResetCode.BRIDGE_ABSENT
    told = await own.bridge.logged("relay disconnected")
    assert told["cause"] == f"PERMISSION_DENIED: {ending.reset.message}"
    await own.relay.logged("attach", result="REFUSED", reason=ending.reset.message)


async def test_a_new_certificate_works_after_the_old_one_was_revoked(own: Own) -> None:
    """The bridge looks into its folder at each attempt: nobody has to restart it."""
    own.revoke(certificate_in(own.pki.bridge()))
    await own.bridge.logged("relay disconnected")
    after = len(own.bridge.lines)
    own.pki.put(own.pki.bridge(), own.issue(BRIDGE))
    await own.bridge.logged("relay connected", after=after)


async def test_what_was_revoked_before_the_relay_started_is_refused(own: Own) -> None:
    own.revoke(certificate_in(own.pki.worker()))
    with RelayCommand.serve(own.pki, "--crl", str(own.crl)) as relay:
        async with worker_channel(own.pki.worker(), relay.address) as channel:
            assert "is revoked since" in (await refusal(channel, dial("echo"))).message


UNUSABLE = {
    "holds no list of revoked certificates in PEM": "",
    "holds a list that is damaged": "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
    "signed by none of the authorities in ca.crt": listed(Authority.create("Test CA", now())),
}
"""The last has the right authority's name, and another key's signature."""


async def test_a_list_that_cannot_be_used_leaves_the_last_good_one(own: Own) -> None:
    own.revoke(certificate_in(own.pki.worker()))
    await own.relay.logged("file reloaded", file="crl")
    for what, content in UNUSABLE.items():
        after = len(own.relay.lines)
        own.crl.write_text(content, encoding="ascii")
        assert what in (await own.relay.logged("file not reloaded", after=after, file="crl", level="error"))["reason"]
    after = len(own.relay.lines)
    own.crl.unlink()
    line = await own.relay.logged("file not reloaded", after=after, file="crl")
    assert "cannot be read: No such file or directory" in line["reason"]
    async with worker_channel(own.pki.worker(), own.relay.address) as channel:
        assert "is revoked since" in (await refusal(channel, dial("echo"))).message
    _, metrics = await own.relay.fetch("/metrics")
    assert 'connect_relay_reloads_total{file="crl",result="refused"} 4.0\n' in metrics


@pytest.mark.parametrize("what", [*list(UNUSABLE)[-1:], "cannot be read: No such file or directory"])
async def test_a_relay_does_not_start_without_the_list_that_it_was_promised(
    pki: Pki, tmp_path: Path, what: str
) -> None:
    crl = tmp_path / "crl.pem"
    if what in UNUSABLE:
        crl.write_text(UNUSABLE[what], encoding="ascii")
    with Command.start(
        *("connect-relay", "serve", "--listen", f"{HOST}:0", "--admin-listen", f"{HOST}:0"),
        *("--tls", pki.relay, "--crl", crl),
    ) as relay:
        await relay.mentioned(what)
        assert relay.process.wait(20) == 2


# What is renewed


async def test_the_relays_certificate_is_renewed_without_a_restart(own: Own) -> None:
    """An open connection goes on, the next handshake sees the new one."""
    issued = own.pki.authority.issue(server([HOST, "localhost"]), DAY / 2, now())
    serial = serial_of(x509.load_pem_x509_certificate(issued.certificate.encode()))
    assert await shown_serial(own) != serial
    async with (
        worker_channel(own.pki.worker(), own.relay.address) as channel,
        tunnel(channel, dial("echo")) as connection,
    ):
        own.pki.put(own.pki.relay, issued)
        await own.relay.logged("file reloaded", file="tls")
        assert await shown_serial(own) == serial
        await connection.write(b"goes on")
        assert await connection.read_exactly(7) == b"goes on"
        connection.end()
        assert (await connection.ending()).end is End.CLOSED
    end = certificate_in(own.pki.relay).not_valid_after_utc.timestamp()
    assert await own.relay.metric('certificate_not_after_timestamp_seconds{whose="relay"}') == end


async def test_a_bridge_with_a_new_certificate_comes_again_by_itself(own: Own) -> None:
    """What goes through it goes on."""
    async with (
        worker_channel(own.pki.worker(), own.relay.address) as channel,
        tunnel(channel, dial("echo")) as connection,
    ):
        await connection.write(b"before")
        assert await connection.read_exactly(6) == b"before"
        own.pki.put(own.pki.bridge(), own.issue(BRIDGE, DAY / 2))
        await own.bridge.logged("relay disconnected", cause="the bridge has a new certificate")
        serial = serial_of(certificate_in(own.pki.bridge()))
        await own.relay.logged("attach", result="ATTACHED", credential=serial)
        await connection.write(b"after")
        assert await connection.read_exactly(5) == b"after"
    end = certificate_in(own.pki.bridge()).not_valid_after_utc
    assert f"{end.isoformat(timespec='seconds')}" in (await own.relay.fetch("/bridges"))[1]
    seen = await own.relay.metric(f'certificate_not_after_timestamp_seconds{{whose="{REALM}/bridge"}}')
    assert seen == end.timestamp()


async def test_a_bridges_folder_that_is_broken_leaves_it_connected(own: Own) -> None:
    (own.pki.bridge() / "tls.crt").write_text("nothing", encoding="ascii")
    assert "no certificate in PEM" in (await own.bridge.logged("file not reloaded", file="tls"))["reason"]
    async with worker_channel(own.pki.worker(), own.relay.address) as channel, tunnel(channel, dial("echo")) as through:
        await through.write(b"still")
        assert await through.read_exactly(5) == b"still"


async def test_a_new_authority_beside_the_old_one_is_believed_and_an_old_one_that_is_gone_is_not(
    own: Own, tmp_path: Path
) -> None:
    newer = Pki.create(tmp_path / "newer", REALM)
    ours = own.pki.relay / "ca.crt"
    older, both = own.pki.authority.pem, own.pki.authority.pem + newer.authority.pem
    copyfile(newer.worker() / "tls.crt", own.pki.worker() / "tls.crt")
    copyfile(newer.worker() / "tls.key", own.pki.worker() / "tls.key")
    (own.pki.worker() / "ca.crt").write_text(both, encoding="ascii")
    ours.write_text(both, encoding="ascii")
    await own.relay.logged("file reloaded", file="tls")
    async with worker_channel(own.pki.worker(), own.relay.address) as channel:
        async with tunnel(channel, dial("echo")) as connection:
            await connection.write(b"believed")
            assert await connection.read_exactly(8) == b"believed"
            ours.write_text(older, encoding="ascii")
            ending = await connection.ending()
        assert ending.reset is not None
        assert "is of an authority that the relay trusts no more" in ending.reset.message
        assert await refusal(channel, dial("echo")) == ending.reset


async def test_a_broken_new_certificate_leaves_the_old_one(own: Own) -> None:
    before = await shown_serial(own)
    (own.pki.relay / "tls.crt").write_text("nothing", encoding="ascii")
    line = await own.relay.logged("file not reloaded", file="tls")
    assert "tls.crt is no certificate in PEM" in line["reason"]
    assert await shown_serial(own) == before
    assert sum(line["event"] == "file not reloaded" for line in own.relay.lines) == 1


# What has expired


async def test_what_is_open_outlives_its_certificate_but_nothing_new_is_opened(own: Own) -> None:
    """A worker's certificate ends in the middle of its run, and a bridge's while it is attached."""
    short = timedelta(seconds=6)
    own.pki.put(own.pki.worker(), own.issue(WORKER, short))
    own.pki.put(own.pki.bridge(OTHER_REALM), own.issue(Identity(realm=OTHER_REALM, role=Role.BRIDGE), short))
    end = certificate_in(own.pki.bridge(OTHER_REALM)).not_valid_after_utc
    async with (
        worker_channel(own.pki.worker(), own.relay.address) as channel,
        worker_channel(own.pki.bridge(OTHER_REALM), own.relay.address) as other,
    ):
        control = other.call(service.ATTACH)
        await control.send(encode_from_bridge(Hello(version="1", targets=("database",))))
        await control.receive()
        async with tunnel(channel, dial("echo")) as connection:
            with pytest.raises(StreamBrokenError, match="ABORTED: the bridge's certificate has expired"):
                await control.receive()
            await until(end)
            await connection.write(b"goes on")
            assert await connection.read_exactly(7) == b"goes on"
            reset = await refusal(channel, dial("echo"))
    assert reset.code is ResetCode.REFUSED
    assert f"has expired at {end.isoformat(timespec='seconds')}" in reset.message
    await own.relay.logged("detach", realm=OTHER_REALM, reason="the bridge's certificate has expired")


async def until(moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - now()).total_seconds()))


async def shown_serial(own: Own) -> str:
    """Of the certificate that the relay shows in a new handshake."""
    context = ssl.create_default_context(cafile=str(own.pki.relay / "ca.crt"))
    context.load_cert_chain(own.pki.worker() / "tls.crt", own.pki.worker() / "tls.key")
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection(HOST, own.relay.port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return serial_of(x509.load_der_x509_certificate(shown))
