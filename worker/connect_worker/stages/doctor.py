"""Doctor: tests each link on its own, and says which one fails and what to do."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connect_protocol.exit_codes import ExitCode
from connect_worker.core.bases import bases
from connect_worker.errors import ConfigurationError, ConnectError
from connect_worker.settings import Settings
from connect_worker.store.repository import Store, open_store
from connect_worker.targets.active_directory import ActiveDirectory, BaseFacts
from connect_worker.tunnel.base import Target
from connect_worker.tunnel.failures import is_at_target
from connect_worker.tunnel.knock import valid_until
from connect_worker.tunnel.way import Way, open_way

_DATABASE_TODO = "Mend each of them; connect-worker migrate makes Connect's own tables"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One link, what was found, and what is wrong with it."""

    link: str
    found: str
    error: ConnectError | None = None


@dataclass(kw_only=True, slots=True)
class Examination:
    """All checks, in the order in which they were made."""

    checks: list[Check] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """That of the first link that fails."""
        failed = (check.error.exit_code for check in self.checks if check.error is not None)
        return next(failed, ExitCode.DONE)

    def to_json(self) -> str:
        """For machines."""
        rows = [
            {
                "link": check.link,
                "ok": check.error is None,
                "found": check.found,
                "todo": check.error.todo if check.error is not None else "",
            }
            for check in self.checks
        ]
        return json.dumps({"checks": rows, "exitCode": self.exit_code}, ensure_ascii=False, indent=2)

    @contextmanager
    def of(self, link: str) -> Iterator[Callable[[str], None]]:
        """Within: examine this link; yields what to tell once it is well."""
        try:
            yield lambda found: self.checks.append(Check(link=link, found=found))
        except ConnectError as error:
            self.checks.append(Check(link=link, found=error.what, error=error))


async def examine(settings: Settings, open_directory: Callable[[Settings], ActiveDirectory]) -> Examination:
    """Test configuration, relay, database and directory; a link that fails does not hide the others.

    Behind a relay that leads nowhere there is nothing to test.
    """
    examination = Examination()
    with examination.of("configuration") as well:
        well(f"realm {settings.realm}, time zone {settings.time_zone.key}, timeout {settings.timeout}")
    async with open_way(settings) as way:
        reached = await _examine_way(way, examination)
        parents: tuple[str, ...] = ()
        if Target.DATABASE in reached:
            parents = await _examine_database(way, examination)
        if Target.DIRECTORY in reached:
            await _examine_directory(way, open_directory, examination, parents)
    return examination


async def _examine_way(way: Way, examination: Examination) -> set[Target]:
    """The targets to which the way is clear: all of them where there is no relay."""
    relay = way.settings.relay
    if relay is None:
        return set(Target)
    failures = await way.examine()
    with examination.of("relay") as well:
        before_bridge = next((failure for failure in failures.values() if failure and not is_at_target(failure)), None)
        if before_bridge is not None:
            raise before_bridge
        well(f"{relay.address} lets us in, until {valid_until(relay):%Y-%m-%d}, and the customer's bridge is there")
        for target, failure in failures.items():
            with examination.of(f"bridge to {target}") as target_well:
                if failure is not None:
                    raise failure
                target_well("the bridge reaches it")
    return {target for target, failure in failures.items() if failure is None}


async def _examine_database(way: Way, examination: Examination) -> tuple[str, ...]:
    """The OUs that the configuration in the database names."""
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
                return await _examine_contents(store, examination)
    return ()


async def _examine_contents(store: Store, examination: Examination) -> tuple[str, ...]:
    with examination.of("master data") as well:
        night = await store.read_night()
        data = night.master_data
        well(f"{len(data.students)} students, {len(data.staff)} staff, {len(data.classes)} classes")
        return bases(night.configuration, night.state)
    return ()


async def _examine_directory(
    way: Way,
    open_directory: Callable[[Settings], ActiveDirectory],
    examination: Examination,
    parents: tuple[str, ...],
) -> None:
    with examination.of("directory connection") as well:
        async with way.explaining(), open_directory(way.settings) as directory:
            facts = await directory.check(parents)
            url = way.settings.directory.url if way.settings.directory is not None else ""
            well(f"{url} as {facts.signed_in_as}, domain {facts.domain_dn}")
            for base in facts.bases:
                with examination.of(f"rights below {base.dn}") as base_well:
                    base_well(_rights(base))


def _rights(base: BaseFacts) -> str:
    if not base.exists:
        return "is not there yet; a run creates it where the configuration allows"
    missing = [what for what, may in (("users", base.may_create_users), ("groups", base.may_create_groups)) if not may]
    if missing:
        raise ConfigurationError(
            f"the account may not create {' and '.join(missing)} there",
            todo="Delegate full control over this OU and what is below it to the bind account",
            reason="DirectoryRightsMissing",
        )
    return "users and groups can be created"
