"""A command that waits for a run: what it says meanwhile, and when somebody has enough of it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.session import done, end

T = TypeVar("T")


def tell(text: str) -> None:
    """On standard error, so that the answer stays alone on the other."""
    click.echo(text, err=True)


def followed(access: Access, name: str, work: Callable[[Cluster], Awaitable[T]]) -> T:
    """Do work that waits. Ctrl-C ends the waiting, not the run."""
    try:
        return done(access, work)
    except KeyboardInterrupt:
        tell(f"\nThe run goes on; look with kubectl connect status {name}. To stop it, have its Job deleted")
        end(Exit.INTERRUPTED)
