"""The Samba domain that tests clone: provisioned once per machine and recipe, kept in the user's cache folder."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import create_authority, issue

REALM = "school.test"
BASE_DN = "DC=school,DC=test"
SERVER_NAME = f"dc1.{REALM}"
ADMIN_PASSWORD = "Passw0rd.Adm1n"
BUILD_TIMEOUT_SECONDS = 120
ADDRESSES = tuple(f"127.0.0.{number}" for number in range(1, 255))

_SAMBA_TOOL = Path("/usr/bin/samba-tool")
_NEEDED = (
    Path("/usr/sbin/samba"),
    _SAMBA_TOOL,
    Path("/usr/share/samba/setup/ad-schema"),
    Path("/usr/lib/x86_64-linux-gnu/samba/ldb/samba_dsdb.so"),
)
_INSTALL = "apt-get install -y --no-install-recommends samba-ad-dc samba-dsdb-modules samba-ad-provision winbind"
OFFLINE_SCRIPT = Path(__file__).with_name("samba_offline.py")


def template() -> Path:
    """The template's folder, built if this machine does not have it yet. Safe to call from several processes.

    Raises RuntimeError with the install line when Samba is missing, or with Samba's own words when a step fails.
    """
    return _template("samba")


def plain_template() -> Path:
    """The same, with the schema of a domain that has never seen Exchange: no extensionAttribute1-15."""
    return _template("samba-plain", "plain")


def require_samba() -> None:
    """Raise RuntimeError naming what is missing and the line that installs it."""
    missing = [str(path) for path in _NEEDED if not path.exists()]
    if missing:
        raise RuntimeError(f"Samba AD DC is not installed ({', '.join(missing)} missing). Run as root: {_INSTALL}")


def write_configuration(folder: Path, address: str, *, services: str = "ldap, cldap") -> Path:
    """Write the one file that knows the domain's folder and address; it alone makes a copy relocatable."""
    for name in ("etc", "run", "cache", "lock", "state", "private/tls"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    configuration = folder / "etc" / "smb.conf"
    configuration.write_text(f"""[global]
    netbios name = DC1
    workgroup = SCHOOL
    realm = {REALM.upper()}
    server role = active directory domain controller
    server services = {services}
    interfaces = {address}/8
    bind interfaces only = yes
    private dir = {folder}/private
    state directory = {folder}/state
    cache directory = {folder}/cache
    lock directory = {folder}/lock
    binddns dir = {folder}/bind-dns
    pid directory = {folder}/run
    ncalrpc dir = {folder}/run/ncalrpc
    winbindd socket directory = {folder}/run/winbindd
    ntp signd socket directory = {folder}/run/ntp_signd
    load printers = no
    disable spoolss = yes
    dsdb:schema update allowed = yes
    ldb:nosync = true
    ldap server require strong auth = allow_sasl_over_tls
    old password allowed period = 0
    tls enabled = yes
    tls keyfile = {folder}/private/tls/server.key
    tls certfile = {folder}/private/tls/server.crt
    tls cafile = {folder}/private/tls/ca.pem
[sysvol]
    path = {folder}/state/sysvol
[netlogon]
    path = {folder}/state/sysvol/{REALM}/scripts
""")
    return configuration


def run_tool(*command: str) -> str:
    """Run one of Samba's commands and return what it printed. Raises RuntimeError with its own words."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_TIMEOUT_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _template(name: str, *preparation: str) -> Path:
    require_samba()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "connect-tests"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{name}-{_recipe_hash()}"
    with _locked(cache / "samba.lock"):
        if not folder.exists():
            _build(folder, *preparation)
    return folder


def _recipe_hash() -> str:
    recipe = hashlib.sha256(run_tool(str(_SAMBA_TOOL), "--version").encode())
    for part in (Path(__file__), OFFLINE_SCRIPT):
        recipe.update(part.read_bytes())
    return recipe.hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(folder: Path, *preparation: str) -> None:
    """Build beside the final place and rename, so that a template which is there is always whole."""
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix="building-"))
    try:
        _provision(building)
        configuration = write_configuration(building, "127.0.0.1")
        _certify(building / "private" / "tls")
        # Isolated: the script's own folder holds a samba.py, which is not the one that it wants.
        run_tool("/usr/bin/python3", "-I", str(OFFLINE_SCRIPT), str(configuration), *preparation)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _provision(folder: Path) -> None:
    run_tool(
        str(_SAMBA_TOOL),
        *("domain", "provision", "--configfile=/dev/null", "--quiet"),
        *(f"--targetdir={folder}", f"--realm={REALM.upper()}", "--domain=SCHOOL", "--host-name=dc1"),
        *("--host-ip=127.0.0.1", "--server-role=dc", "--dns-backend=NONE", f"--adminpass={ADMIN_PASSWORD}"),
        *("--option=interfaces=127.0.0.1/8", "--option=bind interfaces only=yes", "--option=ldb:nosync=true"),
    )


def _certify(folder: Path) -> None:
    authority = create_authority()
    issue(authority, folder, dns_names=[SERVER_NAME, "localhost"], addresses=ADDRESSES)
    (folder / "ca.pem").write_text(authority.pem)
