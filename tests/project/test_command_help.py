"""Every command's --help shows how it is used, and how it may end."""

from collections.abc import Iterator

import click
import pytest

from connect_operator.cli import main as operator
from connect_operator.kubectl.cli import group as kubectl_connect
from connect_relay.bridge.cli import main as bridge
from connect_relay.cli import main as relay
from connect_worker.cli import main as worker

PROGRAMS = {
    "connect-worker": worker,
    "connect-operator": operator,
    "connect-relay": relay,
    "connect-bridge": bridge,
    "kubectl connect": kubectl_connect,
}


def contexts(name: str, command: click.Command, above: click.Context | None = None) -> Iterator[click.Context]:
    """A command and all below it."""
    context = click.Context(command, parent=above, info_name=name, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for each, child in command.commands.items():
            yield from contexts(each, child, context)


ALL = [context for name, program in PROGRAMS.items() for context in contexts(name, program)]
COMMANDS = [context for context in ALL if not isinstance(context.command, click.Group)]
GROUPS = [context for context in ALL if isinstance(context.command, click.Group)]


@pytest.mark.parametrize("context", COMMANDS, ids=lambda context: context.command_path)
def test_help_has_an_example_that_begins_with_the_command_and_the_exit_codes(context: click.Context) -> None:
    text = context.get_help()
    _, _, examples = text.partition("Example")
    assert context.command_path in examples
    assert "Exit codes" in text


@pytest.mark.parametrize("context", GROUPS, ids=lambda context: context.command_path)
def test_what_a_command_is_for_is_told_in_whole_sentences(context: click.Context) -> None:
    """Click cuts those that have no place in the list."""
    _, _, commands = context.get_help().partition("Commands:")
    assert commands
    assert "..." not in commands


@pytest.mark.parametrize("context", GROUPS, ids=lambda context: context.command_path)
def test_a_slip_of_the_pen_is_answered_with_the_command_that_was_meant(context: click.Context) -> None:
    assert isinstance(context.command, click.Group)
    meant = next(name for name in context.command.commands if len(name) > 2)
    with pytest.raises(click.UsageError) as refused:
        context.command.resolve_command(context, [f"{meant}x"])
    assert f"'{meant}'" in refused.value.format_message()
