"""Connect's images as the cluster gets them: built by the project's own script, kept in the user's cache.

No image can be pulled where the tests run, so the base is made of Debian's packages: Python 3.11, the oldest that
Connect runs on. buildah keeps its layers in a storage of its own; after a change of Connect's code only the last, small
layers are made anew. The images' tag is the digest of all that went into them.
"""

import fcntl
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from scripts.build_images import ROOT, Builder, Part, build_images, download_wheels, image_name
from tests.cluster.command import run_command
from tests.cluster.errors import ClusterError
from tests.cluster.merged_archive import merge_archives
from tests.cluster.programs import cache

REGISTRY = "connect.local"
BASE_COMMAND = (
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    "--include=ca-certificates,python3,python3-venv",
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "locale", "man")),
    "bookworm",
)
SOURCES = (
    *("Dockerfile", ".dockerignore", "LICENSE", "README.md", "pyproject.toml", "requirements"),
    *(
        "operator/connect_operator",
        "proto/connect_protocol",
        "relay/connect_relay",
        "relay/connect_ssh",
        "worker/connect_worker",
    ),
)
OPERATOR_BEFORE = ROOT / "tests" / "data" / "operator-before.tgz"
"""The operator's code as it was with `tests/data/chart-before.tgz`; it needs the same packages as today's."""
TIMEOUT_SECONDS = 600
KEPT = 2
BUILD_COMMAND = "`.venv/bin/python -m tests.cluster.images`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Images:
    """Connect's images: each part's name, and the one archive of them all that `Cluster.load_image` takes."""

    tag: str
    folder: Path

    @property
    def names(self) -> Mapping[Part, str]:
        """Each part's image: `connect.local/connect-worker:1f3c…`."""
        return {part: image_name(REGISTRY, part, self.tag) for part in Part}

    @property
    def tag_before(self) -> str:
        """What stands for the tag of the release before."""
        return f"{self.tag}-before"

    @property
    def operator_before(self) -> str:
        """The operator of before, which takes the place of today's in its image."""
        return image_name(REGISTRY, Part.OPERATOR, self.tag_before)

    @property
    def archive(self) -> Path:
        """All of them as a file."""
        return self.folder / f"{self.tag}.tar"


def built() -> Images:
    """The images of this checkout as it stands. Raises ClusterError if nobody has built them: no test should."""
    images = _images()
    if not images.archive.exists():
        raise ClusterError(f"the images of this checkout are not built; build them with {BUILD_COMMAND}")
    return images


def build() -> Images:
    """The images of this checkout as it stands, built if need be. Raises ClusterError if a program fails."""
    images = _images()
    with _alone(images.folder):
        if not images.archive.exists():
            _remove_oldest(images)
            build_images(_builder(), images.names, wheelhouse=download_wheels(images.folder / "wheels"), base=_base())
            _build_operator_before(images)
            if _images() != images:
                raise ClusterError("the images' sources changed while they were built; build again")
            _export(images)
    return images


def _images() -> Images:
    digest = hashlib.sha256(_base_name().encode())
    for source in (*SOURCES, OPERATOR_BEFORE):
        for file in _files(ROOT / source):
            digest.update(f"\0{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return Images(tag=digest.hexdigest()[:16], folder=cache() / "images")


def _remove_oldest(images: Images) -> None:
    """Leave room: of the images of other states, only the latest stay, for a checkout beside this one."""
    archives = sorted(images.folder.glob("*.tar"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in archives[KEPT:]:
        old.unlink()
        outdated = Images(tag=old.stem, folder=images.folder)
        for name in (outdated.operator_before, *outdated.names.values()):
            if _known(name):
                _buildah_says("rmi", name)


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    return sorted(file for file in source.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _builder() -> Builder:
    return Builder(command=_buildah(), options=("--layers", "--isolation=chroot", "--network=host", "--pull=never"))


def _buildah() -> tuple[str, ...]:
    storage = cache() / "images" / "storage"
    # The cluster's containerd mounts overlays too; buildah itself reads the same variable.
    driver = os.environ.get("STORAGE_DRIVER", "overlay")
    return ("buildah", f"--root={storage}", f"--runroot={storage}/run", f"--storage-driver={driver}")


def _base_name() -> str:
    digest = hashlib.sha256("\0".join(BASE_COMMAND).encode()).hexdigest()[:16]
    return f"{REGISTRY}/base:{digest}"


def _base() -> str:
    """The base image's name, after it was made if need be."""
    name = _base_name()
    if not _known(name):
        click.echo(f"images: making {name} of Debian's packages")
        with tempfile.TemporaryDirectory() as folder:
            files = f"{folder}/base.tar"
            run_command((*BASE_COMMAND, files), timeout=TIMEOUT_SECONDS)
            container = _buildah_says("from", "scratch")
            _buildah_says("add", "--quiet", container, files, "/")
            _buildah_says("commit", "--quiet", "--rm", container, name)
    return name


def _build_operator_before(images: Images) -> None:
    """Its code is found before that which the image has installed."""
    container = _buildah_says("from", "--pull=never", images.names[Part.OPERATOR])
    _buildah_says("add", "--quiet", container, str(OPERATOR_BEFORE), "/opt/before")
    _buildah_says("config", "--env=PYTHONPATH=/opt/before", container)
    _buildah_says("commit", "--quiet", "--rm", container, images.operator_before)


def _known(image: str) -> bool:
    return bool(_buildah_says("images", "--quiet", f"--filter=reference={image}"))


def _buildah_says(*arguments: str) -> str:
    return run_command((*_buildah(), *arguments), timeout=TIMEOUT_SECONDS).strip()


def _export(images: Images) -> None:
    with tempfile.TemporaryDirectory(dir=images.folder) as folder:
        names = (*images.names.values(), images.operator_before)
        files = {name: Path(folder) / f"{number}.tar" for number, name in enumerate(names)}
        pushes = [subprocess.Popen(_push(name, file)) for name, file in files.items()]
        if any([push.wait(TIMEOUT_SECONDS) for push in pushes]):  # noqa: C419 - waits for all, whatever one says
            raise ClusterError("buildah could not write the images' archives (above: why)")
        merged = Path(folder) / "merged.tar"
        merge_archives(files.values(), merged)
        # Whoever finds it finds it whole.
        merged.rename(images.archive)


def _push(name: str, archive: Path) -> tuple[str, ...]:
    return (*_buildah(), "push", "--quiet", name, f"docker-archive:{archive}:{name}")


if __name__ == "__main__":
    click.echo("\n".join(build().names.values()))
