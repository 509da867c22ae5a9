"""How a command talks to the cluster: connect, do the work, and end with words and a code where it cannot be done."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import NoReturn, TypeVar

import click

from connect_operator.errors import NotFoundError, OperatorError
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access, connect
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError, fault_of
from connect_operator.kubectl.table import printable

T = TypeVar("T")
_OTHER_VERSION = "Take this command in the version of the operator: kubectl get deployments --show-labels tells it"


def done(access: Access, work: Callable[[Cluster], Awaitable[T]]) -> T:
    """Do a command's work in the cluster. Ends the program where the cluster does not let it."""
    try:
        return asyncio.run(_connected(access, work))
    except OperatorError as error:
        fail(error)
    except ValueError as error:
        fail(CommandError(f"an object of the cluster cannot be read: {error}", todo=_OTHER_VERSION, code=Exit.FAULT))


async def _connected(access: Access, work: Callable[[Cluster], Awaitable[T]]) -> T:
    async with connect(access) as connection:
        try:
            return await work(Cluster(connection.kube, connection.namespace, connection.user))
        except NotFoundError as error:
            raise NotFoundError(f"{error.what} in namespace {connection.namespace}", todo=error.todo) from error


def fail(error: OperatorError) -> NoReturn:
    """Say what is wrong and what to do, and end with the code for it."""
    fault = fault_of(error)
    click.echo(f"Error: {printable(fault.what)}", err=True)
    if fault.todo:
        click.echo(f"→ {fault.todo}", err=True)
    sys.exit(fault.code)


def end(code: Exit) -> NoReturn:
    """End with a code."""
    sys.exit(code)


def print_json(document: object) -> None:
    """One document for machines."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Line by line."""
    for line in lines:
        click.echo(line)
