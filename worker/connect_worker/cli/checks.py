"""`doctor`: every link on its own."""

import os
import sys

import click
import uvloop

from connect_worker import output
from connect_worker.cli.execution import console, start_logging
from connect_worker.cli.options import examples, output_option
from connect_worker.config import load_settings
from connect_worker.stages.doctor import examine
from connect_worker.stages.examination import Examination
from connect_worker.targets import open_directory


@click.command(epilog=examples("doctor", "doctor --output json"))
@output_option
def doctor(form: str) -> None:
    """Test every link, say what to do.

    Configuration, relay and bridge, database with its rights and views, directory with its rights: each on its own,
    changing nothing.
    """
    examination = _examined()
    if form == "json":
        click.echo(examination.to_json())
    else:
        output.print_examination(console(), examination)
    sys.exit(examination.exit_code)


def _examined() -> Examination:
    examination = Examination()
    with examination.of("configuration"):
        settings = load_settings(os.environ, needs_directory=True)
        start_logging(settings)
        return uvloop.run(examine(settings, open_directory))
    return examination
