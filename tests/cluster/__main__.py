"""A cluster to work with: `.venv/bin/python -m tests.cluster --help`."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import click

from tests.cluster.errors import ClusterError
from tests.cluster.kueue_program import build_kueue
from tests.cluster.programs import build_programs, kubernetes_version
from tests.cluster.prometheus_operator import download_definitions
from tests.cluster.start import keep_cluster, kept_cluster


class Passage(click.Command):
    """A command that passes on all that stands behind its name, options and `--` too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take everything as it stands."""
        ctx.params["arguments"] = tuple(args)
        return []


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A real one-node Kubernetes on this machine, to work with while developing. Needs root.

    `up` starts it, and it runs until `down`; the tests start clusters of their own beside it.
    """


@main.command()
def build() -> None:
    """Build Kubernetes, Helm, CoreDNS and Kueue with Go, once: minutes the first time, nothing afterwards.

    The Prometheus operator's definitions are fetched too.
    """
    start = time.monotonic()
    programs = build_programs()
    build_kueue()
    download_definitions()
    seconds = time.monotonic() - start
    click.echo(f"Kubernetes {kubernetes_version()}, Helm and CoreDNS are in {programs.folder} ({seconds:.0f} s)")


@main.command()
def up() -> None:
    """Start the cluster, or say that it runs. The programs are built first if need be."""
    build_programs()
    cluster = keep_cluster()
    click.echo(cluster.kubectl("get", "nodes", "--output=wide"), nl=False)


@main.command()
def down() -> None:
    """End the cluster with everything in it; nothing is left."""
    kept_cluster().machine.end()


@main.command(cls=Passage)
def kubectl(arguments: tuple[str, ...]) -> None:
    """Run kubectl on the cluster."""
    cluster = kept_cluster()
    stand_in((cluster.programs.path("kubectl"), *arguments), cluster.environment)


@main.command(cls=Passage)
def helm(arguments: tuple[str, ...]) -> None:
    """Run Helm on the cluster."""
    cluster = kept_cluster()
    stand_in((cluster.programs.path("helm"), *arguments), cluster.environment)


@main.command()
def env() -> None:
    """Print what makes a shell's own kubectl and Helm work on the cluster: eval "$(… env)"."""
    environment = kept_cluster().environment
    for name in ("KUBECONFIG", "PATH"):
        click.echo(f"export {name}={shlex.quote(environment[name])}")


@main.command()
@click.argument("archives", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(archives: tuple[Path, ...]) -> None:
    """Load container images from archives, of Docker's kind or OCI's."""
    cluster = kept_cluster()
    for archive in archives:
        for name in cluster.load_image(archive):
            click.echo(name)


@main.command(cls=Passage)
def enter(arguments: tuple[str, ...]) -> None:
    """Run a command on the cluster's node, as root: enter sh, enter ctr --namespace=k8s.io containers list."""
    stand_in(kept_cluster().machine.command(*arguments), {})


def stand_in(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Run a command in the terminal, in the place of this one."""
    sys.exit(subprocess.run(command, env={**os.environ, **environment}, check=False).returncode)


if __name__ == "__main__":
    try:
        main(prog_name="python -m tests.cluster")
    except ClusterError as error:
        sys.exit(f"Error: {error}")
