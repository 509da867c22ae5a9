"""The relay's end of a visit: somebody asks whether he would be let in as a bridge, and takes no bridge's place."""

import asyncio
import time

from connect_protocol.relay.control import Heartbeat, Hello, Visited, decode_from_bridge, encode_from_relay
from connect_protocol.relay.errors import ProtocolError, StreamBrokenError
from connect_protocol.relay.frames import Reset, ResetCode
from connect_protocol.relay.identity import Role
from connect_protocol.relay.pump import FrameStream
from connect_relay import audit
from connect_relay.audit import Attempt, Caller, Kind
from connect_relay.errors import AbortedError, RefusedError
from connect_relay.settings import Times
from connect_relay.switchboard import Switchboard, as_reset


async def visit(stream: FrameStream, switchboard: Switchboard, times: Times, caller: Caller, version: str) -> None:
    """Answer a visitor until he leaves, for as long as the relay waits for a first frame; `version` is the relay's.

    Raises AbortedError, which tells the visitor why.
    """
    attempt = Attempt(kind=Kind.VISIT, caller=caller)
    try:
        async with asyncio.timeout(times.first_frame):
            await _answer(stream, switchboard, caller, version)
    except (RefusedError, ProtocolError) as error:
        attempt.reset = as_reset(error)
        audit.write_refused(attempt)
        raise AbortedError(str(error), refused=attempt.reset.code is ResetCode.REFUSED) from error
    except TimeoutError:
        attempt.reset = Reset(code=ResetCode.PROTOCOL, message=f"not over within {times.first_frame:g} s")
        audit.write_refused(attempt)
        raise AbortedError(attempt.reset.message) from None
    except StreamBrokenError:
        pass
    audit.write_visit(attempt)


async def _answer(stream: FrameStream, switchboard: Switchboard, caller: Caller, version: str) -> None:
    data = await stream.receive()
    realm = switchboard.admission.admit(caller, Role.BRIDGE)
    if data is None:
        return
    if not isinstance(decode_from_bridge(data), Hello):
        raise ProtocolError("something in place of Hello")
    there = sum(bridge.realm == realm for bridge in switchboard.registry.bridges)
    await stream.send(encode_from_relay(Visited(version=version, unix_time=time.time(), bridges=there)))
    while (data := await stream.receive()) is not None:
        message = decode_from_bridge(data)
        if isinstance(message, Heartbeat):
            await stream.send(encode_from_relay(message))
