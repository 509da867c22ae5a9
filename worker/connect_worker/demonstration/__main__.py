"""`python -m connect_worker.demonstration`: Connect at work on this machine, its first nights at a school."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from connect_protocol.environment import Variable
from connect_worker.demonstration.ending import show_commands, show_end, write_environment
from connect_worker.demonstration.folder import Folder, hold
from connect_worker.demonstration.look_up import LookUp
from connect_worker.demonstration.page import Page
from connect_worker.demonstration.servers import Servers, last_servers, new_servers
from connect_worker.demonstration.stage import Stage
from connect_worker.demonstration.story import A_MONTH_LATER, tell
from connect_worker.demonstration.worker import Worker
from connect_worker.errors import ConfigurationError, ConnectError
from connect_worker.log import configure_log
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySettings

INTERRUPTED = 130
_file = click.Path(dir_okay=False, exists=True, path_type=Path)
_folder = click.Path(file_okay=False, path_type=Path)


@click.command(context_settings={"max_content_width": 100})
@click.option("--pupils", type=click.IntRange(100, 5_000), default=200, show_default=True, help="Size of the school.")
@click.option(
    "--folder", type=_folder, default=Path(".run"), show_default=True, help="Where everything stands; made anew."
)
@click.option("--look", is_flag=True, help="Start the servers of last time again, to look on, until Ctrl-C.")
@click.option("--directory", "url", metavar="URL", help="Use a real Active Directory (ldaps://HOST) and no simulator.")
@click.option("--bind-dn", metavar="DN", help="The service account in it.")
@click.option("--password-file", type=_file, help="A file with the account's password.")
@click.option("--ca-file", type=_file, help="The authority (PEM) of its certificate; the system's by default.")
@click.option("--base-dn", metavar="DN", help="An empty organizational unit in it, in which the account may write.")
def main(
    *,
    pupils: int,
    folder: Path,
    look: bool,
    url: str | None,
    bind_dn: str | None,
    password_file: Path | None,
    ca_file: Path | None,
    base_dn: str | None,
) -> None:
    """Show Connect at work: a school's first nights, on an embedded PostgreSQL and a simulated directory.

    Each time it begins with the same school; nothing stays running, and everything stands in one folder.
    """
    elsewhere = _elsewhere(url, bind_dn, password_file, ca_file, base_dn)
    if look and elsewhere is not None:
        raise click.UsageError("--look shows what stands there from last time: it takes no other directory")
    configure_log({Variable.LOG_LEVEL: "warning"}, sys.stderr)
    page = Page()
    with _ending_well(page, folder), hold(folder) as held:
        if look:
            _look(page, held)
        else:
            _show(page, held, elsewhere, pupils)


def _show(page: Page, folder: Folder, elsewhere: LookUp | None, pupils: int) -> None:
    """Tell the story from a clean beginning."""
    begun = time.monotonic()
    page.say(
        f"Connect at work: a school of {pupils} pupils, from the first night on. Everything stands in {folder.root}."
    )
    with new_servers(folder, elsewhere) as servers:
        _remember(folder, servers)
        stage = Stage(
            page=page,
            worker=Worker(folder=folder),
            database=servers.database,
            directory=servers.directory,
            pupils=pupils,
        )
        tell(stage)
        pupil = servers.database.newest_pupil()
    show_end(page, folder, pupil)
    page.say(f"The story took {time.monotonic() - begun:.0f} seconds.")


def _look(page: Page, folder: Folder) -> None:
    """Run the servers of last time until somebody has seen enough."""
    with last_servers(folder, A_MONTH_LATER) as servers:
        _remember(folder, servers)
        page.say(f"PostgreSQL at {servers.database.settings.host}:{servers.database.settings.port}")
        page.say(f"Directory at {servers.directory.settings.url}, below {servers.directory.base}")
        page.say("In another terminal:")
        show_commands(page, folder, servers.database.newest_pupil())
        page.say("Ctrl-C ends it; what you have changed is kept for the next --look.")
        try:
            threading.Event().wait()
        except (KeyboardInterrupt, SystemExit):
            page.say("Stopped.")


def _remember(folder: Folder, servers: Servers) -> None:
    write_environment(
        folder,
        today=A_MONTH_LATER,
        database=servers.database.settings,
        directory=servers.directory,
        programs=servers.programs,
    )


def _elsewhere(
    url: str | None, bind_dn: str | None, password_file: Path | None, ca_file: Path | None, base_dn: str | None
) -> LookUp | None:
    """The real directory, if one is asked for. Raises UsageError unless it is asked for as a whole."""
    if url is None:
        if any((bind_dn, password_file, ca_file, base_dn)):
            raise click.UsageError("--bind-dn, --password-file, --ca-file and --base-dn go with --directory")
        return None
    if bind_dn is None or password_file is None or base_dn is None:
        raise click.UsageError("--directory needs --bind-dn, --password-file and --base-dn")
    settings = DirectorySettings(
        url=url,
        bind_dn=bind_dn,
        password=Secret(_text(password_file).rstrip("\r\n")),
        ca=_text(ca_file) if ca_file is not None else None,
    )
    return LookUp(settings=settings, base=base_dn)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} is no text (a certificate should be PEM)") from None


@contextmanager
def _ending_well(page: Page, folder: Path) -> Iterator[None]:
    """Within: whatever ends it, servers are stopped in order; what can be foreseen is told in a sentence."""
    # A shell starts what runs in its background deaf to Ctrl-C's signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)
    try:
        yield
    except (ConnectError, OSError, subprocess.TimeoutExpired) as error:
        fault = _fault(error, folder)
        page.fault(fault)
        sys.exit(fault.exit_code)
    except KeyboardInterrupt:
        page.say("Stopped; nothing is left running.")
        sys.exit(INTERRUPTED)


def _fault(error: ConnectError | OSError | subprocess.TimeoutExpired, folder: Path) -> ConnectError:
    """What went wrong, in a sentence."""
    if isinstance(error, ConnectError):
        return error
    if isinstance(error, subprocess.TimeoutExpired):
        return ConnectError(
            f"{error.cmd[0]} did not end within {error.timeout:.0f} s", todo="See whether the machine is overloaded"
        )
    return ConfigurationError(
        f"{error.filename or folder}: {error.strerror or error}",
        todo="See whether there is room and the right to write, or name another place with --folder",
    )


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
