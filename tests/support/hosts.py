"""What a name stands for, for the programs that are started with it: /etc/hosts of a mount namespace."""

import sys
from pathlib import Path


class Hosts:
    """One name and its addresses, in a file."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name

    def set(self, *addresses: str) -> None:
        """The name stands for these from now on."""
        self._path.write_text("".join(f"{address} {self._name}\n" for address in addresses))

    def seen_by(self, *command: str | Path) -> list[str | Path]:
        """An installed command, as one that sees it."""
        program = Path(sys.executable).with_name(str(command[0]))
        mount = f'mount --bind "{self._path}" /etc/hosts && exec "$0" "$@"'
        return ["/usr/bin/unshare", "--mount", "sh", "-c", mount, program, *command[1:]]
