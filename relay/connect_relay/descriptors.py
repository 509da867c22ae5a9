"""How many files and sockets this process may have open: as many as it is allowed, and a warning if they are few."""

import resource

import structlog

log = structlog.stdlib.get_logger()

OTHERS = 100
"""What a relay has open beside its callers' connections: the admin port, gRPC's own, files."""


def callers_allowed(wanted: int) -> int:
    """Raise this process's own limit as far as needed; returns how many callers' connections it leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHERS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    allowed = max(1, soft - OTHERS)
    log.warning("few files may be open", allowed=soft, connections=allowed, wanted=wanted)
    return allowed
