"""A large school whose people belong to ten groups each: the sample school, and project groups made by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time

from connect_worker.model.group import Group, Members
from connect_worker.model.ids import AccountKey, Criterion, GroupKey, Mandant, MandantMask
from connect_worker.model.state import State
from connect_worker.sample.load import SampleOrder

PEOPLE = 20_000
TODAY = date(2026, 11, 16)
"""Fixed, so that a prepared school stays in step."""
NOW = datetime.combine(TODAY, time(2))
PUPILS_TO_STAFF = 10
PROJECT_MEMBERS = 100
PEOPLE_PER_PROJECT = 25
FIRST_PROJECT = 1_000_000


def order_of(people: int, base_dn: str) -> SampleOrder:
    """A school of so many people, a staff member for ten pupils; the sample school's least numbers hold."""
    pupils = round(people * PUPILS_TO_STAFF / (PUPILS_TO_STAFF + 1))
    return SampleOrder(pupils=max(pupils, 80), seed=1, today=TODAY, base_dn=base_dn)


def with_projects(state: State, base_dn: str) -> State:
    """The state with a project group for every 25 people; together with the rules' groups, ten memberships each."""
    keys = sorted(account.key for account in state.accounts)
    projects = [project(FIRST_PROJECT + number, base_dn) for number in range(len(keys) // PEOPLE_PER_PROJECT)]
    members = {project.key: Members(manual=_members(keys, number)) for number, project in enumerate(projects)}
    return replace(state, groups=(*state.groups, *projects), memberships={**state.memberships, **members})


def memberships(state: State) -> int:
    """How many there are, over all groups."""
    return sum(len(members.effective) for members in state.memberships.values())


def _members(keys: Sequence[AccountKey], number: int) -> frozenset[AccountKey]:
    """Every n-th person, from another one on for each project."""
    count = min(PROJECT_MEMBERS, len(keys))
    stride = max(len(keys) // count, 1)
    return frozenset(keys[(number + place * stride) % len(keys)] for place in range(count))


def project(number: int, base_dn: str) -> Group:
    """A group by hand, without members."""
    name = f"Projekt_{number - FIRST_PROJECT:04d}"
    return Group(
        key=GroupKey(Criterion.MANUAL, Mandant(0), number),
        dn_parent=f"OU=Projekte,OU=Gruppen,{base_dn}",
        dn_first_element=f"CN={name}",
        cn=name,
        sam_account_name=name,
        display_name=f"Projekt {number - FIRST_PROJECT}",
        description=name,
        ad_type="SG",
        mandants=MandantMask(1),
        mandant_chosen=Mandant(1),
        is_generic=True,
    )
