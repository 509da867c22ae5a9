"""Who may come in by SSH, and who is there: what all connections of the port have alike."""

import random
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from connect_relay.audit import Kind
from connect_relay.authorized_keys import AuthorizedKeys
from connect_relay.rpc import Handler
from connect_relay.stranger_log import StrangerLog
from connect_relay.switchboard import Switchboard

C = TypeVar("C")


@dataclass(kw_only=True, slots=True, eq=False)
class Door(Generic[C]):
    """`keys` may be replaced while the relay runs. `connect` and `serve` take a worker's and a bridge's streams."""

    keys: AuthorizedKeys
    switchboard: Switchboard
    connect: Handler
    serve: Handler
    most_logins: int
    most_channels: int
    strangers: StrangerLog = field(default_factory=lambda: StrangerLog(Kind.LOGIN))
    logging_in: set[C] = field(default_factory=set)
    inside: set[C] = field(default_factory=set)

    def is_crowded(self) -> bool:
        """Whether one more had better be sent away before anybody knows who it is."""
        return is_too_many(len(self.logging_in), self.most_logins, random.random())  # noqa: S311 - no secret


def is_too_many(under_way: int, most: int, chance: float) -> bool:
    """As sshd's MaxStartups: from a third of `most` on more and more often, at `most` always; `chance` from 0 to 1.

    A flood thus does not shut out everybody else as soon as it has filled every place.
    """
    free = most // 3
    return under_way >= most or (under_way >= free and chance < (under_way - free + 1) / (most - free + 1))
