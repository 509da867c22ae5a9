"""Who may do what, at each call anew, and who is cut off because he may not any more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from connect_protocol.relay.frames import Reset, ResetCode
from connect_protocol.relay.identity import Role
from connect_relay.audit import Attempt, Caller, Kind
from connect_relay.errors import RefusedError
from connect_relay.metrics import Metrics
from connect_relay.trust import Trust, expiry


class Admission:
    """Whom the relay believes, and the attempts that are under way."""

    def __init__(self, metrics: Metrics) -> None:
        self._trust = Trust()
        self._metrics = metrics
        self._attempts: set[Attempt] = set()

    @property
    def trust(self) -> Trust:
        """What holds now."""
        return self._trust

    def admit(self, caller: Caller, role: Role) -> str:
        """The caller's realm, if it has this role, and its certificate is still good. Raises RefusedError."""
        realm = require_role(caller, role)
        if (certificate := caller.certificate) is not None:
            if fault := self._trust.fault(certificate) or expiry(certificate, datetime.now(UTC)):
                raise RefusedError(ResetCode.REFUSED, f"the {role}'s {fault}")
            self._metrics.certificate_seen(f"{realm}/{role}", certificate.not_valid_after_utc)
        return realm

    def believe(self, trust: Trust) -> None:
        """From now on this holds; whoever is not believed any more is cut off."""
        self._trust = trust
        self.cut(lambda caller: "" if caller.certificate is None else trust.fault(caller.certificate))

    def cut(self, fault: Callable[[Caller], str]) -> None:
        """Cut off whatever is under way for callers that have lost their right: `fault` says why, or nothing.

        A worker's connections are reset, a bridge is sent away, and what it serves is reset.
        """
        for attempt in self._attempts:
            identity = attempt.caller.identity
            if identity is None or attempt.cut.done() or not (reason := fault(attempt.caller)):
                continue
            code = ResetCode.REFUSED if attempt.kind is Kind.CONNECT else ResetCode.BROKEN
            attempt.cut.set_result(Reset(code=code, message=f"the {identity.role}'s {reason}"))

    @contextmanager
    def under_way(self, attempt: Attempt) -> Iterator[None]:
        """Within: the attempt can be cut off."""
        self._attempts.add(attempt)
        try:
            yield
        finally:
            self._attempts.discard(attempt)


@asynccontextmanager
async def unless_cut(attempt: Attempt) -> AsyncIterator[None]:
    """Within: what is waited for is given up when the attempt is cut off. Raises RefusedError then."""
    timeout = asyncio.timeout(None)
    loop = asyncio.get_running_loop()

    def stop(_cut: asyncio.Future[Reset]) -> None:
        timeout.reschedule(loop.time())

    try:
        async with timeout:
            attempt.cut.add_done_callback(stop)
            try:
                yield
            finally:
                attempt.cut.remove_done_callback(stop)
    except TimeoutError:
        reset = attempt.cut.result()
        raise RefusedError(reset.code, reset.message) from None


def require_role(caller: Caller, role: Role) -> str:
    """The caller's realm, if it has this role. Raises RefusedError."""
    if caller.identity is None:
        raise RefusedError(ResetCode.REFUSED, "the certificate names no realm and role")
    if caller.identity.role is not role:
        raise RefusedError(ResetCode.REFUSED, f"only a {role} may do this, not a {caller.identity.role}")
    return caller.identity.realm
