"""What fails between here and a target, as Connect's errors: which part of the way, and what to do. Pure."""

from collections.abc import Mapping

from connect_protocol.relay.frames import Reset, ResetCode
from connect_worker.errors import ConfigurationError, ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.tunnel.base import UNREACHABLE, Obstacle, PassedOverError, Target

TARGET_UNKNOWN = "RelayTargetUnknown"

_WAIT_FOR_RELAY = (
    "Check that the relay runs, and its address (spec.relay.address of the ConnectJob, which CONNECT_RELAY_ADDRESS "
    "has); the next run reads again and finishes the work"
)
_LOOK_AT_BRIDGE = (
    "Have the customer's IT look at connect-bridge: is it running, and may it reach the relay? "
    "The next run reads again and finishes the work"
)
_TRY_AGAIN = "Nothing is lost: the next run reads again and finishes the work"
_ADDRESS_ON_BRIDGE = {
    Target.DATABASE: "Check on the bridge that the database's address on its list is right, and that PostgreSQL runs",
    Target.DIRECTORY: "Check on the bridge that the directory's address on its list is right, and that it runs",
    Target.CATALOG: "Check on the bridge that the global catalog's address on its list is right (port 3269)",
}
_OBSTACLES = {
    ResetCode.BRIDGE_ABSENT: Obstacle.BRIDGE_ABSENT,
    ResetCode.DRAINING: Obstacle.DRAINING,
    ResetCode.LIMIT: Obstacle.FULL,
}


def reset_error(reset: Reset, target: Target, address: str) -> ConnectError:
    """A connection that the relay or the bridge has refused or broken off; `address` is the relay's."""
    match reset.code:
        case ResetCode.BRIDGE_ABSENT:
            return _unreachable(f"the customer's bridge is not there: {reset.message}", _LOOK_AT_BRIDGE)
        case ResetCode.TARGET_UNREACHABLE:
            return ConnectionFailedError(
                f"the bridge cannot reach its target {target}: {reset.message}",
                todo=_ADDRESS_ON_BRIDGE[target],
                reason=UNREACHABLE[target],
            )
        case ResetCode.UNKNOWN_TARGET:
            return ConfigurationError(
                f"the bridge has no target {target}: {reset.message}",
                todo=f"Put {target} with its host and port on the bridge's list",
                reason=TARGET_UNKNOWN,
            )
        case ResetCode.REFUSED:
            return refused(f"the relay at {address} refuses this worker: {reset.message}")
        case ResetCode.BROKEN:
            return ConnectionFailedError(
                f"the connection to {target} broke beyond the relay at {address}: {reset.message}",
                todo=_TRY_AGAIN,
                reason=UNREACHABLE[target],
            )
        case _:
            return _unreachable(
                f"no connection to {target} through the relay at {address}: {reset.message}", _TRY_AGAIN
            )


def not_opened(reset: Reset, target: Target, address: str) -> Exception:
    """What a relay says in place of opening a connection: something final, or that another relay may."""
    failure = reset_error(reset, target, address)
    obstacle = _OBSTACLES.get(reset.code)
    return failure if obstacle is None else PassedOverError(obstacle, failure)


def none_leads(telling: ConnectError, said: Mapping[str, str]) -> ConnectError:
    """Of several relays none leads to the target: `telling` is the failure that says most, `said` what each said."""
    each = "; ".join(f"{where}: {what}" for where, what in said.items())
    kind = LoginRefusedError if isinstance(telling, LoginRefusedError) else ConnectionFailedError
    return kind(f"none of {len(said)} relays leads there: {each}", todo=telling.todo, reason=telling.reason)


def is_at_target(failure: ConnectError) -> bool:
    """Whether the way was clear as far as the bridge."""
    return failure.reason in {TARGET_UNKNOWN, *UNREACHABLE.values()}


def relay_unreachable(address: str, why: str) -> ConnectionFailedError:
    """The relay does not answer, or not any more."""
    return _unreachable(f"the relay at {address} cannot be reached: {why}", _WAIT_FOR_RELAY)


def refused(what: str) -> LoginRefusedError:
    """The relay does not take the worker's certificate."""
    return LoginRefusedError(
        what,
        todo="Issue the worker's certificate anew (connect-relay pki worker) from the authority that the relay trusts, "
        "and put it into the relay Secret",
        reason="RelayLoginFailed",
    )


def relay_not_trusted(address: str, why: str) -> LoginRefusedError:
    """The relay's own certificate does not verify."""
    return LoginRefusedError(
        f"the certificate of the relay at {address} does not verify: {why}",
        todo="Put the relay's authority into ca.crt of the relay Secret, and the host of CONNECT_RELAY_ADDRESS among "
        "the names of the relay's certificate",
        reason="RelayCertificateInvalid",
    )


def _unreachable(what: str, todo: str) -> ConnectionFailedError:
    return ConnectionFailedError(what, todo=todo, reason="RelayUnreachable")
