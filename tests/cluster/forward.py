"""Forwards TCP connections: `python forward.py FD HOST PORT` accepts on the listening socket that it inherits as FD.

The socket belongs to the network where it was opened, the connections are made in the network where this runs: that is
how the host reaches a cluster's API server without an interface of its own in there.
"""

import asyncio
import socket
import sys

CHUNK_BYTES = 64 * 1024


async def forward(listener: socket.socket, host: str, port: int) -> None:
    """Join each accepted connection with a new one to `host`:`port`, until cancelled."""

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))

    server = await asyncio.start_server(join, sock=listener)
    await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until its end, or until either side is gone."""
    try:
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


if __name__ == "__main__":
    asyncio.run(forward(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], int(sys.argv[3])))
