"""Which Secrets a ConnectJob needs, what is wrong with them, and when to look at them again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connect_operator.core.condition import Truth
from connect_operator.core.facts import SecretFinding, SecretRole, SecretsView
from connect_operator.core.spec import ConnectJob, Mode, Transport
from connect_operator.core.status import ConditionType, Status
from connect_protocol.environment import SecretKey

BEFORE_THE_RUN = timedelta(hours=1)
"""Healthy Secrets are looked at once more when the next run is this near."""

_REALM = SecretKey.CUSTOMER_REALM.rpartition("/")[2]
_NEEDED = (
    SecretKey.CUSTOMER_NUMBER,
    SecretKey.ENCRYPTION_KEY,
    SecretKey.DATABASE_HOST,
    SecretKey.DATABASE_PORT,
    SecretKey.DATABASE_NAME,
    SecretKey.DATABASE_USERNAME,
    SecretKey.DATABASE_PASSWORD,
)
_NEEDED_BY: Mapping[Transport, tuple[SecretKey, ...]] = {
    Transport.GRPC: (SecretKey.RELAY_CERTIFICATE, SecretKey.RELAY_KEY, SecretKey.RELAY_CA),
    Transport.SSH: (SecretKey.RELAY_SSH_KEY, SecretKey.RELAY_KNOWN_HOSTS),
    Transport.JUMP_HOST: (SecretKey.RELAY_SSH_KEY, SecretKey.RELAY_KNOWN_HOSTS, SecretKey.RELAY_SSH_USER),
    Transport.NONE: (),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretNeed:
    """A Secret that must be there with at least these keys. `name` is empty where the spec names none.

    The directory's needs no key: what it leaves out may stand in the customer's own tables.
    """

    role: SecretRole
    name: str
    keys: frozenset[str]


def needs(job: ConnectJob) -> tuple[SecretNeed, ...]:
    """Every Secret that the pod cannot do without; a directory only where a run talks to one."""
    names = job.secrets
    wanted = {SecretRole.CUSTOMER: names.customer, SecretRole.DATABASE: names.database}
    if names.directory is not None or job.mode is not Mode.VALIDATE:
        wanted[SecretRole.DIRECTORY] = names.directory or ""
    if job.relay.transport is not Transport.NONE:
        wanted[SecretRole.RELAY] = names.relay or ""
    keys = (*_NEEDED, *_NEEDED_BY[job.relay.transport])
    return tuple(SecretNeed(role=role, name=name, keys=_keys(role, keys)) for role, name in wanted.items())


def findings(job: ConnectJob, contents: Mapping[SecretRole, Mapping[str, bytes] | None]) -> tuple[SecretFinding, ...]:
    """What is wrong. `contents` are the Secrets' decoded data, None for one that is not there."""
    return tuple(_findings(job, contents))


def due(job: ConnectJob, next_run: datetime | None, view: SecretsView | None, now: datetime) -> bool:
    """Whether the Secrets must be looked at now."""
    if view is None or view.generation != job.generation:
        return True
    moment = look_again(next_run, view)
    return moment is not None and moment <= now


def presumed(job: ConnectJob, status: Status) -> SecretsView | None:
    """What a status tells of Secrets that nobody has looked at since the operator started; None if it tells nothing.

    They were well for this very spec, at the latest when Ready became True.
    """
    told = status.condition(ConditionType.READY)
    if told is None or told.finding.truth is not Truth.TRUE or told.generation != job.generation:
        return None
    return SecretsView(generation=job.generation, looked_at=told.since)


def look_again(next_run: datetime | None, view: SecretsView) -> datetime | None:
    """When to look next at healthy ones; None if the next run is not known."""
    if next_run is None or view.looked_at >= next_run - BEFORE_THE_RUN:
        return None
    return next_run - BEFORE_THE_RUN


def _findings(job: ConnectJob, contents: Mapping[SecretRole, Mapping[str, bytes] | None]) -> Iterator[SecretFinding]:
    for need in needs(job):
        content = contents.get(need.role)
        if content is None:
            yield SecretFinding(role=need.role, name=need.name, missing=True)
            continue
        if lacking := tuple(sorted(key for key in need.keys if not content.get(key, b"").strip())):
            yield SecretFinding(role=need.role, name=need.name, missing_keys=lacking)
        if need.role is SecretRole.CUSTOMER and (other := _other_realm(content, job.realm)):
            yield SecretFinding(role=need.role, name=need.name, other_realm=other)


def _other_realm(content: Mapping[str, bytes], realm: str) -> str | None:
    found = content.get(_REALM, b"").decode("utf-8", "replace").rstrip("\r\n")
    return found if found and found != realm else None


def _keys(role: SecretRole, needed: Iterable[SecretKey]) -> frozenset[str]:
    return frozenset(name for folder, _, name in (key.partition("/") for key in needed) if folder == role)
