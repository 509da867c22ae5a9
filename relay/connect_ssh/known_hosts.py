"""Which host keys are known, in the format of OpenSSH's known_hosts, and for whom. Pure."""

from urllib.parse import urlsplit

import asyncssh

_USUAL_PORT = 22


class KnownHosts:
    """The host keys of a known_hosts file, hashed names and patterns included."""

    def __init__(self, text: str) -> None:
        """Raises ValueError if a line cannot be read."""
        self.hosts = asyncssh.import_known_hosts(text)

    def has(self, address: str) -> bool:
        """Whether a host key or an authority is known for HOST:PORT."""
        parts = urlsplit(f"//{address}")
        port = None if parts.port == _USUAL_PORT else parts.port
        keys, authorities, *_ = self.hosts.match(parts.hostname or "", "", port)
        return bool(keys or authorities)
