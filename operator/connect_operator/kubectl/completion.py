"""`kubectl_complete-connect`, which kubectl asks for what may come next: commands and options, as cobra writes them."""

import sys

import click
from click.shell_completion import ShellComplete

from connect_operator.kubectl.cli import group

NO_FILES = ":4"
"""Cobra's directive: do not offer files where nothing is known."""


def main() -> None:
    """Print what may stand in the place of the last argument."""
    *before, incomplete = sys.argv[1:] or [""]
    offered = ShellComplete(group, {}, "kubectl connect", "").get_completions(before, incomplete)
    for item in offered:
        click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(NO_FILES)
