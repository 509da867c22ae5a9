"""cert-manager's Secrets, mounted by Kubernetes, work as they are: of each kind of key, renewed while all run."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.cert_manager import (
    ECDSA_PKCS1,
    ECDSA_PKCS8,
    RSA_PKCS1,
    RSA_PKCS8,
    Algorithm,
    Issuer,
    Mounted,
)
from tests.support.relay import HOST, REALM, RelayCommand, certificate_in, dial, start_bridge, tunnel, worker_channel
from tests.support.targets import Targets

ADDRESS = x509.IPAddress(ip_address(HOST))
BRIDGE, WORKER = (f"connect://realm/{REALM}/{role}" for role in ("bridge", "worker"))


@pytest.mark.parametrize(
    ("of_relay", "of_bridge", "of_worker"),
    [(RSA_PKCS1, ECDSA_PKCS1, RSA_PKCS8), (ECDSA_PKCS8, RSA_PKCS1, ECDSA_PKCS1)],
    ids=["RSA", "ECDSA"],
)
async def test_a_secret_of_cert_manager_works_as_it_is_and_renewed(
    tmp_path: Path, goals: Targets, of_relay: Algorithm, of_bridge: Algorithm, of_worker: Algorithm
) -> None:
    issuer = Issuer.create()
    relays, bridges, workers = (Mounted(folder=tmp_path / name) for name in ("relay", "bridge", "worker"))
    relays.put(issuer.server(of_relay, ADDRESS))
    bridges.put(issuer.client(of_bridge, BRIDGE))
    workers.put(issuer.client(of_worker, WORKER))
    with (
        RelayCommand.serve_with(relays.folder, "--reload-seconds", "0.1") as relay,
        start_bridge(bridges.folder, relay.port, goals.by_name(), "--longest-pause-seconds", "0.2") as bridge,
    ):
        await bridge.logged("relay connected")
        async with (
            worker_channel(workers.folder, relay.address) as channel,
            tunnel(channel, dial("echo")) as connection,
        ):
            await connection.write(b"as it is")
            assert await connection.read_exactly(8) == b"as it is"
            relays.put(issuer.server(of_bridge, ADDRESS))
            await relay.logged("file reloaded", file="tls")
            bridges.put(issuer.client(of_worker, BRIDGE))
            serial = f"{certificate_in(bridges.folder).serial_number:x}"
            await relay.logged("attach", result="ATTACHED", credential=serial)
            await connection.write(b"renewed")
            assert await connection.read_exactly(7) == b"renewed"
