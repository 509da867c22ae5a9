"""Active Directory over LDAP, the first kind of directory that Connect keeps."""

from connect_worker.targets.active_directory.directory import ActiveDirectory, BaseFacts, DirectoryFacts

__all__ = ["ActiveDirectory", "BaseFacts", "DirectoryFacts"]
