"""Writes files of an authority: a folder appears whole or not at all, and what replaces something does so at once."""

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from connect_relay.pki.certificates import PkiError

DRAFT = ".new-"
"""Folders that begin so are not finished, or not needed any more."""
_SECRET_FILES = frozenset({"ca.key", "tls.key", "ssh_host_ed25519_key", "sshPrivateKey"})
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

Files = Mapping[str, str]


def write_folder(target: Path, files: Files) -> Path:
    """A new folder with these files. Raises PkiError, also if it is there already."""
    require_free(target)
    with _named(target):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = _drafted(target, files)
        try:
            draft.rename(target)
        except BaseException:
            shutil.rmtree(draft)
            raise
        _sync(target.parent)
    return target


def replace_folder(target: Path, files: Files) -> Path:
    """A folder in place of another, which is gone then: whoever reads sees the one or the other. Raises PkiError."""
    with _named(target):
        draft = _drafted(target, files)
        try:
            _exchange(draft, target)
            _sync(target.parent)
        finally:
            shutil.rmtree(draft)
    return target


def replace_file(target: Path, text: str) -> Path:
    """A file with this text, in place of what may be there. Raises PkiError."""
    with _named(target):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=target.parent))
        try:
            _write_file(draft / target.name, text)
            (draft / target.name).rename(target)
        finally:
            shutil.rmtree(draft)
        _sync(target.parent)
    return target


def read(path: Path) -> bytes:
    """A file's content. Raises PkiError."""
    with _named(path):
        return path.read_bytes()


def read_text(path: Path) -> str:
    """The same, as text. Raises PkiError."""
    try:
        return read(path).decode()
    except UnicodeDecodeError as fault:
        raise PkiError(f"{path} is damaged: it is no text: put it back from a backup of this folder") from fault


def public(files: Files) -> Files:
    """Those of an authority's files that anybody may read."""
    return {name: text for name, text in files.items() if name not in _SECRET_FILES}


def require_free(target: Path) -> None:
    """Raise PkiError if there is something already."""
    if os.path.lexists(target):
        raise PkiError(f"{target} is there already, and is not overwritten: renew it, or move it away first")


def _drafted(target: Path, files: Files) -> Path:
    """A folder beside its place, with all that shall be in it."""
    draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=target.parent))
    try:
        for name, text in files.items():
            _write_file(draft / name, text)
    except BaseException:
        shutil.rmtree(draft)
        raise
    return draft


def _write_file(path: Path, text: str) -> None:
    mode = 0o600 if path.name in _SECRET_FILES else 0o644
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _exchange(one: Path, other: Path) -> None:
    """Swap two folders in one step, for which Python has no function: see renameat2(2)."""
    library = ctypes.CDLL(None, use_errno=True)
    arguments = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE))
    if library.renameat2(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} (the folder must be on a local disk of Linux)", str(other))


def _sync(folder: Path) -> None:
    """So that a new name in a folder outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise PkiError(f"{fault.filename or path}: {fault.strerror}") from fault
