"""The control groups of a cluster's containers: one group for each cluster, in every hierarchy that the host has."""

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def create_group(name: str) -> None:
    """Create the group everywhere: the kubelet does not start without."""
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)


def remove_group(name: str) -> None:
    """Remove the group with all below it; no process may be left there."""
    for hierarchy in _hierarchies():
        for folder, _, _ in os.walk(hierarchy / name, topdown=False):
            Path(folder).rmdir()


def _hierarchies() -> list[Path]:
    """The one of version 2, or those of version 1, of which links are second names."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink()]
