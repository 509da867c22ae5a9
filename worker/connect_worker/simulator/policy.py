"""The limits of a domain controller, at Windows' defaults."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """MaxPageSize, MaxValRange, MaxResultSetsPerConn and the domain's shortest password.

    `plain` permits binds and passwords without TLS, which Windows refuses: for a demonstration on loopback.
    """

    page_size: int = 1000
    value_range: int = 1500
    open_pages: int = 10
    minimum_password: int = 7
    plain: bool = False
