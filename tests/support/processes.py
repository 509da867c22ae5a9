"""Processes inside a cluster's containers, as the machine sees them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path


def signal_container(pod_uid: str, command: str, number: signal.Signals) -> None:
    """Send a signal to the pod's processes whose command line holds `command`; RuntimeError if there are none."""
    found = list(_processes(pod_uid, command))
    if not found:
        raise RuntimeError(f"no process of pod {pod_uid} runs {command}")
    for process in found:
        os.kill(process, number)


def _processes(pod_uid: str, command: str) -> Iterator[int]:
    """The kubelet names a pod's control group after its uid."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            belongs = f"pod{pod_uid}" in (folder / "cgroup").read_text()
            line = (folder / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        if belongs and command in line:
            yield int(folder.name)
