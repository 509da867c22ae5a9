"""Brings a cluster up: each component as soon as what it needs is there."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from socket import create_server

from tests.cluster import components
from tests.cluster.cluster import Cluster
from tests.cluster.command import run_command
from tests.cluster.errors import ClusterError
from tests.cluster.identities import NODE_NAME, write_identities
from tests.cluster.machine import NODE_ADDRESS, Lifetime, Machine, running_machine, start_machine
from tests.cluster.programs import Programs, built_programs
from tests.cluster.waiting import wait_until

HERE = Path(__file__).parent
KEPT = "developer"
API_SERVER = "api-server"
READY_TIMEOUT_SECONDS = 120
LAST_CHARACTERS = 2000


@contextmanager
def start_cluster() -> Iterator[Cluster]:
    """A cluster of the caller's own. It ends with him, also if he is killed, and leaves nothing.

    Raises ClusterError if the programs are not built, without root, or if a component does not start.
    """
    programs = built_programs()
    machine = start_machine(token_hex(4), programs, Lifetime.OF_ITS_STARTER)
    try:
        yield _bring_up(machine, programs)
    finally:
        machine.end()


def keep_cluster() -> Cluster:
    """The developer's cluster, which runs until somebody ends it; started if it does not run yet."""
    programs = built_programs()
    if machine := running_machine(KEPT):
        return Cluster(machine=machine, programs=programs)
    machine = start_machine(KEPT, programs, Lifetime.UNTIL_TOLD)
    try:
        return _bring_up(machine, programs)
    except BaseException:
        machine.end()
        raise


def kept_cluster() -> Cluster:
    """The developer's cluster. Raises ClusterError if it does not run."""
    machine = running_machine(KEPT)
    if machine is None:
        raise ClusterError("no cluster is kept running; start one with `.venv/bin/python -m tests.cluster up`")
    return Cluster(machine=machine, programs=built_programs())


@contextmanager
def without_api_server(cluster: Cluster) -> Iterator[None]:
    """Within, the API server is dead, and all else goes on; afterwards there is one again, and it is ready."""
    cluster.machine.kill(API_SERVER)
    yield
    _start(cluster.machine, API_SERVER, components.API_SERVER)
    _wait_for_api_server(cluster)


def _wait_for_api_server(cluster: Cluster) -> None:
    _wait(cluster, "the API server is ready", lambda: cluster.kubectl("get", "--raw=/readyz"))


def _bring_up(machine: Machine, programs: Programs) -> Cluster:
    cluster = Cluster(machine=machine, programs=programs)
    (machine.folder / "home").mkdir()
    with create_server(("127.0.0.1", 0)) as listener:
        write_identities(machine.folder, f"https://127.0.0.1:{listener.getsockname()[1]}")
        _start_forwarder(machine, listener.fileno())
    _start(machine, "etcd", components.ETCD)
    _start(machine, "containerd", components.CONTAINERD)
    _start(machine, API_SERVER, components.API_SERVER)
    _load_images(cluster)
    _wait_for_api_server(cluster)
    _start(machine, "controller-manager", components.CONTROLLER_MANAGER)
    _start(machine, "scheduler", components.SCHEDULER)
    _start(machine, "kubelet", components.kubelet(machine.control_group))
    _start(machine, "proxy", components.PROXY)
    cluster.kubectl("apply", f"--filename={HERE / 'configuration' / 'coredns.yaml'}")
    _wait_until_usable(cluster)
    return cluster


def _start(machine: Machine, name: str, command: tuple[str, ...]) -> None:
    machine.start(name, machine.command(*command))


def _start_forwarder(machine: Machine, listener: int) -> None:
    """It shares the cluster's network and end, and sees the host's files: Python lies there."""
    within = ("nsenter", f"--target={machine.pid}", "--net", "--pid")
    forward = (sys.executable, "-I", str(HERE / "forward.py"), str(listener), NODE_ADDRESS, str(components.API_PORT))
    machine.start("forward", (*within, *forward), files=[listener])


def _load_images(cluster: Cluster) -> None:
    _wait(cluster, "containerd answers", lambda: run_command(cluster.machine.command("ctr", "version")))
    for archive in cluster.programs.images:
        cluster.load_image(archive)


def _wait_until_usable(cluster: Cluster) -> None:
    ready = ("wait", "--for=condition=Ready", "--timeout=1s", f"node/{NODE_NAME}")
    _wait(cluster, "the node is ready", lambda: cluster.kubectl(*ready))
    available = ("--for=condition=Available", "--timeout=1s", "--namespace=kube-system", "deployment/coredns")
    _wait(cluster, "service names are served", lambda: cluster.kubectl("wait", *available))
    cluster.wait_for_account("default")


def _wait(cluster: Cluster, description: str, look: Callable[[], str]) -> None:
    """Wait for what the components bring about, as long as all of them live."""

    def look_at_the_living() -> str:
        for name, process in cluster.machine.started.items():
            if process.poll() is not None:
                log = cluster.machine.log(name).read_text(errors="replace")[-LAST_CHARACTERS:]
                raise ClusterError(f"{name} ended with {process.returncode} at the start of the cluster:\n{log}")
        return look()

    wait_until(description, look_at_the_living, timeout=READY_TIMEOUT_SECONDS)
