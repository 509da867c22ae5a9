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

# How long one example takes says more of the machine's other work than of ours.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A shell's background jobs are born deaf to it, and so would be the programs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
