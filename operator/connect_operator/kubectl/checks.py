"""What `doctor` finds, each with what to do about it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connect_operator.core.names import API_VERSION
from connect_operator.kubectl.customer import Customer
from connect_operator.kubectl.rights import NEEDED, Right
from connect_operator.kubectl.table import Colour, Style, printable
from connect_protocol.json_object import JsonObject

KINDS = ("connectjobs", "connectjobs/status", "connectruns", "connectruns/status")
VERSION_LABEL = "app.kubernetes.io/version"


class Mark(StrEnum):
    """How it is. NOTED is worth knowing, and needs nobody."""

    WELL = "ok"
    NOTED = "note"
    UNWELL = "bad"


_ASK = "If you need the command, ask for a role that has it, such as the chart's on-call or edit"
_SIGNS = {Mark.WELL: ("✓", Colour.GOOD), Mark.NOTED: ("!", Colour.WARNING), Mark.UNWELL: ("✗", Colour.BAD)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at: what was found, and what to do about it."""

    about: str
    mark: Mark
    found: str
    todo: str = ""


def check_kinds(found: Collection[str]) -> Iterator[Check]:
    """Whether the CRDs are installed, all of them."""
    missing = [kind for kind in KINDS if kind not in found]
    if not missing:
        yield Check(about="definitions", mark=Mark.WELL, found=f"{API_VERSION} is served, with all kinds")
        return
    yield Check(
        about="definitions",
        mark=Mark.UNWELL,
        found=f"{API_VERSION} has no {', '.join(missing)}",
        todo="Install or upgrade the chart with crds.enabled=true: the definitions are older than this command",
    )


def check_part(component: str, workloads: Iterable[JsonObject], version: str) -> Iterator[Check]:
    """Whether a part of Connect is up, and of this command's version. Raises ValueError."""
    seen = False
    for workload in workloads:
        seen = True
        name = workload.object("metadata").text("name")
        wanted = workload.object("spec").integer("replicas")
        status = workload.object("status")
        ready = status.optional_integer("readyReplicas")
        yield _readiness(component, name, ready, wanted)
        yield from _versions(component, name, workload, version)
    if not seen:
        yield Check(
            about=component,
            mark=Mark.NOTED,
            found="none is installed in this namespace",
            todo="If it is elsewhere, look there: kubectl connect doctor --namespace NAMESPACE",
        )


def check_customer(customer: Customer) -> Iterator[Check]:
    """What is wrong with one ConnectJob, or that nothing is."""
    about = f"{customer.job.namespace}/{customer.job.name}"
    if not customer.is_seen:
        yield Check(
            about=about,
            mark=Mark.UNWELL,
            found="the operator has not looked at its latest change",
            todo="Is the operator up, and does it serve this namespace? kubectl logs deployment/connect-operator",
        )
    for condition in customer.unwell:
        finding = condition.finding
        suspended = finding.type.value == "Suspended"
        yield Check(
            about=about,
            mark=Mark.NOTED if suspended else Mark.UNWELL,
            found=f"{finding.type.value} is {finding.truth.value}: {finding.reason}",
            todo=finding.message,
        )
    if customer.is_seen and not customer.unwell:
        yield Check(about=about, mark=Mark.WELL, found="all conditions are as they should be")


def check_rights(allowed: Mapping[Right, bool], namespace: str) -> Iterator[Check]:
    """Which commands whoever asks may give in a namespace."""
    lacking = {command: [right for right in rights if not allowed[right]] for command, rights in NEEDED.items()}
    given = ", ".join(command for command, rights in lacking.items() if not rights)
    if given:
        yield Check(about="rights", mark=Mark.WELL, found=f"yours in namespace {namespace}: {given}")
    missed = {command: ", ".join(map(str, rights)) for command, rights in lacking.items() if rights}
    for number, (command, rights) in enumerate(missed.items(), start=1):
        yield Check(
            about=f"rights: {command}",
            mark=Mark.NOTED,
            found=f"you may not {rights} in namespace {namespace}",
            todo=_ASK if number == len(missed) else "",
        )


def lines(checks: Iterable[Check], style: Style) -> Iterator[str]:
    """For people."""
    for check in checks:
        sign, colour = _SIGNS[check.mark]
        yield f"{style.paint(sign, colour)} {check.about}: {printable(check.found)}"
        if check.todo:
            yield f"  → {printable(check.todo)}"


def document(checks: Iterable[Check]) -> list[dict[str, str]]:
    """For machines."""
    return [{"about": c.about, "mark": c.mark.value, "found": c.found, "todo": c.todo} for c in checks]


def _readiness(component: str, name: str, ready: int, wanted: int) -> Check:
    if ready >= wanted > 0:
        return Check(about=component, mark=Mark.WELL, found=f"{name} is up ({ready} of {wanted})")
    return Check(
        about=component,
        mark=Mark.UNWELL,
        found=f"{name} has {ready} of {wanted} pods ready",
        todo=f"kubectl describe pods --selector app.kubernetes.io/component={component}; kubectl logs with --previous",
    )


def _versions(component: str, name: str, workload: JsonObject, version: str) -> Iterator[Check]:
    installed = workload.object("metadata").object("labels").optional_text(VERSION_LABEL)
    if installed and installed != version:
        yield Check(
            about=component,
            mark=Mark.NOTED,
            found=f"{name} is version {installed}, this command {version}",
            todo=f"Take the command from a checkout of {installed}",
        )
