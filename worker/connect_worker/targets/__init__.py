"""The directories that Connect keeps, behind one port."""

from connect_worker.settings import DirectorySettings
from connect_worker.targets.active_directory import ActiveDirectory


def open_directory(settings: DirectorySettings) -> ActiveDirectory:
    """The customer's directory, to be entered as a context manager."""
    return ActiveDirectory(settings)
