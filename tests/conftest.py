"""The real servers that every test may ask for."""

from tests.support.samba import samba, samba_factory

__all__ = ["samba", "samba_factory"]
