"""The limits of a domain controller, at Windows' defaults."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """MaxPageSize, MaxValRange and MaxResultSetsPerConn.

    With `recycle_bin`, deleted objects keep what stood in them. `plain` permits binds and passwords without TLS, which
    Windows refuses: for a demonstration on loopback.
    """

    page_size: int = 1000
    value_range: int = 1500
    open_pages: int = 10
    recycle_bin: bool = False
    plain: bool = False
