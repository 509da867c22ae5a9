"""`kubectl connect status`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import click

from connect_operator.core.status import Phase
from connect_operator.errors import KubernetesError
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.customer import Customer
from connect_operator.kubectl.options import (
    Form,
    access_options,
    examples,
    optional_name_argument,
    output_option,
    style,
)
from connect_operator.kubectl.overview import detail, document, overview
from connect_operator.kubectl.session import done, print_json
from connect_operator.kubectl.stage import LINES, stage_of

LOGS_AT_ONCE = 10


@click.command(epilog=examples("status", "status musterwil", "status --all-namespaces --output json"))
@optional_name_argument
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Of all namespaces.")
@output_option
@access_options
def status(name: str | None, everywhere: bool, form: str, access: Access) -> None:
    """Who needs a person, and why.

    Without NAME a line for each ConnectJob, those that need somebody first; with NAME all about one: what it does now,
    how the last run ended, what is wrong and what to do. DOING tells the stage of a run that goes on, from its log.
    """
    if name is not None and everywhere:
        raise click.UsageError("NAME is of one namespace: say --namespace in the place of --all-namespaces")
    if name is None:
        _show_all(done(access, lambda cluster: _all(cluster, everywhere=everywhere)), form, namespaces=everywhere)
    else:
        _show(done(access, lambda cluster: _one(cluster, name)), form)


async def _all(cluster: Cluster, *, everywhere: bool) -> Sequence[Customer]:
    limit = asyncio.Semaphore(LOGS_AT_ONCE)

    async def seen(customer: Customer) -> Customer:
        async with limit:
            return await _with_stage(cluster.within(customer.job.namespace), customer)

    return await asyncio.gather(*map(seen, await cluster.customers(everywhere=everywhere)))


async def _one(cluster: Cluster, name: str) -> Customer:
    return await _with_stage(cluster, await cluster.customer(name))


async def _with_stage(cluster: Cluster, customer: Customer) -> Customer:
    """With the stage, if a run goes on and whoever asks may read its log; all the rest is worth showing without."""
    active = customer.status.active
    if active is None or customer.status.phase is not Phase.RUNNING:
        return customer
    try:
        pods = await cluster.pods(active.name)
        log = await cluster.log(pods[-1], tail=LINES) if pods else ""
    except KubernetesError:
        return customer
    return replace(customer, stage=stage_of(log))


def _show_all(customers: Sequence[Customer], form: str, *, namespaces: bool) -> None:
    if form == Form.JSON:
        print_json([document(customer) for customer in customers])
    elif customers:
        click.echo(overview(customers, now=datetime.now(UTC), style=style(), namespaces=namespaces))
    else:
        click.echo("No ConnectJobs here; look elsewhere with --namespace or --all-namespaces", err=True)
    unseen = [customer.job.name for customer in customers if not customer.is_seen]
    if unseen and form != Form.JSON:
        click.echo(f"The operator has not looked at the latest change of {', '.join(unseen)}: is it up?", err=True)
        click.echo("→ kubectl connect doctor", err=True)


def _show(customer: Customer, form: str) -> None:
    if form == Form.JSON:
        print_json(document(customer))
    else:
        click.echo(detail(customer, now=datetime.now(UTC), style=style()))
