"""What can go wrong with the test cluster.

ClusterError
├── CommandError      a command ended with another exit code than 0
└── ConditionError    a condition did not come true in time
"""


class ClusterError(Exception):
    """The cluster cannot be built, started or used; the message says what to do."""


class CommandError(ClusterError):
    """A command ended with another exit code than 0; the message holds its last output."""


class ConditionError(ClusterError):
    """A condition did not come true in time; the message holds what was seen last."""
