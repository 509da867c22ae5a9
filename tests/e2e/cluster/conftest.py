"""Small pods for the tests of the cluster itself."""

from pathlib import Path
from secrets import token_hex

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.image_archive import Image, write_image

BUSYBOX = "connect.local/busybox:1"
GREETING = "good day\n"


@pytest.fixture(scope="session")
def busybox(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an image with Debian's static BusyBox, and a file /greeting."""
    folder = tmp_path_factory.mktemp("image")
    archive, greeting = folder / "busybox.tar", folder / "greeting"
    greeting.write_text(GREETING)
    files = {"/bin/busybox": Path("/bin/busybox"), "/greeting": greeting}
    write_image(Image(name=BUSYBOX, files=files, entrypoint=("/bin/busybox",)), archive)
    assert cluster.load_image(archive) == [BUSYBOX]
    return BUSYBOX


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A new namespace with restricted Pod Security."""
    name = f"test-{token_hex(4)}"
    cluster.create_namespace(name)
    return name
