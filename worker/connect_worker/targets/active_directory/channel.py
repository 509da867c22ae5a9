"""Requests and answers over one signed-in connection, many under way at a time, in one thread.

ldap3's own asynchronous strategy reads in a second thread while the first one writes: two threads in one TLS session,
which OpenSSL forbids. It also forgets answers that came in before a connection broke, and waits for those that cannot
come any more. So ldap3 signs in and writes the requests here, and we read the answers.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence

import structlog
from ldap3 import Connection
from ldap3.core.exceptions import LDAPException

from connect_worker.errors import ConnectionFailedError
from connect_worker.targets.active_directory.answers import (
    CONTINUATION,
    ENTRY,
    Answer,
    Entry,
    Message,
    answer_of,
    entry_of,
    message_length,
    open_message,
)
from connect_worker.targets.active_directory.encoding import encoded
from connect_worker.targets.active_directory.ldif import as_command
from connect_worker.targets.active_directory.requests import Request

WINDOW = 32
"""Requests under way at a time: at 20 ms of round trip, 25 times the speed of one by one; more gains little."""
_CHUNK_BYTES = 1 << 16
_log = structlog.get_logger(__name__)


class Channel:
    """Sends requests and collects whole answers. Not for two threads at a time.

    Each method raises ConnectionFailedError when the connection breaks or nothing comes for its time limit.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._received = bytearray()
        self._entries: dict[int, list[Entry]] = defaultdict(list)
        self._continuations: dict[int, int] = defaultdict(int)

    def ask(self, request: Request) -> Answer:
        """Send one request and wait for its answer."""
        return self.wait_for(self.send(request))

    def ask_all(self, requests: Sequence[Request]) -> list[Answer]:
        """Send requests that do not depend on each other, up to WINDOW at a time; the answers in their order."""
        places: dict[int, int] = {}
        answers: dict[int, Answer] = {}
        while len(answers) < len(requests):
            while len(places) < min(len(requests), len(answers) + WINDOW):
                places[self.send(requests[len(places)])] = len(places)
            answer = self.receive()
            if answer.request_id in places:
                answers[places[answer.request_id]] = answer
        return [answers[place] for place in range(len(requests))]

    def wait_for(self, request_id: int) -> Answer:
        """Wait for one answer. Those of requests that somebody gave up waiting for are passed over."""
        while (answer := self.receive()).request_id != request_id:
            _log.debug("an answer that nobody waits for any more", request_id=answer.request_id)
        return answer

    def send(self, request: Request) -> int:
        """Send a request without waiting; returns the number that its answer will carry."""
        if _log.is_enabled_for(logging.DEBUG):
            _log.debug("ldap request", command=as_command(request))
        request_id: int = self._connection.server.next_message_id()
        try:
            self._connection.socket.sendall(encoded(request_id, request))
        except (OSError, AttributeError) as fault:
            raise _broken(fault) from fault
        return request_id

    def receive(self) -> Answer:
        """Wait for the next answer that is whole, whichever request it belongs to."""
        while True:
            message = self._next_message()
            if message.kind == ENTRY:
                self._entries[message.request_id].append(entry_of(message))
            elif message.kind == CONTINUATION:
                self._continuations[message.request_id] += 1
            elif message.request_id == 0:
                raise _broken("it announced that it closes the connection")
            else:
                entries = tuple(self._entries.pop(message.request_id, ()))
                return answer_of(message, entries, self._continuations.pop(message.request_id, 0))

    def close(self) -> None:
        """Sign out. Never raises: what is lost then was lost before."""
        socket = self._connection.socket
        try:
            self._connection.unbind()
        except (LDAPException, OSError) as fault:
            _log.debug("the directory's connection was closed already", fault=str(fault))
        finally:
            # ldap3 leaves it open when the good-bye does not get through.
            socket.close()

    def _next_message(self) -> Message:
        while (length := message_length(self._received, 0)) is None or len(self._received) < length:
            self._receive_more()
        data = bytes(self._received[:length])
        del self._received[:length]
        try:
            return open_message(data)
        except (IndexError, ValueError) as fault:
            raise _broken("it does not speak LDAP") from fault

    def _receive_more(self) -> None:
        try:
            chunk = self._connection.socket.recv(_CHUNK_BYTES)
        except (OSError, AttributeError) as fault:
            raise _broken(fault) from fault
        if not chunk:
            raise _broken("it closed the connection")
        self._received += chunk


def _broken(fault: Exception | str) -> ConnectionFailedError:
    return ConnectionFailedError(
        f"the connection to the directory broke: {fault}",
        todo="Run again when it answers: what is missing is made up then",
        reason="DirectoryUnreachable",
    )
