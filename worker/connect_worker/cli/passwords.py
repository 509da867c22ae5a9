"""`password reset`: who is meant is shown first, and asked for."""

import os
from collections.abc import Iterable, Sequence

import click
import uvloop

from connect_worker.cli.execution import ask, end, executed_in_detail, fail, start_logging
from connect_worker.cli.options import account_name, by_option, examples, output_option, yes_option
from connect_worker.config import load_settings
from connect_worker.core.password_reset import Reset, ResetOrder
from connect_worker.errors import ConnectError
from connect_worker.model.ids import AccountKey
from connect_worker.store.columns import account_key
from connect_worker.works.preview import looking
from connect_worker.works.reset_passwords import PasswordReset, choose


class _Key(click.ParamType[AccountKey]):
    name = "key"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> AccountKey:
        try:
            return account_key(value.upper())
        except ValueError:
            self.fail(f"{value!r} is no user: a type and a number is expected, like S.00012", param, ctx)


@click.group()
def password() -> None:
    """What is done with initial passwords."""


@password.command(epilog=examples("password reset S.00012 P.00007", "password reset --class 20260008 --generate --now"))
@click.argument("users", metavar="KEY...", type=_Key(), nargs=-1)
@click.option("--class", "class_id", type=int, metavar="ID", help="All pupils of this class, by its number.")
@click.option("--generate", is_flag=True, help="Make new initial passwords, by the policy of each.")
@click.option("--now", is_flag=True, help="Set them at once, whatever else holds up the sync.")
@by_option
@yes_option
@output_option
def reset(
    *,
    users: tuple[AccountKey, ...],
    class_id: int | None,
    generate: bool,
    now: bool,
    by: str | None,
    yes: bool,
    form: str,
) -> None:
    """Set initial passwords again.

    KEY is a user's type and number, like S.00012 or P.00007. Without --now the next sync sets them. A class is its
    pupils without those on the way out; staff are named one by one. Who is not active, or has no account yet, gets
    the password stored only. Passwords are never printed here.
    """
    if not users and class_id is None:
        raise click.UsageError("Name users, or a class with --class")
    order = ResetOrder(users=users, class_id=class_id, generate=generate)
    try:
        who = by or account_name()
        found = uvloop.run(_preview(order))
        if not yes:
            ask(_lines(found), _question(found, order, now=now))
    except ConnectError as error:
        fail(error, form)
    # Who was shown is meant, and nobody who has joined the class since.
    confirmed = ResetOrder(users=tuple(reset.account.key for reset in found), generate=generate)
    end(executed_in_detail("password reset", PasswordReset(confirmed, now=now, by=who), form, needs_directory=now))


async def _preview(order: ResetOrder) -> tuple[Reset, ...]:
    settings = load_settings(os.environ, needs_directory=False)
    start_logging(settings)
    async with looking(settings) as store:
        return (await choose(store, order)).resets


def _lines(found: Iterable[Reset]) -> Iterable[str]:
    for reset in found:
        name = reset.account.profile.display_name or reset.account.names.cn or ""
        yield f"{reset.account.key} {name}" + (f" ({reset.obstacle})" if reset.obstacle else "")


def _question(found: Sequence[Reset], order: ResetOrder, *, now: bool) -> str:
    which = "new initial passwords" if order.generate else "the stored initial passwords"
    when = "now" if now else "with the next sync"
    return f"Give {len(found)} users {which}, to be set {when}?"
