"""`config`: the configurator's tables as YAML, with the effect of a change shown before it is saved."""

import json
import os
from collections.abc import Awaitable, Callable
from importlib import metadata
from typing import TextIO, TypeVar

import click
import uvloop

from connect_worker.cli.execution import DISTRIBUTION, ask, end, executed_in_detail, fail, now, start_logging
from connect_worker.cli.options import account_name, by_option, examples, output_option, yes_option
from connect_worker.config import load_settings, today
from connect_worker.errors import ConfigurationError, ConnectError
from connect_worker.model.secret import Secret
from connect_worker.settings import Settings
from connect_worker.store.repository import Store
from connect_worker.store.settings_document import SECRETS
from connect_worker.works.configuration_file import content_of, from_yaml, to_yaml
from connect_worker.works.configure import Assignment, Configure, Day, Edit, Proposal, check, propose
from connect_worker.works.preview import looking

T = TypeVar("T")


@click.group()
def config() -> None:
    """What the school has configured.

    The settings stand in the database (docs: database). A change is checked as a whole, and what it would do to
    today's data is shown before it is saved.
    """


@config.command(epilog=examples("config show"))
@output_option
def show(form: str) -> None:
    """Show every setting.

    Of a secret only whether there is one.
    """

    async def read(store: Store) -> tuple[dict[str, object], str]:
        tables = await store.settings_tables()
        document = await tables.read()
        known = await tables.secrets_set()
        secrets = {name: name in known for name in sorted(SECRETS)}
        words = "".join(f"# {name}: {'set' if there else 'not set'}\n" for name, there in secrets.items())
        return {**content_of(document), "secrets": secrets}, to_yaml(document) + words

    content, text = _looked(read, form)
    click.echo(json.dumps(content, ensure_ascii=False, indent=2) if form == "json" else text, nl=form == "json")


@config.command(epilog=examples("config export > musterwil.yaml"))
@output_option
def export(form: str) -> None:
    """Write every setting to stdout, to be kept or edited.

    Secrets are none of it: who imports the file keeps those that are there.
    """

    async def read(store: Store) -> tuple[dict[str, object], str]:
        document = await (await store.settings_tables()).read()
        return content_of(document), to_yaml(document)

    content, text = _looked(read, form)
    click.echo(json.dumps(content, ensure_ascii=False, indent=2) if form == "json" else text, nl=form == "json")


@config.command("check", epilog=examples("config check"))
@output_option
def check_command(form: str) -> None:
    """Check the settings as they stand.

    Everything that is wrong is told at once; exit code 2.
    """
    _looked(check, form)
    click.echo(json.dumps({"valid": True}) if form == "json" else "The configuration can be used.")


@config.command("import", epilog=examples("config import musterwil.yaml"))
@click.argument("file", type=click.File(encoding="utf-8"))
@by_option
@yes_option
@output_option
def import_command(file: TextIO, by: str | None, yes: bool, form: str) -> None:
    """Take the settings from a file, as `export` writes it.

    `-` is stdin. What the file does not name stays; a list of rows that it names is the whole list.
    """
    try:
        edit = Edit(given=from_yaml(file.read()))
    except ConnectError as error:
        fail(error, form)
    _change(edit, by, form, yes=yes)


@config.command(
    "set",
    epilog=examples(
        "config set student_lead_days=14",
        "config set level.4.program_years='[7, 8, 9]' --yes",
        "config set ad_password=@-",
    ),
)
@click.argument("assignments", metavar="NAME=VALUE...", nargs=-1, required=True)
@by_option
@yes_option
@output_option
def set_command(assignments: tuple[str, ...], by: str | None, yes: bool, form: str) -> None:
    """Change single settings.

    NAME is a general setting, like `dn`, or one of a row: level.1.password_policy, group.all_staff.switched_on,
    mandant.1.student_upn_domain. Nothing behind the `=` takes a value away. A secret comes from a file, never from
    the command line: ad_password=@FILE, with `@-` for stdin.
    """
    try:
        edit = _edit_of(assignments)
    except ConnectError as error:
        fail(error, form)
    _change(edit, by, form, yes=yes)


def _change(edit: Edit, by: str | None, form: str, *, yes: bool) -> None:
    async def look(store: Store, settings: Settings) -> Proposal:
        moment = now()
        day = Day(
            today=today(settings, moment),
            now=moment.astimezone(settings.time_zone),
            version=metadata.version(DISTRIBUTION),
        )
        return await propose(store, edit, day)

    try:
        who = by or account_name()
        proposal = uvloop.run(_with_settings(look))
        if not yes and not proposal.is_empty:
            ask(proposal.lines(), "Save this?")
    except ConnectError as error:
        fail(error, form)
    end(executed_in_detail("config", Configure(proposal, edit, by=who), form, needs_directory=False))


def _edit_of(texts: tuple[str, ...]) -> Edit:
    """Raises ConfigurationError with every text that is no assignment."""
    faults = [f"{text!r} is no NAME=VALUE" for text in texts if not text.partition("=")[0] or "=" not in text]
    if faults:
        raise ConfigurationError(*faults, todo="Write for example dn=OU=Schule,DC=schule,DC=ch")
    pairs = [(name, value) for name, _, value in (text.partition("=") for text in texts)]
    secrets = {name: _secret(value) for name, value in pairs if _is_secret(name, value)}
    plain = tuple(Assignment(path=name, text=value) for name, value in pairs if not _is_secret(name, value))
    return Edit(assignments=plain, secrets=secrets)


def _is_secret(name: str, value: str) -> bool:
    return name in SECRETS and (not value or value.startswith("@"))


def _secret(value: str) -> Secret | None:
    if not value:
        return None
    try:
        with click.open_file(value.removeprefix("@"), encoding="utf-8") as file:
            return Secret(file.read().rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{value}: cannot be read: {type(error).__name__}") from None


def _looked(work: Callable[[Store], Awaitable[T]], form: str) -> T:
    try:
        return uvloop.run(_with_settings(lambda store, _: work(store)))
    except ConnectError as error:
        fail(error, form)


async def _with_settings(work: Callable[[Store, Settings], Awaitable[T]]) -> T:
    settings = load_settings(os.environ, needs_directory=False)
    start_logging(settings)
    async with looking(settings) as store:
        return await work(store, settings)
