"""How to look on: variables for a shell, and commands to type."""

import shlex
import shutil
import sys
from datetime import date
from pathlib import Path

from connect_worker.demonstration.folder import Folder
from connect_worker.demonstration.look_up import LookUp
from connect_worker.demonstration.page import Page
from connect_worker.demonstration.worker import variables
from connect_worker.model.ids import AccountKey
from connect_worker.settings import DatabaseSettings

MODULE = "python -m connect_worker.demonstration"


def write_environment(
    folder: Folder,
    *,
    today: date,
    database: DatabaseSettings,
    directory: LookUp,
    programs: Path,
) -> None:
    """Write what a shell needs for connect-worker, psql and ldapsearch; the passwords stay in their own files."""
    found = {
        **variables(folder, today),
        "PGHOST": database.host,
        "PGPORT": str(database.port),
        "PGDATABASE": database.name,
        "PGUSER": database.username,
        "PGPASSFILE": str(folder.pgpass),
        "PGSSLMODE": database.sslmode,
        "LDAPURI": directory.settings.url,
        "LDAPBASE": directory.base,
        "LDAPBINDDN": directory.settings.bind_dn,
        **(
            {"LDAPTLS_CACERT": str(folder.secrets / "directory" / "ca.crt")}
            if directory.settings.ca is not None
            else {}
        ),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in found.items()]
    path = ":".join((shlex.quote(str(Path(sys.executable).parent)), "$PATH", shlex.quote(str(programs))))
    folder.environment.write_text("\n".join([*lines, f"export PATH={path}", ""]), encoding="utf-8")


def show_end(page: Page, folder: Folder, pupil: AccountKey) -> None:
    """What one can do when the story has been told."""
    page.scene("Look on yourself")
    page.say("The servers are stopped. They start again, with all that has happened, for as long as you like:")
    page.commands([(f"{_again(folder)}", "")])
    page.say("Then, in another terminal:")
    show_commands(page, folder, pupil)
    page.say("The same story in an Active Directory of your own, in an empty organizational unit (--help):")
    page.commands([(f"{_begin(folder)}", "")])


def show_commands(page: Page, folder: Folder, pupil: AccountKey) -> None:
    """The commands with which one looks on, in another terminal, while the servers run."""
    renamed = f"UPDATE administration.lernende SET nachname = 'Zumthor' WHERE lernende_id = {pupil.source_id}"  # noqa: S608 - to read
    if shutil.which("ldapsearch"):
        look_up = f"ldapsearch -x -LLL -y $CONNECT_SECRETS_DIR/directory/password '(sAMAccountName={pupil})'"
    else:
        look_up = f"python -m connect_worker.demonstration.look_up {pupil}"
    page.commands(
        [
            (f". {_relative(folder.environment)}", "the variables for all that follows"),
            ("psql -c '\\dt connect.*'", "Connect's tables; the school's own stand in schema administration"),
            (look_up, "a pupil in the directory"),
            (f'psql -c "{renamed}"', "a name change"),
            ("connect-worker plan --show diff", "what the night would do"),
            ("connect-worker run", "the night"),
        ]
    )


def _again(folder: Folder) -> str:
    return "make run ARGS=--look" if _is_made(folder) else f"{MODULE} --folder {_relative(folder.root)} --look"


def _begin(folder: Folder) -> str:
    options = "--directory ldaps://HOST --bind-dn DN --password-file FILE --ca-file FILE --base-dn OU=…"
    return f'make run ARGS="{options}"' if _is_made(folder) else f"{MODULE} {options}"


def _is_made(folder: Folder) -> bool:
    """Whether it was `make run` that brought us here."""
    return folder.root == Path.cwd() / ".run" and Path("Makefile").exists()


def _relative(path: Path) -> str:
    """As it is shortest to type from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
