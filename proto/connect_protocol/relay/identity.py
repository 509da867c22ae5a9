"""Who somebody is for the relay: a realm and a role, written into a certificate as a URI (subject alternative name)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from connect_protocol.relay.names import is_label

_URI = re.compile(r"connect://realm/([^/]+)/([^/]+)")


class Role(StrEnum):
    """On which side of the relay somebody stands."""

    BRIDGE = "bridge"
    WORKER = "worker"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A bridge or a worker of one realm. `realm` is a DNS label in lower case; raises ValueError if it is none."""

    realm: str
    role: Role

    def __post_init__(self) -> None:
        if not is_realm(self.realm):
            raise ValueError(f"{self.realm!r} is no realm: it should be a DNS label in lower case, such as school-a")

    @property
    def uri(self) -> str:
        """connect://realm/REALM/bridge or …/worker."""
        return f"connect://realm/{self.realm}/{self.role}"

    @classmethod
    def parse(cls, uri: str) -> "Identity":
        """Read what `uri` writes. Raises ValueError that says what should stand there."""
        found = _URI.fullmatch(uri)
        if found is None or found[2] not in set(Role):
            raise ValueError(f"{uri!r} is no identity such as connect://realm/school-a/worker")
        return cls(realm=found[1], role=Role(found[2]))


def is_realm(text: str) -> bool:
    """Whether this can be a realm: a DNS label in lower case, at most 63 characters."""
    return is_label(text)
