"""What an installed bridge consists of: its settings, its files and their modes, its unit. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from connect_relay.bridge import systemd_unit
from connect_relay.bundle import SSH_FILES, TLS_FILES, Bundle, BundledFile
from connect_relay.errors import ConfigurationError
from connect_relay.settings import ProxyChoice, RelayName, Target

FOLDER = PurePosixPath("/etc/connect-bridge")
UNIT = PurePosixPath("/etc/systemd/system", systemd_unit.NAME)
WANTED = PurePosixPath("/etc/systemd/system/multi-user.target.wants", systemd_unit.NAME)
ENVIRONMENT = "environment"
LOGIN = "proxy-login"
RELAY, TARGETS = "CONNECT_BRIDGE_RELAY", "CONNECT_BRIDGE_TARGETS"
TLS, SSH = "CONNECT_BRIDGE_TLS", "CONNECT_BRIDGE_SSH"
PROXY, PROXY_LOGIN = "CONNECT_BRIDGE_PROXY", "CONNECT_BRIDGE_PROXY_LOGIN"
_CREDENTIALS = "${CREDENTIALS_DIRECTORY}"
"""Where systemd puts the service's copies."""
_HEAD = """\
# Written by `connect-bridge install`, which keeps lines of other variables. After a change by hand:
# systemctl restart connect-bridge
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedFile:
    """A file that shall be there so."""

    path: PurePosixPath
    mode: int
    text: str = field(repr=False)

    @property
    def secret(self) -> bool:
        """Whether it is nobody's but root's."""
        return not self.mode & 0o077


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What somebody asks for; what is empty or None shall stay as it was."""

    bundle: Bundle | None = None
    relays: tuple[RelayName, ...] = ()
    targets: tuple[Target, ...] = ()
    proxy: ProxyChoice | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """`variables` are those of the environment file; `login` is the proxy's, and empty without one."""

    variables: Mapping[str, str] = field(default_factory=dict)
    files: tuple[BundledFile, ...] = ()
    login: str = field(default="", repr=False)

    def changed(self, wishes: Wishes) -> "Installation":
        """As it shall be."""
        variables, login = dict(self.variables), self.login
        files = self.files if wishes.bundle is None else wishes.bundle.files
        for name in (TLS, SSH):
            variables.pop(name, None)
        variables.update({name: str(FOLDER) for name, _ in _papers(files)})
        if wishes.bundle is not None:
            variables[RELAY] = " ".join(wishes.bundle.relays)
        if wishes.relays:
            variables[RELAY] = " ".join(map(str, wishes.relays))
        if wishes.targets:
            variables[TARGETS] = " ".join(f"{target.name}={target.address}" for target in wishes.targets)
        if wishes.proxy is not None:
            proxy = wishes.proxy.proxy
            login = "" if proxy is None else proxy.login
            variables[PROXY] = "none" if proxy is None else str(proxy)
            variables[PROXY_LOGIN] = str(FOLDER / LOGIN)
        if not login:
            variables.pop(PROXY_LOGIN, None)
        return Installation(variables=variables, files=files, login=login)

    def planned(self, program: PurePosixPath) -> Iterator[PlannedFile]:
        """All files, the unit last. Raises ConfigurationError if something is missing."""
        self._require_all()
        yield PlannedFile(path=FOLDER / ENVIRONMENT, mode=0o640, text=_HEAD + _lines(self.variables))
        for file in self.files:
            mode = 0o600 if file.name in {"tls.key", "sshPrivateKey"} else 0o644
            yield PlannedFile(path=FOLDER / file.name, mode=mode, text=file.text)
        if self.login:
            yield PlannedFile(path=FOLDER / LOGIN, mode=0o600, text=f"{self.login}\n")
        yield PlannedFile(path=UNIT, mode=0o644, text=self._unit(program))

    def _require_all(self) -> None:
        if not self.files or not self.variables.get(RELAY):
            raise ConfigurationError("nothing is installed yet", todo="Give the bundle that you were sent")
        if not self.variables.get(TARGETS):
            raise ConfigurationError(
                "no target is named", todo="Give --target, such as --target database=db.school.example:5432"
            )

    def _unit(self, program: PurePosixPath) -> str:
        names = [file.name for file in self.files]
        options = [word for _, option in _papers(self.files) for word in (option, _CREDENTIALS)]
        if self.login:
            names.append(LOGIN)
            options += ["--proxy-login", f"{_CREDENTIALS}/{LOGIN}"]
        return systemd_unit.unit(program, options, FOLDER, names)


def read_variables(text: str) -> dict[str, str]:
    """The variables of an environment file, as systemd and docker read it."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): _unquoted(value.strip()) for name, _, value in pairs}


def _unquoted(value: str) -> str:
    for quote in ('"', "'"):
        if len(value) > 1 and value.startswith(quote) and value.endswith(quote):
            return value[1:-1]
    return value


def _papers(files: Sequence[BundledFile]) -> Iterator[tuple[str, str]]:
    """Variable and option of each kind of papers that is there."""
    names = {file.name for file in files}
    if names & set(TLS_FILES):
        yield TLS, "--tls"
    if names & set(SSH_FILES):
        yield SSH, "--ssh"


def known_files() -> Sequence[str]:
    """The names of those that a bundle may have brought."""
    return (*TLS_FILES, *SSH_FILES)


def _lines(variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        if not value.isprintable() or set(value) & set("\"'\\"):
            raise ConfigurationError(f"{name} holds a quote, a backslash or a control character", todo="Leave it out")
    return "".join(f"{name}={value}\n" for name, value in variables.items())
