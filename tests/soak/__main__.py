"""The whole way under a light load for an hour, with the network cut now and then: `make soak`."""

import asyncio
import sys

import click
import uvloop

from tests.soak.soak import Judgement, Plan, soak

MINUTE = 60.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--minutes", type=click.FloatRange(min=1), default=60, show_default=True, help="How long.")
@click.option("--seed", type=int, default=1, show_default=True, help="Chance begins here: the same work again.")
def main(minutes: float, seed: int) -> None:
    """Keep relay, bridges and a worker at work, cut the network between them, and look for what is lost or leaks.

    Every combination of gRPC and SSH carries transfers of all sizes both ways, and connections that are idle for long.
    Each byte is compared. A transfer may break at a cut of the network, and at no other time; none may end early.
    In the end memory, sockets and tasks of relay and bridges must be what they were after the first tenth.

    Exit code 0: nothing was lost and nothing leaks; 1: something did, and the lines say what.
    """
    judgement = uvloop.run(_run(Plan(seconds=minutes * MINUTE, seed=seed)))
    for fault in judgement.faults:
        click.echo(f"✗ {fault}")
    if judgement.faults:
        sys.exit(1)
    click.echo(f"✓ {judgement.transfers} transfers, {judgement.megabytes:.0f} MB, {judgement.broken} broken by cuts")


async def _run(plan: Plan) -> Judgement:
    async with asyncio.timeout(plan.seconds + 10 * MINUTE):
        return await soak(plan, click.echo)


if __name__ == "__main__":
    main()
