"""Builds Connect's images: `build_images.py [--registry HOST/FOLDER] [--tag TAG] [--base IMAGE]`.

The locked packages are downloaded first, as wheels for Linux and the images' Python whatever this machine runs; the
build itself (Dockerfile) takes nothing from a package index. It is done by the first of docker, podman and buildah that
works here.
"""

import argparse
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHEELHOUSES = ROOT / ".cache" / "wheelhouse"
PYTHON_VERSION = "3.11"
# What the wheels may ask of the C library; the oldest base in use, Debian 12, has 2.36.
PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
MACHINES = {"arm64": "aarch64", "AMD64": "x86_64"}


class Part(StrEnum):
    """What has an image of its own: a target of the Dockerfile, with its file in requirements/."""

    OPERATOR = "operator"
    WORKER = "worker"
    RELAY = "relay"


BUILDERS = ("docker", "podman", "buildah")
LOCKS = ("build", *Part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Builder:
    """A program that builds images: how it is called, and options of its `build`."""

    command: tuple[str, ...]
    options: tuple[str, ...] = ()


def main() -> None:
    """Build all images and say their names; or download the wheels only."""
    options = arguments()
    if options.wheels_only:
        download(options.wheels_only)
        return
    builder = found_builder(options.builder)
    names = {part: image_name(options.registry, part, options.tag or version()) for part in Part}
    build_images(builder, names, wheelhouse=download_wheels(WHEELHOUSES), base=options.base)
    print("\n".join(["", *names.values()]))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Builds the images of operator, worker and relay.")
    parser.add_argument("--registry", default="", help="what stands before the images' names, such as HOST/FOLDER")
    parser.add_argument("--tag", default="", help="the images' tag (default: the version in pyproject.toml)")
    parser.add_argument("--base", default="", help="the image to build on (default: the Dockerfile's)")
    parser.add_argument("--builder", default="", help="docker, podman or buildah (default: the first that works here)")
    parser.add_argument(
        "--wheels-only", type=Path, metavar="DIR", help="download the wheels into DIR, and build nothing"
    )
    return parser.parse_args()


def image_name(registry: str, part: Part, tag: str) -> str:
    """`connect-worker:0.1.0`, after the registry if there is one."""
    return f"{registry.rstrip('/')}/connect-{part}:{tag}".lstrip("/")


def version() -> str:
    """Connect's version."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def found_builder(wanted: str) -> Builder:
    """The wanted program, or the first one that works: docker may be installed without a daemon that answers."""
    for name in (wanted,) if wanted else BUILDERS:
        if shutil.which(name) and subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0:
            return Builder(command=(name,))
    if wanted:
        sys.exit(f"`{wanted} info` fails: install {wanted}, or start its service.")
    sys.exit("None of docker, podman and buildah works here: `info` fails. Install or start one of them.")


def download_wheels(folder: Path) -> Path:
    """The folder below `folder` that holds every wheel of the locks, downloaded unless it is there already."""
    content = hashlib.sha256("\n".join(download_options()).encode())
    for name in LOCKS:
        content.update(lock_file(name).read_bytes())
    wheelhouse = folder / content.hexdigest()[:16]
    if not wheelhouse.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as partial:
            download(Path(partial) / "wheels")
            (Path(partial) / "wheels").rename(wheelhouse)
    return wheelhouse


def download(folder: Path) -> None:
    """Download the wheels of all locks, each checked against its hash."""
    print("wheels: downloading", flush=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    for name in LOCKS:
        command = [*pip, *download_options(), "--require-hashes", "--requirement", str(lock_file(name))]
        if subprocess.run([*command, "--dest", folder], check=False).returncode:
            sys.exit(
                "pip could not download what the images need (above: why). Is the package index reachable from here?"
            )


def download_options() -> list[str]:
    """For whom the wheels are: Linux on this machine's kind of processor, with the images' Python."""
    processor = MACHINES.get(platform.machine(), platform.machine())
    platforms = [f"--platform={system}_{processor}" for system in PLATFORMS]
    return ["--only-binary=:all:", "--no-deps", "--implementation=cp", f"--python-version={PYTHON_VERSION}", *platforms]


def lock_file(name: str) -> Path:
    """The locked requirements of that name."""
    return ROOT / "requirements" / f"{name}.txt"


def build_images(builder: Builder, names: Mapping[Part, str], *, wheelhouse: Path, base: str = "") -> None:
    """Build each part's image under its name; `base` is the Dockerfile's default if empty. Exits if one fails."""
    common = [*builder.options, f"--build-context=wheelhouse={wheelhouse}"]
    if base:
        common += ["--build-arg", f"BASE={base}"]
    for part, name in names.items():
        print(f"images: building {name}", flush=True)
        command = [*builder.command, "build", *common, "--target", part, "--tag", name, str(ROOT)]
        if subprocess.run(command, check=False).returncode:
            sys.exit(f"{builder.command[0]} could not build the image {name} (above: why).")


if __name__ == "__main__":
    main()
