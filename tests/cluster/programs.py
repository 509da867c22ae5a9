"""Kubernetes' programs, Helm and CoreDNS, built by Go from the module beside this file and kept in the user's cache.

The first build takes minutes and fills Go's own build cache; from then on a folder named by all that went into it holds
the programs, and checkouts that agree share it.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.image_archive import Image, write_image

MODULE = Path(__file__).parent / "go"
OLDEST_GO = (1, 25)
BUILD_TIMEOUT_SECONDS = 3600
PAUSE_IMAGE = "connect.local/pause:1"
COREDNS_IMAGE = "connect.local/coredns:1"

BUILD_COMMAND = "`.venv/bin/python -m tests.cluster build`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Programs:
    """A folder of built programs, with the images of those that run in pods."""

    folder: Path

    def path(self, program: str) -> str:
        """Where a program is, by its command's name: `kubectl`, `helm`, `kube-apiserver`."""
        return str(self.folder / program)

    @property
    def images(self) -> tuple[Path, ...]:
        """Archives of the images that every node needs."""
        return tuple(sorted((self.folder / "images").glob("*.tar")))


def cache() -> Path:
    """The folder that holds what the test cluster keeps."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "connect-cluster"


def built_programs() -> Programs:
    """The programs of this checkout. Raises ClusterError if nobody has built them: a test is no place for that."""
    programs = _programs()
    if not programs.folder.is_dir():
        raise ClusterError(f"the test cluster's programs are not built; build them once with {BUILD_COMMAND}")
    return programs


def build_programs() -> Programs:
    """The programs of this checkout, built if need be. Raises ClusterError if Go is missing, too old, or fails."""
    programs = _programs()
    with _lock(programs.folder.parent):
        if not programs.folder.is_dir():
            _build(programs.folder)
    return programs


def kubernetes_version() -> str:
    """The version that go.mod asks for: `v1.34.4`."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v[\d.]+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found, "go.mod names no k8s.io/kubernetes"
    return found[1]


def _programs() -> Programs:
    digest = hashlib.sha256("\0".join(_flags()).encode())
    for source in sorted(path for path in MODULE.rglob("*") if path.is_file()):
        digest.update(f"\0{source.relative_to(MODULE)}\0".encode() + source.read_bytes())
    return Programs(folder=cache() / "programs" / digest.hexdigest()[:16])


def _flags() -> list[str]:
    """Flags that make a small static program fast, and that tell it its version: without, it calls itself v0.0.0."""
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".")
    facts = {
        "k8s.io/component-base/version.gitVersion": version,
        "k8s.io/component-base/version.gitMajor": major,
        "k8s.io/component-base/version.gitMinor": minor,
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": major,
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": minor,
    }
    told = " ".join(f"-X {name}={value}" for name, value in facts.items())
    return [
        *("-mod=readonly", "-buildvcs=false", "-trimpath"),
        *("-gcflags=all=-dwarf=false", f"-ldflags=-s -w {told}"),
    ]


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(folder: Path) -> None:
    """Build into a folder beside it and rename that: whoever finds `folder` finds it whole."""
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.partial-", dir=folder.parent))
    try:
        _run_go("build", *_flags(), "-o", f"{partial}/", "tool", "./...")
        # The command's name is its package's folder, and etcd's is the server's.
        (partial / "server").rename(partial / "etcd")
        _write_images(partial)
        partial.chmod(0o755)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_images(folder: Path) -> None:
    (folder / "images").mkdir()
    for program, name in (("pause", PAUSE_IMAGE), ("coredns", COREDNS_IMAGE)):
        image = Image(name=name, files={f"/{program}": folder / program}, entrypoint=(f"/{program}",))
        write_image(image, folder / "images" / f"{program}.tar")


def _run_go(*arguments: str) -> None:
    go = find_go()
    # One build of everything: what the programs share is compiled once, and Go keeps every core busy until the end.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    try:
        subprocess.run([go, *arguments], cwd=MODULE, env=environment, check=True, timeout=BUILD_TIMEOUT_SECONDS)
    except subprocess.CalledProcessError as error:
        raise ClusterError(f"Go could not build the test cluster's programs (its output is above): {error}") from error


def find_go() -> str:
    """Go's command; its usual folder is searched too, since sudo leaves it out of PATH."""
    go = shutil.which("go", path=f"{os.environ.get('PATH', '')}:/usr/local/go/bin")
    needed = f"the test cluster is built by Go {'.'.join(map(str, OLDEST_GO))} or newer"
    if go is None:
        raise ClusterError(f"{needed}, and there is no `go` in PATH: install it")
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, timeout=60).stdout
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < OLDEST_GO:
        raise ClusterError(f"{needed}, and {go} is {version.strip()}: install a newer one, first in PATH")
    return go
