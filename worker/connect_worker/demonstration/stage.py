"""What the story is played with, and how it insists on its course."""

import shlex
from dataclasses import dataclass
from datetime import date

from connect_protocol.exit_codes import ExitCode
from connect_worker.demonstration.database import Database
from connect_worker.demonstration.look_up import LookUp, Sight
from connect_worker.demonstration.page import Page
from connect_worker.demonstration.worker import Ended, Worker
from connect_worker.errors import ConnectError
from connect_worker.sample.trouble import Edit, Trouble

LAST_LOG_LINES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """The page to print to, the worker, the school's database, and its directory."""

    page: Page
    worker: Worker
    database: Database
    directory: LookUp
    pupils: int

    def run(self, *arguments: str, today: date, ends: ExitCode = ExitCode.DONE, head: int = 8, tail: int = 8) -> Ended:
        """Run a command of connect-worker, and show it. Raises ConnectError when it ends in another way."""
        self.page.command(f"CONNECT_TODAY={today} connect-worker {shlex.join(arguments)}")
        ended = self.worker(*arguments, today=today)
        if ended.exit_code is not ends:
            self.page.output(ended.output, head=100, tail=100)
            told = "\n".join(ended.log.read_text(encoding="utf-8").splitlines()[-LAST_LOG_LINES:])
            raise unexpected(
                f"connect-worker {arguments[0]} ended with exit code {ended.exit_code}, not {ends}\n{told}".rstrip(),
                todo=f"Its whole log is {ended.log}",
            )
        self.page.output(ended.output, head=head, tail=tail)
        if ends is not ExitCode.DONE:
            self.page.say(f"Exit code {ends:d} ({ends.name}).")
        return ended

    def office(self, trouble: Trouble, today: date) -> Edit:
        """Let the school's office edit a record, and say so."""
        edit = self.database.trouble(trouble, today)
        self.page.items([f"{edit.sentence}."])
        return edit

    def query(self, statement: str, *arguments: object) -> None:
        """Show a statement and its result; the arguments are numbers and words that need no quoting."""
        text = statement.strip()
        for place, argument in enumerate(arguments, start=1):
            text = text.replace(f"${place}", str(argument) if isinstance(argument, int) else f"'{argument}'")
        self.page.rows(text, self.database.fetch(text))

    def require_same(self, before: Sight, what: str) -> None:
        """Show that the directory was not written since. Raises ConnectError if it was."""
        after = self.directory.sight()
        if after != before:
            raise unexpected(f"{what}: the directory has changed, from {before} to {after}")
        told = (
            f"{after.objects} objects below {self.directory.base}; number of the latest change: {after.latest_change}"
        )
        self.page.lines("The directory, as before:", [told])


def unexpected(what: str, *, todo: str = "") -> ConnectError:
    """The story took another course than it should."""
    return ConnectError(
        what, todo=todo or "This is a fault of the program: please report it", reason="NotAsTheStoryGoes"
    )
