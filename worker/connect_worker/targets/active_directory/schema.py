"""What the directory's schema has: the attributes that come with Exchange, or not at all."""

from collections.abc import Sequence

from connect_worker.errors import ConfigurationError, IncompleteReadError
from connect_worker.targets.active_directory.channel import Channel
from connect_worker.targets.active_directory.refusals import words_of
from connect_worker.targets.active_directory.requests import Scope, Search

_NAME = "lDAPDisplayName"


def missing_attributes(channel: Channel, schema_dn: str, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the named attributes that the schema does not have; nobody is asked where there is no name.

    Raises IncompleteReadError where the schema cannot be read.
    """
    if not names:
        return ()
    either = "".join(f"({_NAME}={name})" for name in names)
    wanted = f"(&(|{either})(!(isDefunct=TRUE)))"
    answer = channel.ask(Search(base=schema_dn, scope=Scope.ONE_LEVEL, filter=wanted, attributes=(_NAME,)))
    if answer.code:
        raise IncompleteReadError(
            f"the directory's schema cannot be read: {words_of(answer)}",
            todo="Grant the account that Connect uses the right to read it; every account has it by default",
        )
    there = {value.lower() for entry in answer.entries for value in entry.attributes.get(_NAME.lower(), ())}
    return tuple(name for name in names if name.lower().encode() not in there)


def require_attributes(channel: Channel, schema_dn: str, names: Sequence[str]) -> None:
    """Raise ConfigurationError naming every attribute that the schema does not have."""
    missing = missing_attributes(channel, schema_dn, names)
    if missing:
        raise ConfigurationError(
            *(f"{name} is configured, and the directory's schema has no such attribute" for name in missing),
            todo="Take its templates out of the configuration and its values out of connect.main_connect_user, or have "
            "the directory's schema extended as Exchange does it; nothing was changed",
            reason="SchemaAttributeMissing",
        )
