"""Brings an installed bridge onto a machine, or into a folder in its place: files, and what systemd is told."""

import os
import subprocess
import tempfile
import time
from enum import StrEnum
from pathlib import Path, PurePosixPath

from connect_relay.bridge.installation import (
    ENVIRONMENT,
    FOLDER,
    LOGIN,
    UNIT,
    WANTED,
    Installation,
    PlannedFile,
    known_files,
    read_variables,
)
from connect_relay.bridge.service_manager import ATTACHED
from connect_relay.bundle import BundledFile
from connect_relay.errors import ConfigurationError

FOLDER_MODE = 0o750
LEAST_SYSTEMD = 247
"""The first version that hands keys to a service (LoadCredential)."""
SYSTEMCTL_SECONDS = 120
ATTACH_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.25


class Change(StrEnum):
    """What became of a file."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Host:
    """The machine whose root folder this is. Methods raise ConfigurationError that names the file."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def installed(self) -> Installation | None:
        """What is there already."""
        environment = self._read(FOLDER / ENVIRONMENT)
        if environment is None:
            return None
        found = ((name, self._read(FOLDER / name)) for name in known_files())
        files = tuple(BundledFile(name=name, text=text) for name, text in found if text is not None)
        login = (self._read(FOLDER / LOGIN) or "").strip()
        return Installation(variables=read_variables(environment), files=files, login=login)

    def require_ours(self, path: PurePosixPath) -> None:
        """Raise where somebody has put a link in this file's place."""
        place = self._at(path)
        if place.is_symlink():
            raise ConfigurationError(
                f"{place} is a link to {place.readlink()}, and not ours to replace",
                todo="Remove it; a unit that links to /dev/null is masked: systemctl unmask connect-bridge",
            )

    def write(self, file: PlannedFile) -> Change:
        """Let it be there so; whoever reads it sees the old one or the new one."""
        path = self._at(file.path)
        before = self._read(file.path)
        if before == file.text and path.stat().st_mode & 0o777 == file.mode:
            return Change.UNCHANGED
        try:
            if file.path.parent == FOLDER:
                path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                path.parent.chmod(FOLDER_MODE)
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, file)
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
        return Change.NEW if before is None else Change.CHANGED

    def remove(self, path: PurePosixPath) -> bool:
        """Take a file away; returns whether it was there."""
        place = self._at(path)
        if not os.path.lexists(place):
            return False
        try:
            place.unlink()
        except OSError as error:
            raise ConfigurationError(f"{place} cannot be removed: {error.strerror}") from error
        return True

    def remove_folder(self) -> bool:
        """Take away the bridge's folder, if nothing of others is in it; returns whether it is gone."""
        try:
            self._at(FOLDER).rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def enable(self) -> None:
        """What `systemctl enable` does."""
        link = self._at(WANTED)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(UNIT)

    def _at(self, path: PurePosixPath) -> Path:
        return self._root / path.relative_to("/")

    def _read(self, path: PurePosixPath) -> str | None:
        try:
            return self._at(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self._at(path)} cannot be read: {error}") from error


def _replace(path: Path, file: PlannedFile) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            os.fchmod(descriptor, file.mode)
            output.write(file.text)
            output.flush()
            os.fsync(descriptor)
        Path(draft).rename(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def require_systemd() -> None:
    """Raise ConfigurationError on a machine where a service cannot be installed, or not by us."""
    if os.geteuid() != 0:
        raise ConfigurationError("a service is installed by root", todo="Put sudo before the command")
    if not Path("/run/systemd/system").is_dir():
        raise ConfigurationError(
            "this machine is not run by systemd",
            todo="Run the bridge as a container, or let your own service manager start `connect-bridge run`",
        )
    version = systemctl("--version").split()[1]
    if version.isdecimal() and int(version) < LEAST_SYSTEMD:
        raise ConfigurationError(
            f"systemd {version} is too old: {LEAST_SYSTEMD} is the first that can keep the key for the service",
            todo="Run the bridge as a container",
        )


def systemctl(*arguments: str) -> str:
    """Tell systemd; returns its answer. Raises ConfigurationError with its words."""
    command = ["systemctl", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SYSTEMCTL_SECONDS, check=False)  # noqa: S603 - our own words
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"`{' '.join(command)}` failed: {error}") from error
    if done.returncode:
        raise ConfigurationError(
            f"`{' '.join(command)}` failed: {done.stderr.strip()}", todo="journalctl -u connect-bridge says more"
        )
    return done.stdout


def wait_until_attached() -> str:
    """What the bridge says of itself once it is attached to a relay, or after ATTACH_SECONDS."""
    deadline = time.monotonic() + ATTACH_SECONDS
    while True:
        words = systemctl("show", "--property=StatusText", "--value", "connect-bridge").strip()
        if words.startswith(ATTACHED) or time.monotonic() > deadline:
            return words
        time.sleep(LOOK_EVERY_SECONDS)
