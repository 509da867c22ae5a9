"""The OUs that a customer's directory is read in, whole."""

from connect_worker.core.dn import domain_of, is_name, outermost
from connect_worker.model.configuration import Configuration
from connect_worker.model.state import State


def bases(configuration: Configuration, state: State) -> tuple[str, ...]:
    """Those of the configuration, and those where our rows say that objects are; none inside another.

    What a row names that is no place in the domain is left out: a finding says so, and the others are read.
    """
    parents = [configuration.staff.parent, configuration.students.parent, *(g.parent for g in configuration.groups)]
    base = configuration.base_dn
    configured = [f"{parent},{base}" if parent else base for parent in parents]
    known = {account.names.dn_parent for account in state.accounts} | {group.dn_parent for group in state.groups}
    domain = domain_of(base)
    places = sorted(parent for parent in known if parent and is_name(parent) and domain_of(parent) == domain)
    return tuple(outermost([*configured, *places]))
