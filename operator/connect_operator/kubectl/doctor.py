"""`kubectl connect doctor`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from importlib import metadata

import click

from connect_operator.errors import ForbiddenError, NotFoundError
from connect_operator.kubectl import checks
from connect_operator.kubectl.checks import Check, Mark
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.options import Form, access_options, examples, output_option, style
from connect_operator.kubectl.rights import NEEDED, Right
from connect_operator.kubectl.session import done, end, print_json, print_lines

WORKLOADS = (("operator", "deployments"), ("relay", "deployments"), ("relay", "statefulsets"))


@click.command(
    short_help="What is not as it should be, and what to do.",
    epilog=examples("doctor", "doctor --namespace connect --output json"),
)
@output_option
@access_options
def doctor(form: str, access: Access) -> None:
    """What is not as it should be, from the cluster to each customer, and what to do.

    Looks whether Connect's definitions are installed, operator and relay are up and of this version, every ConnectJob
    of the namespace is well, and which of these commands you may give there. Changes nothing.
    """
    found = done(access, _examine)
    if form == Form.JSON:
        print_json(checks.document(found))
    else:
        print_lines(checks.lines(found, style()))
    end(Exit.UNWELL if any(check.mark is Mark.UNWELL for check in found) else Exit.DONE)


async def _examine(cluster: Cluster) -> Sequence[Check]:
    version = await cluster.version()
    user = await cluster.user()
    who = f"Kubernetes {version} answers; you are {user}, in namespace {cluster.namespace}"
    return [
        Check(about="cluster", mark=Mark.WELL, found=who),
        *[check async for check in _definitions(cluster)],
        *[check async for check in _parts(cluster)],
        *[check async for check in _customers(cluster)],
        *checks.check_rights(await _allowed(cluster), cluster.namespace),
    ]


async def _definitions(cluster: Cluster) -> AsyncIterator[Check]:
    try:
        kinds = await cluster.kinds()
    except NotFoundError:
        kinds = frozenset()
    for check in checks.check_kinds(kinds):
        yield check


async def _parts(cluster: Cluster) -> AsyncIterator[Check]:
    for component in dict.fromkeys(component for component, _ in WORKLOADS):
        kinds = [kind for part, kind in WORKLOADS if part == component]
        try:
            found = [workload for kind in kinds for workload in await cluster.workloads(kind, component)]
        except ForbiddenError as error:
            yield Check(about=component, mark=Mark.NOTED, found=f"you may not look at it: {error.what}")
            continue
        for check in checks.check_part(component, found, metadata.version("connect")):
            yield check


async def _customers(cluster: Cluster) -> AsyncIterator[Check]:
    try:
        customers = await cluster.customers(everywhere=False)
    except (ForbiddenError, NotFoundError) as error:
        yield Check(about="customers", mark=Mark.NOTED, found=f"they cannot be looked at: {error.what}")
        return
    if not customers:
        yield Check(about="customers", mark=Mark.NOTED, found=f"no ConnectJobs in namespace {cluster.namespace}")
    for customer in customers:
        for check in checks.check_customer(customer):
            yield check


async def _allowed(cluster: Cluster) -> dict[Right, bool]:
    rights = sorted({right for needed in NEEDED.values() for right in needed})
    return dict(zip(rights, await asyncio.gather(*map(cluster.may, rights)), strict=True))
