"""The version of the program, as the database records it."""

from importlib import metadata


def program_version() -> str:
    """The installed distribution's version."""
    return metadata.version("connect")
