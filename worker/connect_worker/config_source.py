"""Where the worker's settings come from: the environment, the mounted Secrets' files, and the faults found in them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from connect_protocol.environment import SecretKey, Variable
from connect_worker.errors import ConfigurationError

REALM_MISMATCH = "RealmMismatch"
WHAT_TO_DO = "Correct the worker's environment or the customer's Secrets, then run again"

T = TypeVar("T")


class Source:
    """The environment and the Secrets' files, and the faults found in them so far.

    After a fault, reading goes on with the value's `otherwise`, which never gets out: `check` raises.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []
        self._reason = ""
        self._folder = self._secrets_folder()

    def fault(self, sentence: str, *, reason: str = "") -> None:
        """Note what is wrong and where."""
        self._faults.append(sentence)
        self._reason = self._reason or reason

    def check(self) -> None:
        """Raise ConfigurationError if there was any fault."""
        if self._faults:
            raise ConfigurationError(*self._faults, todo=WHAT_TO_DO, reason=self._reason)

    def required(self, variable: Variable, read: Callable[[str], T], *, otherwise: T) -> T:
        """A variable that must be set."""
        if not self._environ.get(variable):
            self.fault(f"{variable} is not set")
            return otherwise
        return self.variable(variable, read, otherwise=otherwise)

    def variable(self, variable: Variable, read: Callable[[str], T], *, otherwise: T) -> T:
        """A variable that may be left out."""
        value = self._environ.get(variable)
        return self._read(variable, value, read, otherwise) if value else otherwise

    def is_set(self, variable: Variable) -> bool:
        """Whether there is such a variable, and it is not empty."""
        return bool(self._environ.get(variable))

    def secret(self, key: SecretKey, read: Callable[[str], T], *, otherwise: T) -> T:
        """A file that must be there."""
        value = self._file(key, needed=True)
        return otherwise if value is None else self._read(key, value, read, otherwise)

    def optional_secret(self, key: SecretKey, read: Callable[[str], T], *, otherwise: T) -> T:
        """A file that may be left out."""
        value = self._file(key, needed=False)
        return otherwise if value is None else self._read(key, value, read, otherwise)

    def binary(self, key: SecretKey, is_one: Callable[[bytes], bool], otherwise: str) -> Path | None:
        """The place of a file that may be left out, whose content fits; else `otherwise` says what it is."""
        path = self._folder / key if self._folder is not None else None
        if path is None or not path.exists():
            return None
        try:
            fits = is_one(path.read_bytes())
        except OSError as error:
            self.fault(f"{key} cannot be read in {self._folder}: {error.strerror}")
            return path
        if not fits:
            self.fault(f"{key} is {otherwise}")
        return path

    def _secrets_folder(self) -> Path | None:
        folder = self._environ.get(Variable.SECRETS_DIR)
        if not folder:
            self.fault(f"{Variable.SECRETS_DIR} is not set")
            return None
        if not Path(folder).is_dir():
            self.fault(f"{Variable.SECRETS_DIR}: {folder} is no folder")
            return None
        return Path(folder)

    def _file(self, key: SecretKey, *, needed: bool) -> str | None:
        """A file's text without the marks that editors and `echo` leave at its ends; None: there is none to read."""
        if self._folder is None:
            return None
        try:
            return (self._folder / key).read_text(encoding="utf-8-sig").rstrip("\r\n")
        except (FileNotFoundError, NotADirectoryError):
            if needed:
                self.fault(f"{key} is missing in {self._folder}")
        except OSError as error:
            self.fault(f"{key} cannot be read in {self._folder}: {error.strerror}")
        except UnicodeDecodeError:
            self.fault(f"{key} is no text in UTF-8")
        return None

    def _read(self, name: str, value: str, read: Callable[[str], T], otherwise: T) -> T:
        if not value.strip():
            self.fault(f"{name} is empty")
            return otherwise
        try:
            return read(value)
        except ValueError as error:
            self.fault(f"{name} {error}")
            return otherwise
