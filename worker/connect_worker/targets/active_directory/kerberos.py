"""The system's Kerberos, by its own GSS-API library: no wheel of a binding exists, and none has to be compiled.

A context is made with one server in one thread, and closed. See RFC 2744 (C bindings) and RFC 4752 (SASL's use of it).
"""

import ctypes
from collections.abc import Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from functools import cache
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from connect_worker.errors import ConfigurationError

LIBRARY = "libgssapi_krb5.so.2"
_CONTINUE = 1
_ERRORS = 0xFFFF0000
_INITIATE = 1
_MUTUAL, _SEQUENCE, _INTEGRITY = 0x2, 0x8, 0x20
_CODE_OF_GSS, _CODE_OF_MECHANISM = 1, 2
_NAME_OF_USER = bytes.fromhex("2a864886f71201020101")
_NAME_OF_SERVICE = bytes.fromhex("2a864886f71201020104")
_KERBEROS = bytes.fromhex("2a864886f712010202")
_TLS_SERVER = b"tls-server-end-point:"
_NO_KDC = -1765328228 & 0xFFFFFFFF  # KRB5_KDC_UNREACH
_numbers = count(1)


class KerberosError(Exception):
    """No ticket, no key, or an answer that does not fit; in the library's own words.

    `is_unreachable`: nobody has refused anything, for no key distribution centre answers.
    """

    def __init__(self, words: str, *, is_unreachable: bool) -> None:
        super().__init__(words)
        self.is_unreachable = is_unreachable


class _Buffer(ctypes.Structure):
    _fields_ = (("length", c_size_t), ("value", c_void_p))


class _Oid(ctypes.Structure):
    _fields_ = (("length", c_uint32), ("elements", c_char_p))


class _OidSet(ctypes.Structure):
    _fields_ = (("count", c_size_t), ("elements", POINTER(_Oid)))


class _Element(ctypes.Structure):
    _fields_ = (("key", c_char_p), ("value", c_char_p))


class _Store(ctypes.Structure):
    _fields_ = (("count", c_uint32), ("elements", POINTER(_Element)))


class _Bindings(ctypes.Structure):
    _fields_ = (
        ("initiator_type", c_uint32),
        ("initiator", _Buffer),
        ("acceptor_type", c_uint32),
        ("acceptor", _Buffer),
        ("application", _Buffer),
    )


class KerberosContext:
    """Signs in to one service (`ldap@dc1.school.example`) with the keys of one principal. A context manager.

    `certificate_hash`: of the server's certificate, so that a ticket is of use in this TLS connection only (RFC 5929).
    """

    def __init__(self, *, principal: str, keytab: Path, service: str, certificate_hash: bytes) -> None:
        """Raises ConfigurationError without the library, KerberosError for a name or a keytab that is none."""
        self._library = load_library(LIBRARY)
        self._context, self._credential, self._target = c_void_p(), c_void_p(), c_void_p()
        self._bindings = _bindings_of(_TLS_SERVER + certificate_hash)
        self._continues = True
        try:
            self._target = self._name(service.encode(), _NAME_OF_SERVICE)
            self._acquire(principal, keytab)
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    @property
    def is_complete(self) -> bool:
        """Whether both sides know each other."""
        return not self._continues

    def step(self, token: bytes) -> bytes:
        """Answer the server's token, b"" at first; the token to send, b"" where there is none. Raises KerberosError."""
        minor, answer = c_uint32(), _Buffer()
        major = self._library.gss_init_sec_context(
            *(byref(minor), self._credential, byref(self._context), self._target, byref(_oid(_KERBEROS))),
            *(_MUTUAL | _SEQUENCE | _INTEGRITY, 0, byref(self._bindings), byref(_buffer(token))),
            *(None, byref(answer), None, None),
        )
        sent = self._taken(answer)
        self._check(major, minor)
        self._continues = bool(major & _CONTINUE)
        return sent

    def unwrap(self, message: bytes) -> bytes:
        """Open what the server has sealed. Raises KerberosError."""
        minor, answer = c_uint32(), _Buffer()
        major = self._library.gss_unwrap(
            byref(minor), self._context, byref(_buffer(message)), byref(answer), None, None
        )
        opened = self._taken(answer)
        self._check(major, minor)
        return opened

    def wrap(self, message: bytes) -> bytes:
        """Seal for the server, not encrypted: TLS does that. Raises KerberosError."""
        minor, answer = c_uint32(), _Buffer()
        major = self._library.gss_wrap(byref(minor), self._context, 0, 0, byref(_buffer(message)), None, byref(answer))
        sealed = self._taken(answer)
        self._check(major, minor)
        return sealed

    def _acquire(self, principal: str, keytab: Path) -> None:
        """Tickets stay in memory, and are fetched with the keytab's keys."""
        tickets = f"MEMORY:connect-{next(_numbers)}"
        keys = (b"client_keytab", f"FILE:{keytab}".encode()), (b"ccache", tickets.encode())
        elements = (_Element * len(keys))(*(_Element(key, value) for key, value in keys))
        store = _Store(len(keys), ctypes.cast(elements, POINTER(_Element)))
        kinds = (_Oid * 1)(_oid(_KERBEROS))
        wanted = _OidSet(1, ctypes.cast(kinds, POINTER(_Oid)))
        minor, name = c_uint32(), self._name(principal.encode(), _NAME_OF_USER)
        try:
            major = self._library.gss_acquire_cred_from(
                *(byref(minor), name, 0xFFFFFFFF, byref(wanted), _INITIATE, byref(store)),
                *(byref(self._credential), None, None),
            )
        finally:
            self._library.gss_release_name(byref(c_uint32()), byref(name))
        self._check(major, minor)

    def _name(self, text: bytes, kind: bytes) -> c_void_p:
        minor, name = c_uint32(), c_void_p()
        major = self._library.gss_import_name(byref(minor), byref(_buffer(text)), byref(_oid(kind)), byref(name))
        self._check(major, minor)
        return name

    def _taken(self, buffer: _Buffer) -> bytes:
        """The content of a buffer of the library's, which is given back."""
        content = ctypes.string_at(buffer.value, buffer.length) if buffer.value else b""
        self._library.gss_release_buffer(byref(c_uint32()), byref(buffer))
        return content

    def _check(self, major: int, minor: c_uint32) -> None:
        if major & _ERRORS:
            words = [*self._words(major, _CODE_OF_GSS), *self._words(minor.value, _CODE_OF_MECHANISM)]
            raise KerberosError("; ".join(dict.fromkeys(words)), is_unreachable=minor.value == _NO_KDC)

    def _words(self, code: int, kind: int) -> Iterator[str]:
        more = c_uint32()
        while True:
            said = _Buffer()
            failed = self._library.gss_display_status(
                byref(c_uint32()), code, kind, byref(_oid(_KERBEROS)), byref(more), byref(said)
            )
            yield self._taken(said).decode("utf-8", "replace")
            if failed or not more.value:
                return

    def _release(self) -> None:
        nothing = byref(c_uint32())
        self._library.gss_delete_sec_context(nothing, byref(self._context), None)
        self._library.gss_release_cred(nothing, byref(self._credential))
        self._library.gss_release_name(nothing, byref(self._target))


