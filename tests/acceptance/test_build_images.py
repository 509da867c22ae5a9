"""`make image` on machines where it cannot work says so before it downloads anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT


def build(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script with nothing but `path` on the PATH."""
    command = [sys.executable, str(ROOT / "scripts" / "build_images.py"), *arguments]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False, timeout=60)


def install_docker_without_daemon(folder: Path) -> None:
    """A docker that is there, and whose daemon does not answer."""
    docker = folder / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)


def test_without_a_builder_it_says_which_will_do(tmp_path: Path) -> None:
    ended = build(tmp_path)
    assert ended.returncode == 1
    assert "None of docker, podman and buildah works here" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [((), "None of docker, podman and buildah works here"), (("--builder", "docker"), "`docker info` fails: install")],
)
def test_a_docker_without_its_daemon_is_not_used(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    install_docker_without_daemon(tmp_path)
    ended = build(tmp_path, *arguments)
    assert ended.returncode == 1
    assert complaint in ended.stderr
    assert "downloading" not in ended.stdout
