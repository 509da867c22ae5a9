"""Whether a configuration yields names, groups and attributes at all: every fault at once, before it is saved."""

from collections.abc import Callable, Iterator
from datetime import date

from connect_worker.core.extensions import templates_of
from connect_worker.core.names import Naming
from connect_worker.core.taken_names import TakenNames
from connect_worker.core.templates import GroupTemplates
from connect_worker.errors import ConfigurationError
from connect_worker.model.configuration import Configuration
from connect_worker.model.state import State

_NOBODY = State(accounts=(), groups=(), memberships={})


def faults_of(configuration: Configuration) -> tuple[str, ...]:
    """What an update would refuse: templates, domains, the test prefix, levels and mandants that are missing."""
    checks: list[Callable[[], object]] = [
        lambda: Naming(configuration, TakenNames(_NOBODY, today=date.min)),
        lambda: templates_of(configuration),
    ]
    checks += [_check_of_group(configuration, place) for place in range(len(configuration.groups))]
    return (*(fault for check in checks for fault in _faults(check)), *_missing(configuration))


def _check_of_group(configuration: Configuration, place: int) -> Callable[[], object]:
    return lambda: GroupTemplates.of(configuration.groups[place], configuration.test_prefix)


def _faults(check: Callable[[], object]) -> tuple[str, ...]:
    try:
        check()
    except ConfigurationError as error:
        return error.faults
    return ()


def _missing(configuration: Configuration) -> Iterator[str]:
    if not configuration.mandants:
        yield "no mandant is configured: nobody would be in scope"
