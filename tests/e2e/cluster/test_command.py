"""The developer's command: a cluster that stays until it is told to go, and clear words where something is missing."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.command import Result, run_command, try_command
from tests.cluster.image_archive import Image, write_image
from tests.cluster.programs import cache

ROOT = Path(__file__).parents[3]
START_SECONDS = 120
Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """`python -m tests.cluster` with a cache of its own, so that no developer's cluster is in the way."""

    def run(*arguments: str, **environment: str) -> Result:
        line = (sys.executable, "-m", "tests.cluster", *arguments)
        surroundings = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **environment}
        return try_command(line, environment=surroundings, timeout=START_SECONDS)

    return run


@pytest.fixture
def kept(command: Command, tmp_path: Path) -> Iterator[Command]:
    """The command with a cluster that `up` has started."""
    (tmp_path / "connect-cluster").mkdir()
    (tmp_path / "connect-cluster" / "programs").symlink_to(cache() / "programs")
    try:
        assert " Ready " in command("up").output_of_success()
        yield command
    finally:
        command("down")


def test_a_kept_cluster_serves_the_developer_until_he_ends_it(kept: Command, tmp_path: Path) -> None:
    """After `up` has ended: kubectl with all its options, Helm, images, the node itself; after `down`, nothing."""
    image = tmp_path / "image.tar"
    write_image(Image(name="connect.local/shell:1", files={"/sh": Path("/bin/busybox")}, entrypoint=("/sh",)), image)
    assert kept("load", str(image)).output == "connect.local/shell:1\n"
    pod = ("run", "greeter", "--image=connect.local/shell:1", "--restart=Never", "--", "-c", "echo hello")
    assert kept("kubectl", *pod).output_of_success() == "pod/greeter created\n"
    succeeded = ("wait", "pod/greeter", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
    assert kept("kubectl", *succeeded).output_of_success() == "pod/greeter condition met\n"
    assert kept("kubectl", "logs", "greeter").output_of_success() == "hello\n"
    assert kept("helm", "list", "--short").output_of_success() == ""
    assert "10.250.0.1/24" in kept("enter", "ip", "-brief", "address").output_of_success()
    assert " Ready " in kept("up").output_of_success()
    assert kept("down").output_of_success() == ""
    assert kept("kubectl", "get", "nodes").errors.startswith("Error: no cluster is kept running")
    assert list((tmp_path / "connect-cluster" / "machines").iterdir()) == []


def test_the_printed_environment_lets_a_shell_work_on_the_cluster(kept: Command, tmp_path: Path) -> None:
    exports = kept("env").output_of_success()
    assert [shlex.split(line)[1].partition("=")[0] for line in exports.splitlines()] == ["KUBECONFIG", "PATH"]
    # Without a home, kubectl would leave its cache where it stands.
    command = ("sh", "-c", f"{exports}\nkubectl get nodes --output=name")
    assert run_command(command, environment={"HOME": str(tmp_path)}) == "node/local\n"


def test_a_go_that_is_too_old_is_named(command: Command, tmp_path: Path) -> None:
    """Debian 12 has one that knows no `tool` lines; its own complaint would not say what to do."""
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go1.19.8\n")
    go.chmod(0o755)
    refused = command("build", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert refused.exit_code == 1
    assert f"built by Go 1.25 or newer, and {go} is go1.19.8: install a newer one" in refused.errors


def test_a_test_does_not_build_the_programs_but_says_how(tmp_path: Path) -> None:
    """A build takes longer than any test may."""
    start = "from tests.cluster.start import start_cluster\nwith start_cluster(): pass"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    refused = subprocess.run(
        [sys.executable, "-c", start],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "not built; build them once with `.venv/bin/python -m tests.cluster build`" in refused.stderr
