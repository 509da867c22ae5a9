"""`config`."""

import click


@click.group()
def config() -> None:
    """What the school has configured."""
