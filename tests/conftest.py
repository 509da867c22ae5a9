"""The real servers that every test may ask for."""

from tests.support.postgres import database, empty_database, postgres
from tests.support.samba import samba, samba_factory

__all__ = ["database", "empty_database", "postgres", "samba", "samba_factory"]
