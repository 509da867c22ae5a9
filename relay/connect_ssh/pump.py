"""The pump between a TCP connection and an SSH channel: what the worker's and the bridge's end have alike.

It is to a ByteChannel what `connect_protocol.relay.pump` is to a stream of frames. SSH has no word for a reset: a
channel that closes before its end is one.
"""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from connect_protocol.relay.ending import BrokenError, End, Ending
from connect_protocol.relay.pump import FAREWELL_SECONDS, REST_SECONDS
from connect_protocol.relay.tcp import end_on_close, prepare
from connect_protocol.relay.tcp_end import TcpEnd
from connect_ssh.channel import ByteChannel
from connect_ssh.errors import ChannelBrokenError, ConnectionLostError

LARGEST_READ = 512 * 1024
"""Bytes that are read before it is known whether the channel's window takes them."""


async def pump(connection: socket.socket, channel: ByteChannel) -> Ending:
    """Move bytes both ways until both sides have closed or something breaks; the socket and the channel are let go.

    `connection` is a connected TCP socket that does not block; nobody else may use it, nor the channel. If the
    connection ends out of order, the socket's peer gets a TCP reset, for a plain end could be taken for the whole.
    """
    try:
        prepare(connection)
        ending = await _Flow(TcpEnd(connection), channel).run()
        if ending.reset is None:
            end_on_close(connection)
    except BaseException:
        channel.abort()
        raise
    else:
        return ending
    finally:
        connection.close()


class _Flow:
    """One connection's two directions, and the tasks that move them and watch the channel."""

    def __init__(self, socket_end: TcpEnd, channel: ByteChannel) -> None:
        self._socket = socket_end
        self._channel = channel
        self._sent = 0
        self._received = 0

    async def run(self) -> Ending:
        reading = asyncio.create_task(self._socket_to_channel())
        writing = asyncio.create_task(self._channel_to_socket())
        watching = asyncio.create_task(self._watch())
        try:
            broken = await _first_failure((reading, writing), watching)
            if broken is not None:
                await self._move_the_rest(writing if broken.end is not End.RESET_HERE else reading)
        finally:
            await _stop((reading, writing, watching))
        if broken is None:
            self._channel.close()
            return Ending(end=End.CLOSED, sent=self._sent, received=self._received)
        await self._take_leave()
        return Ending(end=broken.end, sent=self._sent, received=self._received, reset=broken.reset)

    async def _socket_to_channel(self) -> None:
        while payload := await self._socket.read(LARGEST_READ):
            with _channel_errors():
                await self._channel.send(payload)
            self._sent += len(payload)
        if self._socket.broken:
            return
        with _channel_errors():
            self._channel.end()
            await self._channel.drained()

    async def _channel_to_socket(self) -> None:
        while (payload := await self._receive()) is not None:
            await self._socket.write(payload)
            self._received += len(payload)
        if self._socket.broken:
            return
        self._socket.end()

    async def _watch(self) -> None:
        """A channel that goes after both ends goes in order; else it must be noticed, whatever the socket does."""
        error = await self._channel.lost()
        if self._channel.broken:
            raise _channel_broken(error)

    async def _receive(self) -> bytes | None:
        with _channel_errors():
            return await self._channel.receive()

    async def _move_the_rest(self, direction: asyncio.Task[None]) -> None:
        """What came before the end still belongs to the side that is left, and is often the message that says why."""
        self._socket.broken = True
        await asyncio.wait([direction], timeout=REST_SECONDS)

    async def _take_leave(self) -> None:
        """Close the channel without an end, once all that was sent has gone out."""
        self._socket.close()
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._channel.drained()
        except (TimeoutError, ChannelBrokenError):
            self._channel.abort()
        else:
            self._channel.close()


async def _first_failure(directions: Sequence[asyncio.Task[None]], watching: asyncio.Task[None]) -> BrokenError | None:
    """What broke first; None once both directions have ended in order."""
    pending = {*directions, watching}
    try:
        while not pending.isdisjoint(directions):
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    except BrokenError as broken:
        return broken
    return None


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def _channel_errors() -> Iterator[None]:
    try:
        yield
    except ChannelBrokenError as error:
        raise _channel_broken(error) from error


def _channel_broken(error: ChannelBrokenError) -> BrokenError:
    end = End.STREAM_BROKEN if isinstance(error, ConnectionLostError) else End.RESET_BY_PEER
    return BrokenError.broken(end, str(error))
