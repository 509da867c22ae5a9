"""The bridge as a container: the relay's image, the unpacked bundle mounted, nobody's rights."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connect_relay.bridge.installation import read_variables
from scripts.build_images import Part
from tests.cluster.images import built
from tests.support.relay import HOST, Pki, RelayCommand, dial, tunnel, worker_channel
from tests.support.targets import targets

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """With a storage of its own, that of the tests' images being the cluster's."""
    storage = tmp_path_factory.mktemp("storage")
    return ("buildah", f"--root={storage}/images", f"--runroot={storage}/run", "--storage-driver=overlay")


@pytest.fixture(scope="module")
def container(buildah: tuple[str, ...]) -> Iterator[str]:
    """A container of the relay's image."""
    images = built()
    source = f"docker-archive:{images.archive}:{images.names[Part.RELAY]}"
    made = subprocess.run([*buildah, "from", source], check=True, capture_output=True, text=True, timeout=120)
    name = made.stdout.split()[-1]
    yield name
    subprocess.run([*buildah, "rm", name], check=True, capture_output=True, timeout=60)
    subprocess.run([*buildah, "rmi", "--all"], check=True, capture_output=True, timeout=60)


def unpacked(pki: Pki, relay: RelayCommand, target: str, folder: Path) -> Path:
    """What the customer's IT makes of the bundle."""
    bundle, place = str(folder / "musterwil.connect-bridge"), folder / "connect-bridge"
    commands = (
        ["connect-relay", "pki", "bundle", str(pki.root), "musterwil", "--relay", str(relay.address), "--to", bundle],
        ["connect-bridge", "unpack", bundle, str(place), "--target", target],
    )
    for name, *arguments in commands:
        subprocess.run([BIN / name, *arguments], check=True, capture_output=True, timeout=30)
    return place


@contextmanager
def run_in(buildah: tuple[str, ...], container: str, folder: Path) -> Iterator[None]:
    """Within: it runs as the how-to says: the folder at /etc/connect-bridge, read only, and its variables."""
    variables = read_variables((folder / "environment").read_text(encoding="utf-8"))
    options = [
        *("--isolation=chroot", "--network=host", "--user=10001:10001", f"--volume={folder}:/etc/connect-bridge:ro"),
        *(f"--env={name}={value}" for name, value in variables.items()),
    ]
    command = [*buildah, "run", *options, container, "--", "connect-bridge", "run"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)


async def test_the_relays_image_runs_a_bridge_from_an_unpacked_bundle(
    buildah: tuple[str, ...], container: str, tmp_path: Path
) -> None:
    pki = Pki.create(tmp_path / "pki")
    with RelayCommand.serve(pki) as relay, targets() as goals:
        folder = unpacked(pki, relay, f"echo={HOST}:{goals.echo}", tmp_path)
        with run_in(buildah, container, folder):
            await relay.logged("attach", result="ATTACHED", targets=["echo"])
            async with (
                worker_channel(pki.worker(), relay.address) as channel,
                tunnel(channel, dial("echo")) as connection,
            ):
                await connection.write(b"contained")
                assert await connection.read_exactly(9) == b"contained"
