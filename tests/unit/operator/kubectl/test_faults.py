"""Whatever the API server would not do, a person is told what to do about it."""

import pytest

from connect_operator import errors
from connect_operator.errors import KubernetesError, OperatorError, SettingsError
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError, fault_of

ERRORS = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, KubernetesError)]


@pytest.mark.parametrize("kind", [SettingsError, *(kind for kind in ERRORS if kind is not KubernetesError)])
def test_every_failure_says_what_to_do(kind: type[OperatorError]) -> None:
    fault = fault_of(kind("it is so"))
    assert fault.what == "it is so"
    assert fault.todo
    assert fault.code not in {Exit.DONE, Exit.FAULT}


def test_what_the_error_says_itself_goes_first() -> None:
    error = CommandError("no pod", todo="start one", code=Exit.NOT_FOUND)
    assert (fault_of(error).todo, fault_of(error).code) == ("start one", Exit.NOT_FOUND)
