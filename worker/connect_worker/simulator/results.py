"""How an operation ends: LDAP's result codes, and a refusal in Active Directory's own words."""

from enum import IntEnum


class ResultCode(IntEnum):
    """RFC 4511 appendix A, as far as Active Directory answers with them."""

    SUCCESS = 0
    OPERATIONS_ERROR = 1
    PROTOCOL_ERROR = 2
    SIZE_LIMIT_EXCEEDED = 4
    COMPARE_FALSE = 5
    COMPARE_TRUE = 6
    AUTH_METHOD_NOT_SUPPORTED = 7
    STRONGER_AUTH_REQUIRED = 8
    UNAVAILABLE_CRITICAL_EXTENSION = 12
    NO_SUCH_ATTRIBUTE = 16
    CONSTRAINT_VIOLATION = 19
    ATTRIBUTE_OR_VALUE_EXISTS = 20
    INVALID_ATTRIBUTE_SYNTAX = 21
    NO_SUCH_OBJECT = 32
    INVALID_DN_SYNTAX = 34
    INVALID_CREDENTIALS = 49
    INSUFFICIENT_ACCESS_RIGHTS = 50
    BUSY = 51
    UNAVAILABLE = 52
    UNWILLING_TO_PERFORM = 53
    NAMING_VIOLATION = 64
    OBJECT_CLASS_VIOLATION = 65
    NOT_ALLOWED_ON_NON_LEAF = 66
    NOT_ALLOWED_ON_RDN = 67
    ENTRY_ALREADY_EXISTS = 68
    OBJECT_CLASS_MODS_PROHIBITED = 69
    OTHER = 80


class Problem(IntEnum):
    """The problem numbers inside Active Directory's messages."""

    NO_ATTRIBUTE_OR_VALUE = 1001
    CONSTRAINT_ATTRIBUTE_TYPE = 1005
    ATTRIBUTE_OR_VALUE_EXISTS = 1006
    NO_OBJECT = 2001
    BAD_NAME = 2006
    INSUFFICIENT_ACCESS_RIGHTS = 4003
    WILL_NOT_PERFORM = 5003
    NAMING_VIOLATION = 6001
    OBJECT_CLASS_VIOLATION = 6002
    CANT_ON_NON_LEAF = 6003
    CANT_ON_RDN = 6004
    ENTRY_EXISTS = 6005


class Refusal(Exception):  # noqa: N818  a directory refuses: that is its ordinary answer, not its fault
    """An operation that the directory does not perform; nothing of it has happened."""

    def __init__(self, code: ResultCode, message: str, *, matched: str = "") -> None:
        """`message` goes to the client as it is, `matched` is the nearest object that exists (RFC 4511 4.1.9)."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.matched = matched


def no_such_object(matched: str) -> Refusal:
    """The named object does not exist; `matched` is the nearest one above it that does."""
    return Refusal(
        ResultCode.NO_SUCH_OBJECT,
        f"0000208D: NameErr: DSID-0310028D, problem {Problem.NO_OBJECT:d} (NO_OBJECT), data 0, "
        f"best match of:\n\t'{matched}'\n",
        matched=matched,
    )


def bad_name(text: str) -> Refusal:
    """What was given as a name is no distinguished name."""
    return Refusal(
        ResultCode.INVALID_DN_SYNTAX,
        f"0000208F: NameErr: DSID-03100233, problem {Problem.BAD_NAME:d} (BAD_NAME), data 8350, "
        f"best match of:\n\t'{text}'\n",
    )


def entry_exists(code: str = "00002071") -> Refusal:
    """The name, or a membership, is already there."""
    return Refusal(
        ResultCode.ENTRY_ALREADY_EXISTS,
        f"{code}: UpdErr: DSID-031A11E2, problem {Problem.ENTRY_EXISTS:d} (ENTRY_EXISTS), data 0",
    )


def unwilling(code: str) -> Refusal:
    """A rule of the account database forbids it; `code` is the Windows error, eight hexadecimal digits."""
    return Refusal(
        ResultCode.UNWILLING_TO_PERFORM,
        f"{code}: SvcErr: DSID-031A12D2, problem {Problem.WILL_NOT_PERFORM:d} (WILL_NOT_PERFORM), data 0",
    )


def constraint(code: str, attribute: str) -> Refusal:
    """A value breaks a constraint of its attribute; `code` is the Windows error, eight hexadecimal digits."""
    return Refusal(
        ResultCode.CONSTRAINT_VIOLATION,
        f"{code}: AtrErr: DSID-03151904, #1:\n\t0: {code}: DSID-03151904, "
        f"problem {Problem.CONSTRAINT_ATTRIBUTE_TYPE:d} (CONSTRAINT_ATT_TYPE), data 0, Att ({attribute})",
    )


def no_such_attribute(attribute: str) -> Refusal:
    """The attribute, or the value to be removed, is not there."""
    return Refusal(
        ResultCode.NO_SUCH_ATTRIBUTE,
        f"00002085: AtrErr: DSID-03152392, #1:\n\t0: 00002085: DSID-03152392, "
        f"problem {Problem.NO_ATTRIBUTE_OR_VALUE:d} (NO_ATTRIBUTE_OR_VAL), data 0, Att ({attribute})",
    )


def unknown_attribute() -> Refusal:
    """The schema knows no attribute, or class, of that name."""
    return Refusal(
        ResultCode.NO_SUCH_ATTRIBUTE,
        "00000057: LdapErr: DSID-0C090E16, comment: Error in attribute conversion operation, data 0, v3839",
    )


def bad_syntax() -> Refusal:
    """A value is empty, or not of its attribute's syntax."""
    return Refusal(
        ResultCode.INVALID_ATTRIBUTE_SYNTAX,
        "00000057: LdapErr: DSID-0C090E16, comment: Error in attribute conversion operation, data 0, v3839",
    )


def value_exists(attribute: str) -> Refusal:
    """The value is given twice, or already there."""
    return Refusal(
        ResultCode.ATTRIBUTE_OR_VALUE_EXISTS,
        f"00002083: AtrErr: DSID-031519D0, #1:\n\t0: 00002083: DSID-031519D0, "
        f"problem {Problem.ATTRIBUTE_OR_VALUE_EXISTS:d} (ATT_OR_VALUE_EXISTS), data 0, Att ({attribute})",
    )


def class_violation() -> Refusal:
    """The object's class does not have that attribute, or there is no class."""
    return Refusal(
        ResultCode.OBJECT_CLASS_VIOLATION,
        f"0000207D: UpdErr: DSID-0315166D, problem {Problem.OBJECT_CLASS_VIOLATION:d} (OBJ_CLASS_VIOLATION), data 0",
    )


def access_denied() -> Refusal:
    """The signed-in account has no right to do that."""
    return Refusal(
        ResultCode.INSUFFICIENT_ACCESS_RIGHTS,
        f"00002098: SecErr: DSID-03150F94, problem {Problem.INSUFFICIENT_ACCESS_RIGHTS:d} "
        "(INSUFF_ACCESS_RIGHTS), data 0",
    )
