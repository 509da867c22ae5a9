"""Doctor: tests each link on its own, and says which one fails and what to do."""

from dataclasses import dataclass
from datetime import UTC, datetime

from connect_worker.errors import ConfigurationError
from connect_worker.settings import GrpcRelay, JumpHost, RelaySettings, Settings, SshRelay
from connect_worker.stages.credentials import read_stored_login
from connect_worker.stages.directory_checks import Found, Kept, OpenDirectory, examine_directory
from connect_worker.stages.examination import Examination
from connect_worker.store.repository import Store, open_store
from connect_worker.tunnel.base import Target
from connect_worker.tunnel.failures import is_at_target
from connect_worker.tunnel.knock import valid_until, validity
from connect_worker.tunnel.way import Way, open_way

_DATABASE_TODO = "Mend each of them; connect-worker migrate makes Connect's own tables"


async def examine(settings: Settings, open_directory: OpenDirectory) -> Examination:
    """Test configuration, relay, database and directory; a link that fails does not hide the others.

    Behind a relay that leads nowhere there is nothing to test.
    """
    examination = Examination()
    with examination.of("configuration") as well:
        well(f"realm {settings.realm}, time zone {settings.time_zone.key}, timeout {settings.timeout}")
    async with open_way(settings) as way:
        reached = await _examine_way(way, examination)
        found = Found(reached=reached)
        if Target.DATABASE in reached:
            await _examine_database(way, examination, found)
        if Target.DIRECTORY in reached:
            await examine_directory(way, open_directory, examination, found)
    return examination


async def _examine_way(way: Way, examination: Examination) -> set[Target]:
    """The targets to which the way is clear: all of them where there is no relay."""
    relay = way.settings.relay
    if relay is None:
        return set(Target)
    failures = await way.examine()
    links = _links(relay)
    with examination.of(links.first) as well:
        before_bridge = next((failure for failure in failures.values() if failure and not is_at_target(failure)), None)
        if before_bridge is not None:
            raise before_bridge
        well(f"{', '.join(relay.addresses)} lets us in{links.found}")
        for target, failure in failures.items():
            with examination.of(f"{links.second} to {target}") as target_well:
                if failure is not None:
                    raise failure
                target_well(f"the {links.second} reaches it")
    return {target for target, failure in failures.items() if failure is None}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Links:
    """The parts of a way: who lets us in, who reaches the target, and what has been found when both do."""

    first: str
    second: str
    found: str


def _links(relay: RelaySettings) -> _Links:
    match relay:
        case GrpcRelay():
            until = validity(valid_until(relay), datetime.now(UTC))
            return _Links(first="relay", second="bridge", found=f", {until}, and the customer's bridge is there")
        case SshRelay():
            return _Links(first="relay", second="bridge", found=", and the customer's bridge is there")
        case JumpHost():
            return _Links(first="jump host", second="jump host", found=f" as {relay.user}")


async def _examine_database(way: Way, examination: Examination, found: Found) -> None:
    database = way.settings.database
    name = f"connect-worker {way.settings.realm} doctor"
    with examination.of("database connection") as well:
        async with way.explaining(), open_store(database, application_name=name) as store:
            facts = await store.examine()
            well(f"{database}/{database.name} as {database.username}, PostgreSQL {facts.server_version}")
            with examination.of("database contents") as contents_well:
                if facts.faults:
                    raise ConfigurationError(*facts.faults, todo=_DATABASE_TODO, reason="DatabaseContractBroken")
                contents_well(f"Connect's tables have version {facts.schema_version}, all views and rights are there")
                await _examine_contents(store, way.settings, examination, found)


async def _examine_contents(store: Store, settings: Settings, examination: Examination, found: Found) -> None:
    with examination.of("configurator"):
        found.login = await read_stored_login(store, settings)
    with examination.of("master data") as well:
        night = await store.read_night()
        data = night.master_data
        well(f"{len(data.students)} students, {len(data.staff)} staff, {len(data.classes)} classes")
        found.kept = Kept(configuration=night.configuration, state=night.state)
