"""The relay's end of a bridge's control stream: hello, orders, heartbeats both ways."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from connect_protocol.relay.control import Heartbeat, Hello, Welcome, decode_from_bridge, encode_from_relay
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_protocol.relay.frames import Reset, ResetCode
from connect_protocol.relay.identity import Role
from connect_protocol.relay.names import TARGET_NAME_RULE, is_target_name, shown
from connect_protocol.relay.pump import FrameStream
from connect_protocol.relay.service import MISSED_HEARTBEATS
from connect_relay import audit
from connect_relay.attached import AttachedBridge
from connect_relay.audit import Attempt, Caller, Kind
from connect_relay.errors import AbortedError, RefusedError
from connect_relay.rate import Bucket
from connect_relay.settings import Times
from connect_relay.switchboard import Switchboard

MOST_TARGETS = 64
LONGEST_VERSION = 63
MOST_MESSAGES_PER_SECOND = 50
"""On one control stream; a bridge sends one in 20 s."""
LEFT = "the bridge has left"


async def attach(stream: FrameStream, switchboard: Switchboard, times: Times, caller: Caller, version: str) -> None:
    """Serve a bridge's control stream until it leaves, dies or is sent away; `version` is the relay's own.

    Raises AbortedError, which tells the bridge why.
    """
    attempt = Attempt(kind=Kind.ATTACH, caller=caller)
    with switchboard.admission.under_way(attempt):
        await _attach(stream, switchboard, times, attempt, version)


async def _attach(stream: FrameStream, switchboard: Switchboard, times: Times, attempt: Attempt, version: str) -> None:
    try:
        bridge = await _greeted(stream, switchboard, times, attempt.caller)
        switchboard.attach(bridge)
    except (RefusedError, ProtocolError) as error:
        reset = switchboard.refused(attempt, error)
        audit.write_refused(attempt)
        raise AbortedError(str(error), refused=reset.code is ResetCode.REFUSED) from error
    except StreamBrokenError:
        attempt.reset = Reset(code=ResetCode.BROKEN, message=LEFT)
        audit.write_refused(attempt)
        return
    reason = LEFT
    try:
        audit.write_attached(attempt, version=bridge.version, targets=bridge.targets)
        await stream.send(encode_from_relay(Welcome(version=version)))
        reason = await _until_over(stream, bridge, times, attempt)
    except StreamBrokenError:
        return
    except ProtocolError as error:
        reason = str(error)
    finally:
        switchboard.detach(bridge)
        audit.write_detached(attempt, reason)
    if reason != LEFT:
        raise AbortedError(reason, refused=attempt.cut.done())


async def _greeted(stream: FrameStream, switchboard: Switchboard, times: Times, caller: Caller) -> AttachedBridge:
    """What the bridge says of itself; a refusal comes only after it, for who still speaks would not hear it."""
    try:
        async with asyncio.timeout(times.first_frame):
            data = await stream.receive()
    except TimeoutError:
        raise ProtocolError(f"no Hello within {times.first_frame:g} s") from None
    if data is None:
        raise StreamBrokenError("the stream ended before it began")
    realm = switchboard.admission.admit(caller, Role.BRIDGE)
    hello = decode_from_bridge(data)
    if not isinstance(hello, Hello):
        raise ProtocolError("something in place of Hello")
    _require_targets(hello.targets)
    return AttachedBridge(
        realm=realm,
        since=datetime.now(UTC),
        version=hello.version[:LONGEST_VERSION],
        targets=hello.targets,
        certificate_end=None if caller.certificate is None else caller.certificate.not_valid_after_utc,
    )


def _require_targets(names: Sequence[str]) -> None:
    if len(names) > MOST_TARGETS:
        raise RefusedError(ResetCode.LIMIT, f"more than {MOST_TARGETS} targets")
    for name in names:
        if not is_target_name(name):
            raise RefusedError(ResetCode.REFUSED, f"{shown(name)} is no name for a target: {TARGET_NAME_RULE}")


async def _until_over(stream: FrameStream, bridge: AttachedBridge, times: Times, attempt: Attempt) -> str:
    """Listen and speak until one of both is over, or the bridge is sent away, or cut off with all its connections."""
    tasks = [
        asyncio.create_task(_listen(stream, bridge, times)),
        asyncio.create_task(_speak(stream, bridge, times)),
    ]
    try:
        ends: list[asyncio.Future[str]] = [*tasks, bridge.dismissed]
        waited_for: list[asyncio.Future[Any]] = [*ends, attempt.cut]
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        if not attempt.cut.done():
            return next(end.result() for end in ends if end.done())
        attempt.reset = attempt.cut.result()
        bridge.lose(attempt.reset)
        return attempt.reset.message
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(stream: FrameStream, bridge: AttachedBridge, times: Times) -> str:
    """Every message is a sign of life; none for so long, and the bridge is dead, with all its connections."""
    patience = MISSED_HEARTBEATS * times.heartbeat
    messages = Bucket(MOST_MESSAGES_PER_SECOND, monotonic)
    while True:
        try:
            async with asyncio.timeout(patience):
                data = await stream.receive()
        except TimeoutError:
            reason = f"the bridge has said nothing for {patience:g} s"
            bridge.lose(Reset(code=ResetCode.BROKEN, message=reason))
            return reason
        if data is None:
            return LEFT
        if messages.take(1):
            raise ProtocolError(f"more than {MOST_MESSAGES_PER_SECOND} messages a second")
        decode_from_bridge(data)


async def _speak(stream: FrameStream, bridge: AttachedBridge, times: Times) -> str:
    """Orders as they come, and heartbeats in between."""
    number = 0
    while True:
        try:
            async with asyncio.timeout(times.heartbeat):
                message = encode_from_relay(await bridge.orders.get())
        except TimeoutError:
            number += 1
            message = encode_from_relay(Heartbeat(number))
        await stream.send(message)
