"""The limit of a night: what it reads, read by the tools that do nothing else, over the same verified connections."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import run
from connect_worker.settings import DatabaseSettings
from connect_worker.store.contract import VIEWS
from connect_worker.targets.active_directory.entries import READ_ATTRIBUTES, TAKEN_ATTRIBUTES
from connect_worker.targets.active_directory.read import MANAGED, NAMED, PAGE_ENTRIES
from tests.support.worker import DirectoryAccess

TIMEOUT_SECONDS = 600
OWN_TABLES = (
    *("connect_config", "connect_config_level", "connect_config_mandant", "connect_config_group"),
    *("main_connect_user", "main_connect_group", "main_connect_membership"),
    *("connect_reserved_name", "connect_intention"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainTools:
    """psql and ldapsearch on one customer's database and directory. `folder` keeps their Secrets."""

    folder: Path
    database: DatabaseSettings
    directory: DirectoryAccess
    domain_dn: str
    bases: Sequence[str]

    def read_all(self) -> None:
        """Read every view and table, then both of a night's searches, one after the other."""
        self.copy_tables()
        self.search()

    def copy_tables(self) -> None:
        r"""`\copy` every view and table that a night reads, in one session."""
        database = self.database
        connection = (
            f"host={database.server_name} hostaddr={database.host} port={database.port} dbname={database.name} "
            f"user={database.username} sslmode=verify-full sslrootcert={self._file('database.pem', database.ca or '')}"
        )
        tables = (*(view.name for view in VIEWS), *OWN_TABLES)
        script = "".join(f"\\copy (TABLE connect.{table}) TO '{os.devnull}'\n" for table in tables)
        environment = {**os.environ, "PGPASSWORD": database.password.reveal()}
        command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", connection]
        run(command, timeout=TIMEOUT_SECONDS, script=script, environment=environment)

    def search(self) -> None:
        """The search for the names of the whole domain, and those below the bases."""
        options = ("-LLL", "-o", "ldif-wrap=no", "-E", "domainScope", "-E", f"!pr={PAGE_ENTRIES}/noprompt", "-s", "sub")
        for search in self._searches():
            run(
                self._signed_in("ldapsearch", *options, *search), timeout=TIMEOUT_SECONDS, environment=self._verifying()
            )

    def write(self, ldif: str) -> None:
        """Give LDIF records with their `changetype` to ldapmodify, which is ldapadd without its default."""
        run(self._signed_in("ldapmodify"), timeout=TIMEOUT_SECONDS, script=ldif, environment=self._verifying())

    def _searches(self) -> Iterator[tuple[str, ...]]:
        yield ("-b", self.domain_dn, NAMED, *TAKEN_ATTRIBUTES)
        yield from (("-b", base, MANAGED, *READ_ATTRIBUTES) for base in self.bases)

    def _signed_in(self, tool: str, *options: str) -> list[str]:
        directory = self.directory
        password = self._file("directory.password", directory.password)
        return [tool, "-x", "-H", directory.url, "-D", directory.bind_dn, "-y", str(password), *options]

    def _verifying(self) -> dict[str, str]:
        authority = self._file("directory.pem", self.directory.ca_pem or "")
        return {**os.environ, "LDAPTLS_REQCERT": "demand", "LDAPTLS_CACERT": str(authority)}

    def _file(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
        return path
