"""The demonstration's folder: what stands where, and that only one demonstration uses it at a time."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connect_worker.demonstration.postgres import remove_cluster
from connect_worker.errors import ConfigurationError

MARK = ".connect-demonstration"


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """The places in the folder."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The database's cluster; perhaps a link."""
        return self.root / "postgres"

    @property
    def directory(self) -> Path:
        """The simulated directory: its content, its certificate. Not there where a real one is used."""
        return self.root / "directory"

    @property
    def secrets(self) -> Path:
        """The Secrets, as a pod has them mounted."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """The log of each command."""
        return self.root / "logs"

    @property
    def environment(self) -> Path:
        """Variables for a shell that wants to look on."""
        return self.root / "environment"

    @property
    def pgpass(self) -> Path:
        """The database's password, as psql wants it."""
        return self.root / "pgpass"

    def clear(self) -> None:
        """Remove what an earlier demonstration has left, a running server included."""
        remove_cluster(self.postgres)
        for folder in (self.directory, self.secrets, self.logs):
            if folder.exists():
                shutil.rmtree(folder)
        for file in (self.environment, self.pgpass):
            file.unlink(missing_ok=True)
        self.logs.mkdir()


@contextmanager
def hold(root: Path) -> Iterator[Folder]:
    """Use a folder alone. Raises ConfigurationError where another demonstration is at work, or other files stand."""
    root = root.resolve()
    mark = root / MARK
    root.mkdir(parents=True, exist_ok=True)
    if not mark.exists() and any(root.iterdir()):
        raise ConfigurationError(
            f"{root} holds files that no demonstration has made", todo="Name an empty folder, or one that is not there"
        )
    # Entered by PostgreSQL's account too; what is secret has modes of its own.
    root.chmod(0o755)
    with mark.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"Another demonstration is at work in {root}", todo="End it with Ctrl-C, or name another --folder"
            ) from None
        yield Folder(root=root)
