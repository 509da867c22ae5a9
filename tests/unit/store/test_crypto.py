"""Secrets in the database."""

import base64

import pytest

from connect_worker.errors import ConfigurationError
from connect_worker.model.secret import SealedSecret, Secret
from connect_worker.store.crypto import Keyring

OLD = Secret(base64.b64encode(bytes(range(32))).decode())
NEW = Secret(base64.b64encode(bytes(range(1, 33))).decode() + "\n")
OWNER = "user:S.00012"
PASSWORD = Secret("Blu38me")


def test_a_sealed_secret_opens_for_its_owner_and_says_nothing_by_itself() -> None:
    sealed = Keyring([OLD]).seal(PASSWORD, owner=OWNER)
    assert Keyring([OLD]).open(sealed, owner=OWNER) == PASSWORD
    assert sealed.startswith("v1.")
    assert "Blu38me" not in sealed


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    ring = Keyring([OLD])
    assert ring.seal(PASSWORD, owner=OWNER) != ring.seal(PASSWORD, owner=OWNER)


def test_after_a_rotation_the_old_key_still_opens_and_the_new_one_seals() -> None:
    before, after = Keyring([OLD]), Keyring([NEW, OLD])
    old, new = before.seal(PASSWORD, owner=OWNER), after.seal(PASSWORD, owner=OWNER)
    assert after.open(old, owner=OWNER) == PASSWORD
    assert (after.is_current(old), after.is_current(new)) == (False, True)
    assert Keyring([NEW]).open(new, owner=OWNER) == PASSWORD


def test_a_secret_sealed_with_an_unknown_key_names_the_key_and_what_to_do() -> None:
    sealed = Keyring([OLD]).seal(PASSWORD, owner=OWNER)
    key_id = sealed.split(".")[1]
    with pytest.raises(ConfigurationError, match=rf"{OWNER} was sealed with the key {key_id}.*behind the current one"):
        Keyring([NEW]).open(sealed, owner=OWNER)


def test_a_secret_moved_to_somebody_else_does_not_open() -> None:
    ring = Keyring([OLD])
    sealed = ring.seal(PASSWORD, owner=OWNER)
    with pytest.raises(ConfigurationError, match=r"user:S\.00013 cannot be opened"):
        ring.open(sealed, owner="user:S.00013")


def altered(sealed: SealedSecret) -> list[str]:
    head, key_id, payload = sealed.split(".")
    flipped = ("A" if payload[20] != "A" else "B").join((payload[:20], payload[21:]))
    return [f"{head}.{key_id}.{flipped}", f"{head}.{key_id}.{payload[:8]}", f"v2.{key_id}.{payload}", "Blu38me", ""]


@pytest.mark.parametrize("number", range(5))
def test_an_altered_secret_does_not_open(number: int) -> None:
    ring = Keyring([OLD])
    value = SealedSecret(altered(ring.seal(PASSWORD, owner=OWNER))[number])
    with pytest.raises(ConfigurationError, match="cannot be opened") as caught:
        ring.open(value, owner=OWNER)
    assert value == "" or value not in str(caught.value)


@pytest.mark.parametrize("key", ["", "no base64!", base64.b64encode(b"too short").decode()])
def test_a_key_that_is_no_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigurationError, match="not base64 of 32 bytes") as caught:
        Keyring([Secret(key)])
    assert key == "" or key not in str(caught.value)
    assert caught.value.__cause__ is None


def test_without_any_key_nothing_can_be_sealed() -> None:
    with pytest.raises(ConfigurationError, match="there is no encryption key"):
        Keyring([])
