"""The directories that Connect keeps, behind one port."""

from connect_worker.errors import ConfigurationError
from connect_worker.settings import Settings
from connect_worker.targets.active_directory import ActiveDirectory


def open_directory(settings: Settings) -> ActiveDirectory:
    """The customer's directory, to be entered as a context manager. Raises ConfigurationError if there is none."""
    if settings.directory is None:
        raise ConfigurationError(
            "No directory is configured", todo="Put url, bindDn and password into the directory Secret"
        )
    return ActiveDirectory(settings.directory)
