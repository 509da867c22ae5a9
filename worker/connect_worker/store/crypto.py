"""Secrets sealed for the database: AES-256-GCM, bound to their owner, with keys that can be rotated.

A sealed secret reads `v1.KEYID.PAYLOAD`: the id of the key, and nonce and ciphertext in unpadded base64url. The owner
(for example `user:S.00012`) is authenticated with it, so that no sealed secret can be moved to another row.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connect_worker.errors import ConfigurationError
from connect_worker.model.ids import AccountKey
from connect_worker.model.secret import SealedSecret, Secret

REASON = "EncryptionKeyInvalid"

_VERSION = "v1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_LENGTH = 12
_DOTS = 2


class Keyring:
    """The customer's encryption keys: the first one seals, any of them opens."""

    def __init__(self, keys: Sequence[Secret]) -> None:
        """`keys` are base64 of 32 random bytes each. Raises ConfigurationError."""
        if not keys:
            raise ConfigurationError("there is no encryption key", todo=_KEY_TODO, reason=REASON)
        raw = [_decoded(key) for key in keys]
        self._ciphers = {_key_id(key): AESGCM(key) for key in raw}
        self._current = _key_id(raw[0])

    def seal(self, secret: Secret, *, owner: str) -> SealedSecret:
        """Encrypt a secret for its owner."""
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = self._ciphers[self._current].encrypt(nonce, secret.reveal().encode(), _bound(self._current, owner))
        payload = base64.urlsafe_b64encode(nonce + ciphertext).rstrip(b"=").decode()
        return SealedSecret(f"{_VERSION}.{self._current}.{payload}")

    def open(self, sealed: SealedSecret, *, owner: str) -> Secret:
        """Decrypt a secret of this owner; raises ConfigurationError for a foreign key, owner or altered value."""
        key_id, payload = _parts(sealed, owner)
        if key_id not in self._ciphers:
            raise ConfigurationError(
                f"the secret of {owner} was sealed with the key {key_id}, which is not among the encryption keys",
                todo="Put that key into encryptionKey of the customer Secret too, behind the current one",
                reason=REASON,
            )
        try:
            opened = self._ciphers[key_id].decrypt(
                payload[:_NONCE_BYTES], payload[_NONCE_BYTES:], _bound(key_id, owner)
            )
        except InvalidTag as error:
            raise _unreadable(owner) from error
        return Secret(opened.decode())

    def is_current(self, sealed: SealedSecret) -> bool:
        """Whether the secret is sealed with the key that seals today; if not, rotation has to seal it anew."""
        return sealed.startswith(f"{_VERSION}.{self._current}.")

    def why_closed(self, sealed: SealedSecret) -> str:
        """Why a secret that `open` refuses cannot be opened; the same words for all that need the same key."""
        key_id = sealed.split(".")[1] if sealed.count(".") == _DOTS else ""
        if not key_id or key_id in self._ciphers:
            return "altered, or moved there from somebody else's row"
        return f"sealed with the key {key_id}, which is not among the encryption keys"


_KEY_TODO = "Put base64 of 32 random bytes into encryptionKey of the customer Secret: head -c 32 /dev/urandom | base64"


def _decoded(key: Secret) -> bytes:
    try:
        raw = base64.b64decode(key.reveal().strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise ConfigurationError(
            f"an encryption key is not base64 of {_KEY_BYTES} bytes", todo=_KEY_TODO, reason=REASON
        ) from None
    return raw


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"connect key id\0" + key).hexdigest()[:_ID_LENGTH]


def _bound(key_id: str, owner: str) -> bytes:
    return f"{_VERSION}\0{key_id}\0{owner}".encode()


def _parts(sealed: SealedSecret, owner: str) -> tuple[str, bytes]:
    try:
        version, key_id, payload = sealed.split(".")
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except ValueError as error:
        raise _unreadable(owner) from error
    if version != _VERSION or len(raw) <= _NONCE_BYTES:
        raise _unreadable(owner)
    return key_id, raw


def _unreadable(owner: str) -> ConfigurationError:
    return ConfigurationError(
        f"the sealed secret of {owner} cannot be opened: it was altered, or belongs to somebody else",
        todo="Give its owner a new one",
        reason=REASON,
    )


def user_owner(key: AccountKey) -> str:
    """The owner that a user's initial password is bound to."""
    return f"user:{key}"


def config_owner(column: str) -> str:
    """The owner that a secret of connect_config is bound to."""
    return f"config:{column}"
