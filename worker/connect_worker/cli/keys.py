"""`rotate-keys`."""

import click

from connect_worker.cli.execution import end, executed
from connect_worker.cli.options import examples, output_option
from connect_worker.works.rotate_keys import rotate_keys as work


@click.command("rotate-keys", epilog=examples("rotate-keys"))
@output_option
def rotate_keys(form: str) -> None:
    """Seal every secret in the database under the newest key.

    The newest key is the first line of encryptionKey in the customer Secret; the one before stands behind it until
    this is done. A secret that somebody changes meanwhile is left to the next time; done again, it does nothing.
    """
    end(executed("rotate-keys", work, form, needs_directory=False))
