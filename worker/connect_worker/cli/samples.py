"""`sample`: an invented school to try things out."""

import json
import os

import click
import uvloop

from connect_worker.cli.execution import fail, now, start_logging
from connect_worker.cli.options import examples, output_option
from connect_worker.config import load_settings, today
from connect_worker.errors import ConnectError
from connect_worker.sample.load import SampleOrder, load_sample
from connect_worker.sample.school import FEWEST_PUPILS
from connect_worker.settings import Settings
from connect_worker.store.connection import open_session
from connect_worker.store.migrate import check_schema
from connect_worker.tunnel.way import open_way

PUPILS = click.IntRange(FEWEST_PUPILS, 100_000)


@click.command(epilog=examples("sample --pupils 400 --base-dn OU=Schule,DC=school,DC=test"))
@output_option
@click.option("--pupils", type=PUPILS, default=200, show_default=True, help="How many pupils.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another number makes another school.")
@click.option("--base-dn", default="DC=school,DC=test", show_default=True, help="The directory's base DN.")
@click.option("--replace", is_flag=True, help="Replace a sample school that is there already.")
def sample(form: str, pupils: int, seed: int, base_dn: str, replace: bool) -> None:
    """Make a sample school to try things out.

    With all the odd cases that real schools have. It is only made in a database without other master data.
    """
    try:
        settings = load_settings(os.environ, needs_directory=False)
        start_logging(settings)
        order = SampleOrder(pupils=pupils, seed=seed, today=today(settings, now()), base_dn=base_dn)
        uvloop.run(_load_sample(settings, order, replace=replace))
    except ConnectError as error:
        fail(error, form)
    if form == "json":
        click.echo(json.dumps({"database": settings.database.name, "pupils": pupils, "seed": seed, "baseDn": base_dn}))
    else:
        click.echo(f"A school of {pupils} pupils stands in {settings.database.name}; see schema administration.")


async def _load_sample(settings: Settings, order: SampleOrder, *, replace: bool) -> None:
    async with open_way(settings) as way:
        await way.probe()
        database = way.settings.database
        async with way.explaining(), open_session(database, application_name="connect-worker sample") as session:
            await check_schema(session)
            await load_sample(session, order, replace=replace)
