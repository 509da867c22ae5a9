"""The delay line carries everything, later, and counts how often the client waited for the server."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from benchmarks.delay_line import delay_line

TIMEOUT = 10
ROUND_TRIP = 0.05
HOST = "127.0.0.1"


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it is sent, until the client hangs up."""
    with socket.create_server((HOST, 0)) as listening:
        listening.settimeout(TIMEOUT)
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        yield listening.getsockname()[1]
        thread.join(TIMEOUT)


def answer(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        while heard := connection.recv(1 << 16):
            connection.sendall(heard)


def ask(connection: socket.socket, word: bytes) -> bytes:
    connection.sendall(word)
    answered = b""
    while len(answered) < len(word):
        answered += connection.recv(1 << 16)
    return answered


def test_each_round_trip_takes_its_time_and_is_counted(echo: int) -> None:
    with delay_line(HOST, echo, round_trip=ROUND_TRIP) as line:
        start = time.monotonic()
        with socket.create_connection((HOST, line.port), TIMEOUT) as connection:
            words = [ask(connection, word) for word in (b"one", b"two", b"three")]
    assert words == [b"one", b"two", b"three"]
    assert time.monotonic() - start >= 3 * ROUND_TRIP
    assert line.round_trips == 3


def test_what_is_sent_at_once_travels_together(echo: int) -> None:
    """A megabyte, which passes in many chunks, is not delayed chunk by chunk."""
    much = bytes(1 << 20)
    with (
        delay_line(HOST, echo, round_trip=ROUND_TRIP) as line,
        socket.create_connection((HOST, line.port), TIMEOUT) as connection,
    ):
        sender = threading.Thread(target=connection.sendall, args=(much,))
        sender.start()
        received = 0
        while received < len(much):
            received += len(connection.recv(1 << 16))
        sender.join(TIMEOUT)
    assert received == len(much)
