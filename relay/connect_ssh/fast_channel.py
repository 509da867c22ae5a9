"""A channel whose data are sent and received on the fast path.

Knows asyncssh's private parts; see `fast_path`.
"""

from collections.abc import Callable
from typing import cast

from asyncssh import DataType
from asyncssh.channel import SSHTCPChannel
from asyncssh.constants import MSG_CHANNEL_DATA
from asyncssh.packet import String

from connect_ssh.options import LARGEST_PACKET


class FastChannel(SSHTCPChannel[bytes]):
    """A TCP channel of asyncssh's, whose class is changed while it is still without data."""

    _send: "Callable[[FastChannel], None]"

    @classmethod
    def change(cls, channel: SSHTCPChannel[bytes], send: "Callable[[FastChannel], None]") -> None:
        """Change a channel; `send` is called when it has something to send, and sends it now or later."""
        channel.__class__ = cls
        cast("FastChannel", channel)._send = send

    @property
    def is_ready(self) -> bool:
        """Something may be sent."""
        return bool(self._send_buf and self._send_window)

    @property
    def number_there(self) -> int:
        """The channel's number at the other side; it is open."""
        assert self._send_chan is not None
        return self._send_chan

    def takes(self, size: int) -> bool:
        """Whether so many bytes may come now; what may not is asyncssh's to refuse."""
        return self._recv_state == "open" and size <= self._recv_window

    def take_in(self, data: bytes) -> None:
        """Bytes have come that the channel `takes`."""
        self._accept_data(data)

    def write(self, data: bytes, datatype: DataType = None) -> None:
        """See asyncssh; `data`: anything with bytes. What its owner could change is copied, as far as it waits."""
        if self._send_state != "open" or datatype is not None:
            super().write(data, datatype)
            return
        if not data:
            return
        view = memoryview(data)
        self._send_buf.append((view, None))  # type: ignore[arg-type]
        self._send_buf_len += len(data)
        self._flush_send_buf()
        if not view.readonly:
            self._copy_what_waits(view.obj)

    def next_piece(self) -> memoryview:
        """What the next packet carries, taken out of what waits; the channel `is_ready`."""
        piece = memoryview(self._send_buf[0][0])
        most = min(self._send_window, self._send_pktsize, LARGEST_PACKET)
        if len(piece) > most:
            self._send_buf[0] = (piece[most:], None)  # type: ignore[assignment]
            piece = piece[:most]
        else:
            del self._send_buf[0]
        self._send_buf_len -= len(piece)
        self._send_window -= len(piece)
        return piece

    def send_slowly(self) -> None:
        """Send a packet as asyncssh does, under another cipher than AES-GCM."""
        self.send_packet(MSG_CHANNEL_DATA, String(bytes(self.next_piece())))

    def settle(self) -> None:
        """After some has been sent: let the session go on or wait, and say the end behind the last byte."""
        if self._session is None:
            return
        if self._send_buf:
            self._pause_resume_writing()
        else:
            super()._flush_send_buf()

    def _copy_what_waits(self, owner: object) -> None:
        for index, (piece, _) in enumerate(self._send_buf):
            if memoryview(piece).obj is owner:
                self._send_buf[index] = (memoryview(bytes(piece)), None)  # type: ignore[assignment]

    def _flush_send_buf(self) -> None:
        if self.is_ready:
            self._send(self)
        self.settle()
