"""The hot path of channel data on our own SSH connections: what asyncssh does slowly, at several times its speed.

asyncssh makes a cipher, an empty packet and half a dozen copies for every packet of data. Here the cipher lives as
long as its key, packets are made and read in place, many in one go, and what the transport does not take waits in its
channel. Everything else stays asyncssh's: handshake, authentication, re-keying, requests, errors, and connections
without AES-GCM. This reaches into private parts, so it is for one version of asyncssh, and can be switched off.
"""

import asyncio
import os
import struct
import time
import warnings
from typing import Any, Final

import asyncssh
from asyncssh.constants import MSG_CHANNEL_DATA
from asyncssh.encryption import GCMEncryption
from asyncssh.misc import DisconnectError, MACError, ProtocolError
from cryptography.exceptions import InvalidTag

from connect_ssh.buffers import BUFFER_BYTES, Buffers
from connect_ssh.fast_channel import FastChannel
from connect_ssh.gcm import BLOCK, HEADER, TAG, Gcm
from connect_ssh.options import LARGEST_PACKET

PINNED: Final = "2.24.1"
SWITCH: Final = "CONNECT_SSH_FAST_PATH"
"""Environment variable, read once: `off` leaves everything to asyncssh."""

_LENGTH: Final = struct.Struct(">I")
_START: Final = struct.Struct(">BBII")
"""Of a packet of data: how much padding, the type, the channel's number, how much data."""
_LEAST_PADDING: Final = 4
_LONGEST: Final = HEADER + _START.size + LARGEST_PACKET + _LEAST_PADDING + BLOCK + TAG

_buffers = Buffers()


def _is_usable() -> bool:
    if os.environ.get(SWITCH, "").lower() == "off":
        return False
    if asyncssh.__version__ != PINNED:
        told = f"asyncssh is {asyncssh.__version__}, not {PINNED}: SSH works, but slowly; install the pinned version"
        warnings.warn(told, stacklevel=2)
        return False
    return True


_USABLE: Final = _is_usable()


def speed_up(connection: asyncssh.SSHServerConnection | asyncssh.SSHClientConnection) -> None:
    """Take over a connection's bytes. To be called in its owner's `connection_made`, before any byte has come."""
    transport = connection._transport
    # An SSH connection inside another one has a channel for its transport.
    if _USABLE and hasattr(transport, "set_protocol"):
        Wire(connection, transport).take_over()


def speed_up_channel(channel: asyncssh.SSHTCPChannel[bytes]) -> None:
    """Take over a channel, if its connection has been. To be called in its session's `connection_made`."""
    transport: Any = channel.get_connection()._transport
    wire = transport.get_protocol() if hasattr(transport, "get_protocol") else None
    if isinstance(wire, Wire):
        FastChannel.change(channel, wire.send)