@cache
def load_library(name: str) -> ctypes.CDLL:
    """The functions of the system's library. Raises ConfigurationError where there is none of that name."""
    try:
        library = ctypes.CDLL(name)
    except OSError as missing:
        raise ConfigurationError(
            f"a keytab is given, and this machine has no Kerberos library ({name})",
            todo="Install it (on Debian: libgssapi-krb5-2), or sign in with bindDn and password",
            reason="KerberosMissing",
        ) from missing
    for each, arguments in _SIGNATURES.items():
        function = getattr(library, each)
        function.argtypes, function.restype = arguments, c_uint32
    return library


_MINOR, _POINTER = POINTER(c_uint32), c_void_p
_BUFFER, _OID, _OWN = POINTER(_Buffer), POINTER(_Oid), POINTER(c_void_p)
_SIGNATURES = {
    "gss_import_name": (_MINOR, _BUFFER, _OID, _OWN),
    "gss_acquire_cred_from": (
        *(_MINOR, _POINTER, c_uint32, POINTER(_OidSet), c_int, POINTER(_Store), _OWN),
        *(POINTER(POINTER(_OidSet)), _MINOR),
    ),
    "gss_init_sec_context": (
        *(_MINOR, _POINTER, _OWN, _POINTER, _OID, c_uint32, c_uint32, POINTER(_Bindings), _BUFFER),
        *(POINTER(_OID), _BUFFER, _MINOR, _MINOR),
    ),
    "gss_wrap": (_MINOR, _POINTER, c_int, c_uint32, _BUFFER, POINTER(c_int), _BUFFER),
    "gss_unwrap": (_MINOR, _POINTER, _BUFFER, _BUFFER, POINTER(c_int), _MINOR),
    "gss_display_status": (_MINOR, c_uint32, c_int, _OID, _MINOR, _BUFFER),
    "gss_release_buffer": (_MINOR, _BUFFER),
    "gss_release_cred": (_MINOR, _OWN),
    "gss_release_name": (_MINOR, _OWN),
    "gss_delete_sec_context": (_MINOR, _OWN, _BUFFER),
}


def _oid(elements: bytes) -> _Oid:
    return _Oid(len(elements), elements)


def _buffer(content: bytes) -> _Buffer:
    """A buffer over bytes, which must live as long as it does: it keeps them."""
    kept = ctypes.create_string_buffer(content, len(content) or 1)
    buffer = _Buffer(len(content), ctypes.cast(kept, c_void_p))
    buffer._kept = kept  # noqa: SLF001
    return buffer


def _bindings_of(application: bytes) -> _Bindings:
    bindings = _Bindings()
    bindings.application = _buffer(application)
    return bindings
