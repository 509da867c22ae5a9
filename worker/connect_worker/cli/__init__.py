"""`connect-worker`: its commands, each in the module of its kind."""

import click

from connect_worker.cli.checks import doctor
from connect_worker.cli.configuration import config
from connect_worker.cli.execution import DISTRIBUTION
from connect_worker.cli.keys import rotate_keys
from connect_worker.cli.passwords import password
from connect_worker.cli.runs import approve, migrate, plan, run, sync, update, validate
from connect_worker.cli.samples import sample
from connect_worker.collector import relax_collector

EXIT_CODES = """
\b
Exit codes:
  0  done, or nothing to do            6  some changes failed
  1  a fault in the program            7  a connection failed
  2  configuration                     8  timed out, ended in order
  3  blocked by warnings               9  stopped by a signal
  4  blocked by the safety gate       10  locked by the office
  5  another run holds the lock
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXIT_CODES)
@click.version_option(package_name=DISTRIBUTION, prog_name="connect-worker")
def main() -> None:
    """Keep a school's accounts and groups in step with its administration database.

    A night is `run`: it brings Connect's tables up to date from the master data, validates them, plans what the
    directory needs, stops if the plan is too dangerous, and applies it. Every part can be done alone. Nothing needs
    an earlier run: killed at any point, the next one finishes the work.

    The configuration comes from CONNECT_… variables and from files below CONNECT_SECRETS_DIR (docs: environment), and
    from the customer's database (`config`).
    Start with `connect-worker doctor`: it tests every link and says what to do.
    """
    relax_collector()


for command in (run, update, validate, plan, approve, sync, migrate, doctor, sample, config, password, rotate_keys):
    main.add_command(command)
