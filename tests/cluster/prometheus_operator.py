"""The Prometheus operator's own definitions, in the version that the Go module in the folder beside this file names."""

from pathlib import Path

from tests.cluster import go_modules

PROJECT = Path(__file__).parent / "prometheus"
MODULE = "github.com/prometheus-operator/prometheus-operator"


def download_definitions() -> None:
    """Fetch them if need be; nothing of the module is compiled."""
    go_modules.download(PROJECT, MODULE)


def definition(plural: str) -> Path:
    """The file that defines `podmonitors` or another of its kinds."""
    crds = go_modules.folder(PROJECT, MODULE) / "example" / "prometheus-operator-crd"
    return crds / f"monitoring.coreos.com_{plural}.yaml"
