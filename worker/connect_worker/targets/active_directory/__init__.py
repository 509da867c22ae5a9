"""Active Directory over LDAP, the first kind of directory that Connect keeps."""

from connect_worker.targets.active_directory.directory import ActiveDirectory
from connect_worker.targets.active_directory.facts import BaseFacts, DirectoryFacts, UserFacts

__all__ = ["ActiveDirectory", "BaseFacts", "DirectoryFacts", "UserFacts"]
