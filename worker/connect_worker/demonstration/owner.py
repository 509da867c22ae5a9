"""As whom PostgreSQL works: it refuses to work as root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from connect_worker.errors import ConfigurationError

UNPRIVILEGED = "nobody"


class Become(TypedDict, total=False):
    """The options of `subprocess.run` that start a program as another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """An unprivileged account, or, both None, whoever started us."""

    uid: int | None = None
    gid: int | None = None

    @property
    def become(self) -> Become:
        """For `subprocess.run`."""
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def make_folder(self, folder: Path) -> Path:
        """Make a folder that is this owner's alone, and return where it is.

        Where the owner cannot get there (below /root, say), `folder` becomes a link to one below the system's
        temporary folder. Raises ConfigurationError where neither is possible.
        """
        folder.mkdir(mode=0o700)
        self.take(folder)
        if self._enters(folder):
            return folder
        folder.rmdir()
        place = Path(tempfile.mkdtemp(prefix="connect-postgres-"))
        self.take(place)
        if not self._enters(place):
            place.rmdir()
            raise ConfigurationError(
                f"PostgreSQL does not work as root, and the account {UNPRIVILEGED} can enter neither {folder.parent} "
                f"nor {place.parent}",
                todo="Run it as an ordinary user, or name with --folder a place that everybody may enter",
            )
        folder.symlink_to(place)
        return place

    def write(self, file: Path, text: str) -> None:
        """Make a file that only this owner may read."""
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
            written.write(text)
        self.take(file)

    def take(self, path: Path) -> None:
        """Give a path to this owner. Raises ConfigurationError where root may not do that, as in some containers."""
        if self.uid is None or self.gid is None:
            return
        try:
            os.chown(path, self.uid, self.gid)
        except OSError as error:
            raise _powerless(error) from error

    def _enters(self, folder: Path) -> bool:
        if self.uid is None:
            return True
        command = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
        try:
            entered = subprocess.run(command, capture_output=True, cwd="/", check=False, **self.become)  # noqa: S603
        except OSError as error:
            raise _powerless(error) from error
        return entered.returncode == 0


def choose_owner() -> Owner:
    """Whoever started us; in root's stead, `nobody`. Raises ConfigurationError where a system has no such account."""
    if os.geteuid() != 0:
        return Owner()
    try:
        account = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise ConfigurationError(
            f"PostgreSQL does not work as root, and this system has no account {UNPRIVILEGED} to work as",
            todo="Run it as an ordinary user",
        ) from None
    return Owner(uid=account.pw_uid, gid=account.pw_gid)


def remove_folder(folder: Path) -> None:
    """Remove what `make_folder` has made."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _powerless(error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"PostgreSQL does not work as root, and nothing can be done as {UNPRIVILEGED} here: {error.strerror}",
        todo="Run it as an ordinary user",
    )
