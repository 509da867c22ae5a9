"""Options that several commands have."""

import getpass

import click

from connect_worker.errors import ConfigurationError

output_option = click.option(
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON document on stdout for machines.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
by_option = click.option("--by", help="Who orders it, for the audit; by default the account of the operating system.")


def examples(*commands: str) -> str:
    """The end of a command's help."""
    lines = ["\b", "Examples:", *(f"  connect-worker {command}" for command in commands)]
    return "\n".join([*lines, "", "Exit codes: see `connect-worker --help`."])


def account_name() -> str:
    """Who runs this command. Raises ConfigurationError where the operating system has no name for the account."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ConfigurationError(
            "who orders this is not known: this account has no name", todo="Name yourself: --by NAME"
        ) from None
