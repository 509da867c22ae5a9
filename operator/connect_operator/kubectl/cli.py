"""`kubectl-connect`, which kubectl runs as `kubectl connect`: its commands, each in the module of its name."""

import click

from connect_operator.kubectl.approve import approve
from connect_operator.kubectl.doctor import doctor
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.lock import lock, unlock
from connect_operator.kubectl.logs import logs
from connect_operator.kubectl.new import new
from connect_operator.kubectl.plan import plan
from connect_operator.kubectl.run import run
from connect_operator.kubectl.status import status

EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code.value:>3}  {code.meaning}" for code in Exit)


class InOrder(click.Group):
    """A group that lists its commands as they were added: what is needed first stands first."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """See click."""
        return list(self.commands)


@click.group(
    cls=InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(package_name="connect", prog_name="kubectl-connect")
def group() -> None:
    """Look after Connect's customers: who needs a person, and what to do about it.

    NAME is a ConnectJob's. Context, namespace and credentials are kubectl's own. Start with `kubectl connect status`;
    if something is not as it should be, `kubectl connect doctor` says what, and what you may do here.
    """


for command in (status, run, logs, plan, approve, lock, unlock, new, doctor):
    group.add_command(command)


def main() -> None:
    """Run the command line."""
    group(prog_name="kubectl connect")