class Wire(asyncio.BufferedProtocol):
    """What stands between a transport and asyncssh's connection."""

    def __init__(self, connection: Any, transport: Any) -> None:
        """Nothing happens before `take_over`."""
        self._connection = connection
        self._transport = transport
        self._incoming: memoryview | None = None
        self._filled = 0
        self._outgoing: memoryview | None = None
        self._waiting: dict[FastChannel, None] = {}
        """Channels with something to send, each of which has its turn."""
        self._paused = False

    def take_over(self) -> None:
        """Be what the transport calls; pause as soon as it keeps a byte back, for it keeps what is ours to reuse."""
        stock = self._connection._send_deferred_packets

        def after_key_exchange() -> None:
            stock()
            self._flush()

        self._connection._send_deferred_packets = after_key_exchange
        self._transport.set_write_buffer_limits(high=0)
        self._transport.set_protocol(self)

    # What the transport calls

    def get_buffer(self, sizehint: int) -> memoryview:
        """See asyncio."""
        del sizehint
        if self._incoming is None:
            self._incoming = _buffers.borrow()
        return self._incoming[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """See asyncio."""
        self._filled += nbytes
        try:
            self._receive()
        except DisconnectError as error:
            self._connection._send_disconnect(error.code, error.reason, error.lang)
            self._connection._force_close(error)
        except Exception:  # noqa: BLE001
            self._connection.internal_error()
        if not self._filled and self._incoming is not None:
            _buffers.give_back(self._incoming)
            self._incoming = None

    def pause_writing(self) -> None:
        """See asyncio."""
        self._paused = True

    def resume_writing(self) -> None:
        """See asyncio: the transport holds nothing any more."""
        self._paused = False
        self._return_outgoing()
        self._flush()

    def eof_received(self) -> None:
        """See asyncio."""
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._incoming = self._outgoing = None
        self._waiting.clear()
        self._connection.connection_lost(exc)

    # Receiving

    def _receive(self) -> None:
        assert self._incoming is not None
        received, self._filled = self._incoming[: self._filled], 0
        if not self._may_open():
            self._connection.data_received(bytes(received))
            return
        self._connection._reset_keepalive_timer()
        rest = self._take_packets(self._with_what_is_left(received))
        if self._connection._transport is None:
            return
        if self._may_open():
            self._filled = len(rest)
            self._incoming[: self._filled] = rest
        elif rest:
            self._connection.data_received(bytes(rest))

    def _may_open(self) -> bool:
        """Whether the next packet may be decrypted here: at a packet's border, AES-GCM, after authentication."""
        connection = self._connection
        if isinstance(connection._recv_encryption, GCMEncryption):
            connection._recv_encryption = Gcm(connection._recv_encryption)
        return (
            isinstance(connection._recv_encryption, Gcm)
            and connection._auth_complete
            and connection._decompressor is None
            and connection._recv_handler in (connection._recv_pkthdr, connection._recv_packet)
        )

    def _with_what_is_left(self, received: memoryview) -> memoryview:
        """Take back what asyncssh holds of packets that it has not processed; the cipher has not counted them yet."""
        connection = self._connection
        if not (connection._packet or connection._inpbuf):
            return received
        joined = memoryview(bytearray(b"".join((connection._packet, connection._inpbuf, received))))
        connection._packet = connection._inpbuf = b""
        connection._recv_handler = connection._recv_pkthdr
        return joined

    def _take_packets(self, received: memoryview) -> memoryview:
        """Process whole packets; returns what follows them."""
        largest = min(self._connection._max_recv_pktlen, BUFFER_BYTES - HEADER - TAG)
        while len(received) >= HEADER:
            (length,) = _LENGTH.unpack_from(received)
            if not BLOCK <= length <= largest or length % BLOCK:
                raise ProtocolError(f"a packet of {length} bytes")
            whole = HEADER + length + TAG
            if len(received) < whole:
                break
            packet, received = received[:whole], received[whole:]
            if not self._process(packet, length):
                break
        return received

    def _process(self, packet: memoryview, length: int) -> bool:
        """Process a packet; False if the next one may not be opened here."""
        connection = self._connection
        try:
            connection._recv_encryption.open(packet, length)
        except InvalidTag:
            raise MACError("MAC verification failed") from None
        padding, kind, number, size = _START.unpack_from(packet, HEADER)
        channel = connection._channels.get(number) if kind == MSG_CHANNEL_DATA else None
        if isinstance(channel, FastChannel) and channel.takes(size) and _START.size + size + padding == length:
            connection._recv_seq = (connection._recv_seq + 1) & 0xFFFFFFFF
            channel.take_in(bytes(packet[HEADER + _START.size :][:size]))
            return True
        return self._leave_to_asyncssh(packet, length)

    def _leave_to_asyncssh(self, packet: memoryview, length: int) -> bool:
        connection = self._connection
        connection._recv_encryption.expect(bytes(packet[HEADER:][:length]))
        connection._inpbuf = bytes(packet)
        connection._recv_pkthdr()
        connection._recv_packet()
        return connection._transport is not None and self._may_open()

    # Sending

    def send(self, channel: FastChannel) -> None:
        """Send what a channel has, as soon as the transport takes it."""
        self._waiting[channel] = None
        self._flush()

    def _flush(self) -> None:
        connection = self._connection
        while self._waiting and not self._paused and connection._kex_complete and connection._transport is not None:
            if self._is_rekeying_due():
                connection._send_kexinit()
                connection._kexinit_sent = True
            elif (cipher := self._cipher()) is not None:
                self._send_packets(cipher)
            else:
                self._send_packet_slowly()

    def _is_rekeying_due(self) -> bool:
        connection = self._connection
        return bool(
            connection._rekey_bytes_sent >= connection._rekey_bytes
            or (connection._rekey_seconds and time.monotonic() >= connection._rekey_time)
        )

    def _cipher(self) -> Gcm | None:
        connection = self._connection
        if isinstance(connection._send_encryption, GCMEncryption):
            connection._send_encryption = Gcm(connection._send_encryption)
        cipher = connection._send_encryption
        return cipher if isinstance(cipher, Gcm) and connection._compressor is None else None

    def _send_packets(self, cipher: Gcm) -> None:
        """Fill a buffer, each channel in turn, and hand it to the transport."""
        assert self._outgoing is None, "the transport keeps what is in it, and has not paused"
        self._outgoing = _buffers.borrow()
        used = 0
        served: dict[FastChannel, None] = {}
        while self._waiting and used + _LONGEST <= BUFFER_BYTES and not self._is_rekeying_due():
            channel = next(iter(self._waiting))
            del self._waiting[channel]
            served[channel] = None
            if channel.is_ready:
                used += self._pack(channel, cipher, self._outgoing[used:])
            if channel.is_ready:
                self._waiting[channel] = None
        self._transport.write(self._outgoing[:used])
        if not self._transport.get_write_buffer_size():
            self._return_outgoing()
        for channel in served:
            channel.settle()

    def _pack(self, channel: FastChannel, cipher: Gcm, room: memoryview) -> int:
        """Make a channel's next packet; returns how long it is, with all that is around it."""
        piece = channel.next_piece()
        filled = _START.size + len(piece)
        padding = _LEAST_PADDING + -(filled + _LEAST_PADDING) % BLOCK
        length = filled + padding
        _LENGTH.pack_into(room, 0, length)
        _START.pack_into(room, HEADER, padding, MSG_CHANNEL_DATA, channel.number_there, len(piece))
        room[HEADER + _START.size : HEADER + filled] = piece
        room[HEADER + filled : HEADER + length] = bytes(padding)
        cipher.seal(room[: HEADER + length + TAG], length)
        self._connection._send_seq = (self._connection._send_seq + 1) & 0xFFFFFFFF
        self._connection._rekey_bytes_sent += length
        return HEADER + length + TAG

    def _send_packet_slowly(self) -> None:
        channel = next(iter(self._waiting))
        if channel.is_ready:
            channel.send_slowly()
        if not channel.is_ready:
            del self._waiting[channel]
        channel.settle()

    def _return_outgoing(self) -> None:
        if self._outgoing is not None:
            _buffers.give_back(self._outgoing)
            self._outgoing = None
