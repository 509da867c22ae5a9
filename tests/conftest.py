"""The real servers that every test may ask for."""

import signal

from hypothesis import settings

from tests.support.forked import fork_server
from tests.support.postgres import database, empty_database, postgres
from tests.support.samba import kerberos_samba, plain_samba, samba, samba_factory
from tests.support.school import school, store
from tests.support.simulator import simulator, simulator_factory

__all__ = [
    "database",
    "empty_database",
    "fork_server",
    "kerberos_samba",
    "plain_samba",
    "postgres",
    "samba",
    "samba_factory",
    "school",
    "simulator",
    "simulator_factory",
    "store",
]

# How long one example takes says more of the machine's other work than of ours; and the same examples each time, so
# that what fails is what was changed. Others are looked for by `pytest --hypothesis-profile=hunt tests/unit`.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("hunt", deadline=None, max_examples=5000)
settings.load_profile("same")

# A shell's background jobs are born deaf to it, and so would be the programs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
