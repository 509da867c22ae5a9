"""Why a directory refused something, in its own words and, where they say little, in ours."""

import re

from ldap3.core.results import RESULT_CODES

from connect_worker.errors import ConnectError, ConnectionFailedError, LoginRefusedError
from connect_worker.targets.active_directory.answers import Answer, ResultCode

_WINDOWS_CODE = re.compile(r"^([0-9A-Fa-f]{8}):")
_LOGIN_DATA = re.compile(r"\bdata ([0-9a-fA-F]+)")
# Windows and Samba give different LDAP results for these, but the same code in front of the message.
_EXPLANATIONS = {
    "0000052D": "the domain's password policy refuses the password: its length, its characters, its history, "
    "or it contains a part of the name",
    "00000524": "the sAM account name is taken",
    "00002071": "an object of this name, or of this sAM account name, is there already",
    "000021C8": "the user principal name is taken",
}
_LOGIN_EXPLANATIONS = {
    "525": ("there is no such account", "Correct bindDn"),
    "52e": ("the password is wrong, or there is no such account", "Correct bindDn and password"),
    "530": ("the account may not sign in at this hour", "Allow the account to sign in at any hour"),
    "531": ("the account may not sign in from this computer", "Allow the account to sign in from any computer"),
    "532": ("the account's password has expired", "Set a new password, best one that never expires"),
    "533": ("the account is disabled", "Enable the account"),
    "701": ("the account has expired", "Remove the account's expiry date"),
    "773": ("the account must change its password first", "Set a new password without «must change»"),
    "775": ("the account is locked out", "Unlock the account, and find out who tries wrong passwords"),
}


class RefusedError(ConnectError):
    """The directory refused a request: only the change that it belongs to fails."""

    reason = "DirectoryRefused"

    def __init__(self, answer: Answer) -> None:
        super().__init__(words_of(answer))
        self.answer = answer


def words_of(answer: Answer) -> str:
    """An answer's result by name and number, the directory's message, and what the message means."""
    result = f"{RESULT_CODES.get(answer.code, 'unknown result')} ({answer.code})"
    words = f"{result}: {answer.message}" if answer.message else result
    explanation = _explanation(answer)
    return f"{explanation} [{words}]" if explanation else words


def login_refused(answer: Answer, account: str) -> ConnectError:
    """The error for a bind that failed: `account` is who wanted to sign in."""
    if answer.code in {ResultCode.BUSY, ResultCode.UNAVAILABLE}:
        return ConnectionFailedError(
            f"the directory is not ready: {words_of(answer)}", todo="Try again later", reason="DirectoryUnreachable"
        )
    data = _LOGIN_DATA.search(answer.message)
    why, todo = _LOGIN_EXPLANATIONS.get(
        data[1].lower() if data else "", (words_of(answer), "Check bindDn and password in the directory's Secret")
    )
    if answer.code == ResultCode.STRONGER_AUTH_REQUIRED:
        why, todo = "it wants the connection to be encrypted", "Use ldaps://, or ldap:// with StartTLS"
    shown = f" [{words_of(answer)}]" if data else ""
    return LoginRefusedError(
        f"the directory refuses to sign in {account}: {why}{shown}", todo=todo, reason="DirectoryLoginFailed"
    )


def _explanation(answer: Answer) -> str:
    code = _WINDOWS_CODE.match(answer.message)
    if code and code[1].upper() in _EXPLANATIONS:
        return _EXPLANATIONS[code[1].upper()]
    if answer.code == ResultCode.INSUFFICIENT_ACCESS_RIGHTS:
        return "the account that Connect signs in with lacks the right to do this"
    return ""
