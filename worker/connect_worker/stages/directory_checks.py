"""Doctor's look at the directory: who signs in, what he may do, and whether the domain takes our passwords."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from connect_worker.core.bases import bases
from connect_worker.core.extension_places import used_extensions
from connect_worker.core.password_rules import refused
from connect_worker.core.prevention import is_to_be_looked_at
from connect_worker.errors import ConfigurationError
from connect_worker.model.configuration import Configuration
from connect_worker.model.state import State
from connect_worker.settings import DirectorySecret, DirectorySettings
from connect_worker.stages.credentials import NOTHING_STORED, StoredLogin, directory_settings, sources
from connect_worker.stages.examination import Examination
from connect_worker.targets.active_directory import ActiveDirectory, BaseFacts, DirectoryFacts
from connect_worker.tunnel.base import Target
from connect_worker.tunnel.way import Way

OpenDirectory = Callable[[DirectorySettings], ActiveDirectory]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What the database tells of what is kept in the directory."""

    configuration: Configuration
    state: State


@dataclass(kw_only=True, slots=True)
class Found:
    """What has been found before, and the directory is looked at with: `kept` is None where the database is away."""

    reached: set[Target]
    login: StoredLogin = NOTHING_STORED
    kept: Kept | None = None


async def examine_directory(way: Way, open_directory: OpenDirectory, examination: Examination, found: Found) -> None:
    """Sign in as a run would, and look; where the database is away, at the connection alone."""
    kept = found.kept
    known = way.settings.directory or DirectorySecret()
    settings = None
    with examination.of("directory login") as well:
        settings = directory_settings(known, found.login)
        well(sources(known))
    if settings is None:
        return
    with examination.of("directory connection") as well:
        async with way.explaining(), open_directory(settings) as directory:
            places = bases(kept.configuration, kept.state) if kept is not None else ()
            extensions = used_extensions(kept.configuration, kept.state) if kept is not None else frozenset()
            facts = await directory.check(places, extensions)
            well(f"{settings.url} as {facts.signed_in_as}, domain {facts.domain_dn}")
            if Target.CATALOG in found.reached:
                await _examine_catalog(directory, settings, examination)
            if kept is not None:
                _examine_rights(facts, kept, examination)
                _examine_passwords(facts, kept.configuration, places, examination)
                _examine_schema(facts, len(extensions), examination)


async def _examine_catalog(directory: ActiveDirectory, settings: DirectorySettings, examination: Examination) -> None:
    if settings.global_catalog_url is None:
        return
    with examination.of("global catalog") as well:
        well(f"{settings.global_catalog_url}, {await directory.count_catalog()} names in the forest's other domains")


def _examine_rights(facts: DirectoryFacts, kept: Kept, examination: Examination) -> None:
    changes_rights = is_to_be_looked_at(kept.state) or any(
        policy.may_not_change
        for policy in (kept.configuration.staff.password, *(row.password for row in kept.configuration.levels))
    )
    for base in facts.bases:
        with examination.of(f"rights below {base.dn}") as well:
            missing = tuple(_missing_rights(base, changes_rights=changes_rights)) if base.exists else ()
            if missing:
                raise ConfigurationError(
                    *missing,
                    todo="Delegate full control over this OU and what is below it to the account",
                    reason="DirectoryRightsMissing",
                )
            well(_granted(base))


def _missing_rights(base: BaseFacts, *, changes_rights: bool) -> Iterator[str]:
    creatable = (("users", base.may_create_users), ("groups", base.may_create_groups))
    lacking = [what for what, may in creatable if not may]
    if lacking:
        yield f"the account may not create {' and '.join(lacking)} there"
    if base.user is None:
        return
    if base.user.unwritable:
        yield f"the account may not write {', '.join(base.user.unwritable)} of users such as {base.user.dn}"
    if changes_rights and not base.user.may_change_rights:
        yield f"the account may not change the rights on users such as {base.user.dn}, as *may not change* needs it"


def _granted(base: BaseFacts) -> str:
    if not base.exists:
        return "is not there yet; a run creates it where the configuration allows"
    return "users and groups can be created" + (f", users such as {base.user.dn} written" if base.user else "")


def _examine_passwords(
    facts: DirectoryFacts, configuration: Configuration, places: tuple[str, ...], examination: Examination
) -> None:
    with examination.of("password policies") as well:
        faults = refused(configuration, facts.password_rules, places)
        if faults:
            raise ConfigurationError(
                *faults,
                todo="Ask for longer passwords in connect.connect_config and connect_config_level (password_digits, "
                "password_length, another password_policy), or have these people given a fine-grained policy",
                reason="PasswordPolicyRefuses",
            )
        well("; ".join(_told(facts)) or "cannot be read")


def _told(facts: DirectoryFacts) -> Iterator[str]:
    for rules in facts.password_rules:
        yield f"{rules.name} for {' and '.join(rules.applies_to) or 'nobody'}: {rules}" if rules.name else f"{rules}"


def _examine_schema(facts: DirectoryFacts, wanted: int, examination: Examination) -> None:
    if not wanted:
        return
    with examination.of("directory schema") as well:
        if facts.missing_attributes:
            raise ConfigurationError(
                *(f"{name} is configured, and the schema has no such attribute" for name in facts.missing_attributes),
                todo="Take its template out of the configuration, or have the schema extended as Exchange does it",
                reason="SchemaAttributeMissing",
            )
        well(f"has the {wanted} extension attributes that are used")
