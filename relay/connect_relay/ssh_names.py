"""What SSH calls host and port, as a target's name and realm. Pure."""

from dataclasses import dataclass

from connect_protocol.relay.frames import ResetCode
from connect_protocol.relay.identity import is_realm
from connect_protocol.relay.names import TARGET_NAME_RULE, is_target_name, shown
from connect_relay.errors import RefusedError

_NOBODYS_HOSTS = frozenset({"", "*", "localhost", "0.0.0.0", "::", "127.0.0.1", "::1"})  # noqa: S104 - nothing listens
"""What stands for the host where somebody names none: the port then tells the target."""
_WELL_KNOWN = {5432: "database", 636: "directory", 3269: "global-catalog"}


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetName:
    """A target of a realm."""

    realm: str
    name: str


def read_target(host: str, port: int, own_realm: str) -> TargetName:
    """NAME, REALM/NAME, or nobody's host and a port that stands for a name. Raises RefusedError (REFUSED)."""
    if host in _NOBODYS_HOSTS:
        return TargetName(realm=own_realm, name=_WELL_KNOWN.get(port, f"port-{port}"))
    realm, slash, name = host.rpartition("/")
    if not is_target_name(name) or (slash and not is_realm(realm)):
        message = f"{shown(host)} is no target such as database or school-a/database: {TARGET_NAME_RULE}"
        raise RefusedError(ResetCode.REFUSED, message)
    return TargetName(realm=realm or own_realm, name=name)
