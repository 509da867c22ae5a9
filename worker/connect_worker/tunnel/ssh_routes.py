"""By SSH there are two ways to a target: Connect's relay, asked by name, or a jump host, asked by address. Pure.

What is said of each when it fails is worded here, as `failures` does for the relay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from connect_protocol.relay.frames import Reset, ResetCode
from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.settings import Settings
from connect_worker.tunnel import failures
from connect_worker.tunnel.base import UNREACHABLE, Obstacle, PassedOverError, Target

_PORTS = {Target.DATABASE: 5432, Target.DIRECTORY: 636, Target.CATALOG: 3269}
"""What ssh wants with every name; the relay looks at the name only."""
_DIRECTORY_PORTS = {"ldaps": 636, "ldap": 389}
_CATALOG_PORTS = {"ldaps": 3269, "ldap": 3268}
_SEE_JUMP_HOST = (
    "Check that the jump host runs, and its address (spec.relay.address of the ConnectJob, which CONNECT_RELAY_ADDRESS "
    "has); the next run reads again and finishes the work"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What an SSH server is asked for: a host as it knows it, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def goals_of(settings: Settings) -> Mapping[Target, Goal]:
    """Where the servers themselves are, for who stands in the customer's network."""
    database, directory = settings.database, settings.directory
    goals = {Target.DATABASE: Goal(host=database.host, port=database.port)}
    if directory is not None and directory.url is not None:
        goals[Target.DIRECTORY] = _goal(directory.url, _DIRECTORY_PORTS)
    if directory is not None and directory.global_catalog_url is not None:
        goals[Target.CATALOG] = _goal(directory.global_catalog_url, _CATALOG_PORTS)
    return goals


def _goal(url: str, ports: Mapping[str, int]) -> Goal:
    parts = urlsplit(url)
    return Goal(host=parts.hostname or "", port=parts.port or ports[parts.scheme])


class Route(Protocol):
    """One of the two ways; `where` is the server's HOST:PORT."""

    @property
    def goals(self) -> Mapping[Target, Goal]:
        """What to ask for."""

    def not_opened(self, target: Target, where: str, message: str, *, forbidden: bool) -> Exception:
        """The server has not opened a channel: an error, or PassedOverError where another server may do better."""

    def silent(self, target: Target, where: str, why: str) -> Exception:
        """The server, which is there, has not answered in time whether it opens a channel; as `not_opened`."""

    def broken(self, target: Target, where: str, message: str) -> ConnectError:
        """A connection that had been opened broke beyond the server."""

    def unreachable(self, where: str, why: str) -> ConnectError:
        """The server does not answer, or not any more."""

    def refused(self, where: str, why: str) -> ConnectError:
        """The server does not take our key."""

    def not_trusted(self, where: str, why: str) -> ConnectError:
        """The server's host key is not the known one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayRoute:
    """Implements Route: Connect's relay knows the realm's targets by REALM/NAME, and says CODE: message."""

    realm: str

    @property
    def goals(self) -> Mapping[Target, Goal]:
        """See Route."""
        return {target: Goal(host=f"{self.realm}/{target}", port=port) for target, port in _PORTS.items()}

    def not_opened(self, target: Target, where: str, message: str, *, forbidden: bool) -> Exception:
        """See Route."""
        code, _, words = message.partition(": ")
        told = ResetCode.__members__.get(code)
        if told is ResetCode.REFUSED or (told is None and forbidden):
            return self.refused(where, message if told is None else words)
        if told is None:
            return failures.not_opened(Reset(code=ResetCode.UNSPECIFIED, message=message), target, where)
        return failures.not_opened(Reset(code=told, message=words), target, where)

    def silent(self, target: Target, where: str, why: str) -> Exception:
        """See Route. It has less patience with its bridges than we with it."""
        del target
        return PassedOverError(Obstacle.UNREACHABLE, self.unreachable(where, why))

    def broken(self, target: Target, where: str, message: str) -> ConnectError:
        """See Route."""
        return failures.reset_error(Reset(code=ResetCode.BROKEN, message=message), target, where)

    def unreachable(self, where: str, why: str) -> ConnectError:
        """See Route."""
        return failures.relay_unreachable(where, why)

    def refused(self, where: str, why: str) -> ConnectError:
        """See Route."""
        return LoginRefusedError(
            f"the relay at {where} refuses the worker's SSH key: {why}",
            todo="Make the worker's key anew (connect-relay pki), let the relay's authorized_keys have it, and put it "
            "into the relay Secret",
            reason="RelayLoginFailed",
        )

    def not_trusted(self, where: str, why: str) -> ConnectError:
        """See Route."""
        return LoginRefusedError(
            f"the relay at {where} is not the known one: {why}",
            todo="Compare the relay's host key (ssh-keygen -lf) with knownHosts of the relay Secret; if it was changed "
            "on purpose, put the new one there",
            reason="RelayCertificateInvalid",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class JumpHostRoute:
    """Implements Route: an SSH server of the customer's opens connections to the servers' own addresses."""

    goals: Mapping[Target, Goal]
    user: str

    def not_opened(self, target: Target, where: str, message: str, *, forbidden: bool) -> Exception:
        """See Route."""
        goal = self.goals[target]
        if forbidden:
            return ConfigurationError(
                f"the jump host at {where} does not let {self.user} connect to {target} at {goal}: {message}",
                todo=f"Allow it in the jump host's sshd_config: AllowTcpForwarding local, PermitOpen {goal}",
                reason=failures.TARGET_UNKNOWN,
            )
        return self.silent(target, where, message)

    def silent(self, target: Target, where: str, why: str) -> Exception:
        """See Route. It waits for whatever is slow to refuse, or drops what comes."""
        return ConnectionFailedError(
            f"the jump host at {where} cannot reach {target} at {self.goals[target]}: {why}",
            todo=f"Check in the {target} Secret that host and port are right as the jump host knows them, and that the "
            "server runs",
            reason=UNREACHABLE[target],
        )

    def broken(self, target: Target, where: str, message: str) -> ConnectError:
        """See Route."""
        return ConnectionFailedError(
            f"the connection to {target} broke beyond the jump host at {where}: {message}",
            todo="Nothing is lost: the next run reads again and finishes the work",
            reason=UNREACHABLE[target],
        )

    def unreachable(self, where: str, why: str) -> ConnectError:
        """See Route."""
        return ConnectionFailedError(
            f"the jump host at {where} cannot be reached: {why}", todo=_SEE_JUMP_HOST, reason="RelayUnreachable"
        )

    def refused(self, where: str, why: str) -> ConnectError:
        """See Route."""
        return LoginRefusedError(
            f"the jump host at {where} refuses the SSH key of {self.user}: {why}",
            todo=f"Put the worker's public key into authorized_keys of {self.user} on the jump host",
            reason="RelayLoginFailed",
        )

    def not_trusted(self, where: str, why: str) -> ConnectError:
        """See Route."""
        return LoginRefusedError(
            f"the jump host at {where} is not the known one: {why}",
            todo="Compare the jump host's host key (ssh-keygen -lf) with knownHosts of the relay Secret; if it was "
            "changed on purpose, put the new one there",
            reason="RelayCertificateInvalid",
        )
