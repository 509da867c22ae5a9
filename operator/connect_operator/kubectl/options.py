"""Options that the commands have in common, named as kubectl names them."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import wraps
from typing import Any

import click

from connect_operator.core.spec import parse_duration
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.table import Style

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_NAMESPACE = "The namespace to work in; the context's if it is not given."


def _duration(_context: click.Context, _option: click.Parameter, value: str) -> timedelta:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


_timeout = click.option(
    "--timeout",
    default="2h",
    show_default=True,
    metavar="DURATION",
    callback=_duration,
    help="The longest to wait; the run goes on.",
)


class Form(StrEnum):
    """How a command answers."""

    TABLE = "table"
    JSON = "json"


def access_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command kubectl's own options; it gets them as `access`."""

    @click.option("--kubeconfig", default="", metavar="PATH", help="The kubeconfig; KUBECONFIG if it is not given.")
    @click.option(
        "--context", default="", metavar="NAME", help="The context of the kubeconfig; its current one if not given."
    )
    @click.option("-n", "--namespace", default="", metavar="NAME", help=_NAMESPACE)
    @wraps(command)
    def with_access(*arguments: Any, kubeconfig: str, context: str, namespace: str, **more: Any) -> None:
        access = Access(kubeconfig=kubeconfig, context=context, namespace=namespace)
        command(*arguments, access=access, **more)

    return with_access


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Whether a run is waited for, and for how long."""

    wanted: bool
    longest: timedelta


def waiting_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command wait for the run that it makes; it gets `waiting`."""

    @click.option("--wait", is_flag=True, help="Wait for its end; the exit code tells how it ended.")
    @_timeout
    @wraps(command)
    def with_waiting(*arguments: Any, wait: bool, timeout: timedelta, **more: Any) -> None:
        command(*arguments, waiting=Waiting(wanted=wait, longest=timeout), **more)

    return with_waiting


def patience_option(command: Callable[..., None]) -> Callable[..., None]:
    """Likewise, for a command that has to wait in any case."""

    @_timeout
    @wraps(command)
    def with_patience(*arguments: Any, timeout: timedelta, **more: Any) -> None:
        command(*arguments, waiting=Waiting(wanted=True, longest=timeout), **more)

    return with_patience


def _name(_context: click.Context, _argument: click.Parameter, value: str | None) -> str | None:
    """As a script's empty variable is none."""
    if value is not None and not NAME.fullmatch(value):
        raise click.BadParameter(f"{value!r} cannot be a ConnectJob's name")
    return value


name_argument = click.argument("name", callback=_name)
optional_name_argument = click.argument("name", required=False, callback=_name)

output_option = click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice([form.value for form in Form]),
    default=Form.TABLE.value,
    show_default=True,
    help="For people, or one JSON document for machines.",
)


def examples(*commands: str) -> str:
    """The end of a command's help."""
    lines = ["\b", "Examples:", *(f"  kubectl connect {command}" for command in commands)]
    return "\n".join([*lines, "", "Exit codes: see `kubectl connect --help`."])


def style() -> Style:
    """Colours on a terminal only, and not where somebody does without (https://no-color.org)."""
    return Style(coloured=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
