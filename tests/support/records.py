"""Rows of Connect's tables for the validation's tests: in order, but for what a test says."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from connect_worker.core import dn
from connect_worker.core.validation import validate
from connect_worker.model.account import Account, Names
from connect_worker.model.configuration import Configuration, MandantRule
from connect_worker.model.finding import Finding
from connect_worker.model.group import Group
from connect_worker.model.ids import Mandant
from connect_worker.model.state import ReservedName, State
from tests.support.builders import account, configuration


def user(number: int = 1, **changes: Any) -> Account:
    """Student `number`, with other values of Account or Names where given; of CN and first element one is enough."""
    names = {name: changes.pop(name) for name in tuple(changes) if name in Names.__slots__}
    element, cn = names.get("dn_first_element"), names.get("cn")
    if element is not None and dn.is_common_name(element):
        names.setdefault("cn", dn.value_of(element))
    if cn is not None and cn.strip():
        names.setdefault("dn_first_element", f"CN={dn.escape(cn)}")
    record = account(number)
    return replace(record, names=replace(record.names, **names), **changes)


def state(*records: Account | Group, reserved: Iterable[ReservedName] = ()) -> State:
    """Tables with these rows, without memberships."""
    return State(
        accounts=tuple(record for record in records if isinstance(record, Account)),
        groups=tuple(record for record in records if isinstance(record, Group)),
        memberships={},
        reserved=tuple(reserved),
    )


def configured(*numbers: int) -> Configuration:
    """A configuration with exactly these mandants."""
    domains = {"student_domain": "schule.example", "staff_domain": "lehrer.example"}
    return configuration(mandants=tuple(MandantRule(number=Mandant(number), **domains) for number in numbers))


def findings(*records: Account | Group, reserved: Iterable[ReservedName] = ()) -> tuple[Finding, ...]:
    """What the validation finds in these rows when mandants 1 and 2 are configured."""
    return validate(state(*records, reserved=reserved), configured(1, 2)).findings


def codes(*records: Account | Group, reserved: Iterable[ReservedName] = ()) -> list[int]:
    """The codes of what is found."""
    return [finding.code for finding in findings(*records, reserved=reserved)]


def found(*records: Account | Group, reserved: Iterable[ReservedName] = ()) -> dict[str, str]:
    """What is found, by the record's key; of records with one finding each."""
    return {str(finding.key): finding.found for finding in findings(*records, reserved=reserved)}
