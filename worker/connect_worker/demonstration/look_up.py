"""A look into the directory; `python -m connect_worker.demonstration.look_up S.10054 mail` where ldapsearch is not."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import click

from connect_protocol.environment import Variable
from connect_worker.config import load_settings
from connect_worker.errors import ConfigurationError, ConnectError
from connect_worker.log import configure_log
from connect_worker.settings import DirectorySettings
from connect_worker.stages.credentials import directory_settings
from connect_worker.targets.active_directory.answers import Answer, ResultCode
from connect_worker.targets.active_directory.channel import Channel
from connect_worker.targets.active_directory.connection import connect
from connect_worker.targets.active_directory.requests import Scope, Search

PAGE_ENTRIES = 1000
NOTHING = "1.1"
"""No attribute at all, in LDAP's words."""
DISABLED = 0x2


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """What was seen of the objects below a base: how many, and the number of the latest change among them."""

    objects: int
    latest_change: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LookUp:
    """Reads a directory below a base. Every method raises ConnectError."""

    settings: DirectorySettings
    base: str

    def entry(self, sam_account_name: str, *attributes: str) -> tuple[str, ...]:
        """The lines of a user or group as LDIF has them, but all in UTF-8; () when it is not there."""
        found = self._search(f"(sAMAccountName={sam_account_name})", attributes)
        return tuple(line for dn, values in found for line in _lines(dn, values, attributes))

    def members(self, group: str) -> tuple[str, ...]:
        """The names of a group's members."""
        [(_, values)] = self._search(f"(sAMAccountName={group})", ("member",))
        return tuple(sorted(dn.decode().partition(",")[0].partition("=")[2] for dn in values.get("member", ())))

    def sight(self) -> Sight:
        """Everything below the base at a glance."""
        found = self._search("(objectClass=*)", ("uSNChanged",))
        latest = max((int(values["usnchanged"][0]) for _, values in found if "usnchanged" in values), default=0)
        return Sight(objects=len(found), latest_change=latest)

    def require_empty(self) -> None:
        """Raise ConfigurationError unless the base is there and nothing is below it."""
        below = [dn for dn, _ in self._search("(objectClass=*)", (NOTHING,)) if dn.casefold() != self.base.casefold()]
        if below:
            raise ConfigurationError(
                f"{self.base} is not empty: {len(below)} objects are below it, such as {below[-1]}",
                todo="The story begins with an empty unit: name another with --base-dn, or delete what is below this",
            )

    def _search(self, condition: str, attributes: Sequence[str]) -> list[tuple[str, dict[str, list[bytes]]]]:
        found: list[tuple[str, dict[str, list[bytes]]]] = []
        cookie: bytes | None = b""
        with _channel(self.settings) as channel:
            while cookie is not None:
                answer = channel.ask(
                    Search(
                        base=self.base,
                        scope=Scope.SUBTREE,
                        filter=condition,
                        attributes=tuple(attributes) or ("*",),
                        page=PAGE_ENTRIES,
                        cookie=cookie,
                    )
                )
                self._demand(answer)
                found += [(entry.dn, entry.attributes) for entry in answer.entries]
                cookie = answer.cookie or None
        return found

    def _demand(self, answer: Answer) -> None:
        if answer.code == ResultCode.NO_SUCH_OBJECT:
            raise ConfigurationError(
                f"The directory has no {self.base}, or the account may not see it",
                todo="Create this organizational unit, and delegate full control over it to the account",
            )
        if answer.code:
            raise ConfigurationError(
                f"The directory refuses to be searched below {self.base}: {answer.message} ({answer.code})"
            )


@contextmanager
def _channel(settings: DirectorySettings) -> Iterator[Channel]:
    channel = Channel(connect(settings))
    try:
        yield channel
    finally:
        channel.close()


def _lines(dn: str, values: dict[str, list[bytes]], attributes: Sequence[str]) -> Iterator[str]:
    yield f"dn: {dn}"
    for name in attributes or sorted(values):
        for value in sorted(values.get(name.lower(), ())):
            yield f"{name}: {_shown(name.lower(), value)}"


def _shown(name: str, value: bytes) -> str:
    if name == "objectguid":
        return str(UUID(bytes_le=value))
    if name == "objectsid":
        return value.hex()
    text = value.decode("utf-8", "replace")
    if name == "useraccountcontrol":
        return f"{text} ({'disabled' if int(text) & DISABLED else 'enabled'})"
    return text


@click.command()
@click.argument("name")
@click.argument("attributes", nargs=-1)
@click.option("--base", required=True, envvar="LDAPBASE", help="Below which DN to look; LDAPBASE by default.")
def main(name: str, attributes: tuple[str, ...], base: str) -> None:
    """Print the user or group with the sAMAccountName NAME; of its attributes the named ones, or all."""
    configure_log({Variable.LOG_LEVEL: "warning"}, sys.stderr)
    try:
        settings = load_settings(os.environ, needs_directory=True)
        assert settings.directory is not None, "it was asked for"
        lines = LookUp(settings=directory_settings(settings.directory), base=base).entry(name, *attributes)
    except ConnectError as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(lines) or f"There is no {name}.")
    sys.exit(not lines)


if __name__ == "__main__":
    main()
