"""Every difference between Samba and Windows that the suite has found: the simulator behaves as Windows does.

A case that meets one asserts both sides; nothing is skipped.
"""

from enum import Enum


class Difference(Enum):
    """What Samba does, and what Windows does."""

    UNKNOWN_ACCOUNT = "Samba refuses an unknown account like a wrong password (52e), Windows by itself (525)"
    FAILED_BIND = "Samba keeps the former sign-in after a failed bind, Windows signs out"
    ACCENTS = "Samba tells Zoe from Zoé, Windows compares without accents"
    ACCOUNT_NAME_TAKEN = "Samba says 00002071 for an account name that is taken, Windows 00000524"
    PRINCIPAL_NAME_TAKEN = "Samba says 0000202F for a principal name that is taken, Windows 000021C8"
    LONG_ACCOUNT_NAME = "Samba takes a user's account name of over 20 characters, Windows refuses it (80, 00000523)"
    FORBIDDEN_CHARACTER = "Samba refuses a bad character in an account name with 19, Windows with 80"
    LONG_COMMON_NAME = "Samba takes a common name of more than 64 characters, Windows refuses it (19)"
    LONG_VALUE = "Samba refuses a value that is too long with 21, Windows with 19"
    CASE_OF_VALUES = "Samba takes two values that differ in case only, Windows refuses the second (20)"
    MEMBER_CODES = "Samba refuses members that are there, or are not, without Windows' codes 00000562 and 00000561"
    EMPTY_GROUP = "Samba refuses the removal of a member from a group that never had one with 16, Windows with 53"
    NAME_IN_PASSWORD = "Samba takes a password that holds the person's name, Windows refuses it (53, 0000052D)"
    RENAME_BY_GUID = "Samba finds no <GUID=…> to rename (32), Windows does"
    CRITICAL_OBJECT = "Samba refuses to delete a built-in account with 80, Windows with 53"
    ENABLED_WITHOUT_PASSWORD = "Samba enables an account without a password, Windows refuses (53, 0000052D)"
    PERMISSIVE_MEMBERS = "Samba does not honour permissive modify for members, Windows does"
    NESTING = "Samba takes a wider group into a narrower one, Windows refuses (53)"
    MISSING_NEW_PARENT = "Samba says 80 where the new parent is missing, Windows 32"
    RECYCLED = "Samba marks every tombstone as recycled, Windows only those that left the recycle bin"
    NOT_UNDEFINED = "Samba takes «not undefined» for true, Windows finds nothing"
    UNPAGED_SEARCH = "Samba returns everything, Windows stops at 1,000 objects (4)"
    CLIENT_LIMIT = "Samba ignores the client's size limit, Windows keeps it"
    LARGE_PAGE = "Samba fills a page of any size, Windows one of 1,000"
    RANGES = "Samba returns all members at once, Windows 1,500"
    WEAK_PASSWORD = "Samba refuses a weak password with 19, Windows with 53; both say 0000052D"
    CHANGE_DENIED = "Samba refuses a denied change of a password with 19, Windows with 50"
    WHO_AM_I = "Samba does not know «who am I», Windows does"
