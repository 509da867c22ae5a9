"""Folders of Go modules that tests take files from: what Go has downloaded and compared with its hash."""

import subprocess
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.programs import BUILD_COMMAND, find_go

DOWNLOAD_SECONDS = 300
LIST_SECONDS = 60


def download(project: Path, module: str) -> None:
    """Fetch a module in the version that the project's go.mod names, unless it is there. Raises ClusterError."""
    try:
        subprocess.run([find_go(), "mod", "download", module], cwd=project, check=True, timeout=DOWNLOAD_SECONDS)
    except subprocess.CalledProcessError as error:
        raise ClusterError(f"Go could not download {module} (its output is above): {error}") from error


def folder(project: Path, module: str) -> Path:
    """Where the module's files are. Raises ClusterError if nobody has fetched it: a test is no place for that."""
    command = [find_go(), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module]
    found = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True, timeout=LIST_SECONDS)
    if not found.stdout.strip():
        raise ClusterError(f"{module} is not downloaded; fetch it once with {BUILD_COMMAND}")
    return Path(found.stdout.strip())
