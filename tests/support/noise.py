"""Two who send each other noise, in pieces of any size, and look whether what comes is what was sent."""

import asyncio
import socket
from hashlib import sha256
from random import Random


async def exchange_noise(left: socket.socket, right: socket.socket, pieces: int) -> None:
    """Both ways at once, so many pieces and then the end. Raises AssertionError if a byte differs; closes both."""
    with left, right:
        sent_left, sent_right, at_left, at_right = await asyncio.gather(
            _send(left, pieces, seed=1), _send(right, pieces, seed=2), _receive(left), _receive(right)
        )
    if (sent_left, sent_right) != (at_right, at_left):
        raise AssertionError("what has come is not what was sent")


async def _send(peer: socket.socket, pieces: int, seed: int) -> str:
    random = Random(seed)  # noqa: S311 - test data
    digest = sha256()
    for _ in range(pieces):
        piece = random.randbytes(random.choice((1, 100, 65_536, 250_000)))
        digest.update(piece)
        await asyncio.get_running_loop().sock_sendall(peer, piece)
    peer.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


async def _receive(peer: socket.socket) -> str:
    digest = sha256()
    while piece := await asyncio.get_running_loop().sock_recv(peer, 100_000):
        digest.update(piece)
    return digest.hexdigest()
