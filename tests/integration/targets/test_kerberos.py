"""Signing in with a keytab, at a real Kerberos server; each in a process of its own, which reads its own krb5.conf."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.samba import SambaServer

TIMEOUT_SECONDS = 60
SIGN_IN = """
import asyncio, sys
from pathlib import Path
from connect_worker.errors import ConnectError
from connect_worker.model.secret import Secret
from connect_worker.settings import DirectorySettings, Keytab
from connect_worker.targets.active_directory import ActiveDirectory

async def main(url, principal, keytab, ca, name, catalog):
    settings = DirectorySettings(
        url=url, bind_dn=principal, password=Secret(""), keytab=Keytab(principal=principal, path=Path(keytab)),
        ca=Path(ca).read_text(), server_name=name, global_catalog_url=catalog or None,
    )
    try:
        async with ActiveDirectory(settings) as directory:
            facts = await directory.check([sys.argv[-1]], ())
            names = len(await directory.read_taken_names())
            print(facts.signed_in_as, facts.domain_dn, facts.bases[0].may_create_users, names > 10)
    except ConnectError as error:
        print(type(error).__name__, error.reason, error)

asyncio.run(main(*sys.argv[1:-1]))
"""


@dataclass(frozen=True, kw_only=True)
class Service:
    """An account that may write in one unit, its keys in a file."""

    server: SambaServer
    unit: str
    keytab: Path
    configuration: Path
    principal: str

    def signs_in(
        self,
        *,
        url: str | None = None,
        principal: str | None = None,
        keytab: Path | None = None,
        name: str | None = None,
    ) -> str:
        """What the target says, as this service or with something else."""
        server = self.server
        arguments = (
            *(url or server.ldaps_url, principal or self.principal, str(keytab or self.keytab)),
            *(str(server.ca_file), name or server.server_name, "", self.unit),
        )
        done = subprocess.run(
            [sys.executable, "-c", SIGN_IN, *arguments],
            env={**os.environ, "KRB5_CONFIG": str(self.configuration)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def service(kerberos_samba: SambaServer, tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("kerberos")
    unit = kerberos_samba.make_ou("Kerberos")
    kerberos_samba.make_service_account("connect", writes=[unit])
    principal = f"connect@{kerberos_samba.realm.upper()}"
    kerberos_samba.export_keytab(principal, folder / "keytab")
    (folder / "krb5.conf").write_text(kerberos_samba.kerberos_configuration())
    return Service(
        server=kerberos_samba,
        unit=unit,
        keytab=folder / "keytab",
        configuration=folder / "krb5.conf",
        principal=principal,
    )


@pytest.mark.parametrize("protection", ["ldaps", "starttls"])
def test_a_keytab_signs_in_with_the_rights_of_its_principal(service: Service, protection: str) -> None:
    url = service.server.ldaps_url if protection == "ldaps" else service.server.ldap_url
    assert service.signs_in(url=url) == f"{service.principal} {service.server.base_dn} True True"


def test_a_principal_whose_key_is_not_in_the_keytab_is_refused(service: Service) -> None:
    said = service.signs_in(principal=f"somebody@{service.server.realm.upper()}")
    assert said.startswith("LoginRefusedError DirectoryLoginFailed Kerberos does not sign in somebody@SCHOOL.TEST")
    assert "keytab" in said


def test_a_key_that_the_account_no_longer_has_is_refused(service: Service, tmp_path: Path) -> None:
    """A new password makes every keytab of before useless."""
    service.server.make_service_account("former", writes=[])
    principal = f"former@{service.server.realm.upper()}"
    service.server.export_keytab(principal, tmp_path / "keytab")
    with service.server.connect() as connection:
        new = {"unicodePwd": [("MODIFY_REPLACE", ['"An0ther.Abend"'.encode("utf-16-le")])]}
        connection.modify(f"CN=former,CN=Users,{service.server.base_dn}", new)  # type: ignore[no-untyped-call]
    said = service.signs_in(principal=principal, keytab=tmp_path / "keytab")
    assert said.startswith("LoginRefusedError DirectoryLoginFailed Kerberos does not sign in former@SCHOOL.TEST")


def test_a_server_that_the_domain_does_not_know_by_this_name_is_refused(service: Service) -> None:
    said = service.signs_in(name="localhost")
    assert said.startswith("LoginRefusedError DirectoryLoginFailed")


def test_a_kerberos_server_that_does_not_answer_is_no_refusal(service: Service, tmp_path: Path) -> None:
    """The next try may find it: exit code 7, not 2."""
    nowhere = tmp_path / "krb5.conf"
    nowhere.write_text(service.configuration.read_text().replace(service.server.address, "127.0.0.1:1"))
    lost = Service(
        server=service.server,
        unit=service.unit,
        keytab=service.keytab,
        configuration=nowhere,
        principal=service.principal,
    )
    said = lost.signs_in()
    assert said.startswith("ConnectionFailedError DirectoryUnreachable no key distribution centre")
