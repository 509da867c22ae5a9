"""Which Secrets are needed, what is wrong with them, when to look."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connect_operator.core.facts import SecretFinding, SecretRole, SecretsView
from connect_operator.core.secret_needs import due, findings, look_again, needs
from connect_operator.core.spec import Mode, RelaySpec, SecretNames, Transport
from tests.support.connect_jobs import MUSTERWIL, NOW

NEXT_RUN = NOW + timedelta(hours=9)
WELL = {need.role: dict.fromkeys(need.keys, b"x") for need in needs(MUSTERWIL)}


def test_all_four_are_needed_with_the_keys_that_the_worker_reads() -> None:
    assert {need.role: need.keys for need in needs(MUSTERWIL)} == {
        SecretRole.CUSTOMER: {"customerNumber", "encryptionKey"},
        SecretRole.DATABASE: {"host", "port", "dbname", "username", "password"},
        SecretRole.DIRECTORY: set(),
        SecretRole.RELAY: {"tls.crt", "tls.key", "ca.crt"},
    }
    assert [need.name for need in needs(MUSTERWIL)] == [
        "musterwil-customer",
        "musterwil-database",
        "musterwil-directory",
        "musterwil-relay",
    ]


@pytest.mark.parametrize(
    ("transport", "keys"),
    [
        (Transport.GRPC, {"tls.crt", "tls.key", "ca.crt"}),
        (Transport.SSH, {"sshPrivateKey", "knownHosts"}),
        (Transport.JUMP_HOST, {"sshPrivateKey", "knownHosts", "sshUser"}),
    ],
)
def test_the_relays_keys_are_those_of_the_transport(transport: Transport, keys: set[str]) -> None:
    job = replace(MUSTERWIL, relay=RelaySpec(transport=transport, address="relay:2222"))
    (relay,) = [need for need in needs(job) if need.role is SecretRole.RELAY]
    assert relay.keys == keys
    (finding,) = findings(job, {**WELL, SecretRole.RELAY: {"something": b"else"}})
    assert set(finding.missing_keys) == keys


def test_without_a_relay_or_a_directory_theirs_are_not_needed() -> None:
    direct = replace(MUSTERWIL, relay=RelaySpec(), mode=Mode.VALIDATE, secrets=SecretNames(customer="c", database="d"))
    assert [need.role for need in needs(direct)] == [SecretRole.CUSTOMER, SecretRole.DATABASE]


def test_a_directory_that_is_named_is_mounted_and_must_be_there() -> None:
    assert SecretRole.DIRECTORY in {need.role for need in needs(replace(MUSTERWIL, mode=Mode.VALIDATE))}


def test_nothing_is_wrong_with_good_secrets() -> None:
    assert findings(MUSTERWIL, WELL) == ()


def test_what_is_missing_is_named() -> None:
    broken = {**WELL, SecretRole.RELAY: None, SecretRole.DATABASE: {"host": b"h", "port": b" \n", "dbname": b"d"}}
    assert findings(MUSTERWIL, broken) == (
        SecretFinding(
            role=SecretRole.DATABASE, name="musterwil-database", missing_keys=("password", "port", "username")
        ),
        SecretFinding(role=SecretRole.RELAY, name="musterwil-relay", missing=True),
    )


@pytest.mark.parametrize(("realm", "wrong"), [(b"musterwil", False), (b"musterwil\n", False), (b"other", True)])
def test_the_customers_secret_must_be_of_the_realm(realm: bytes, wrong: bool) -> None:
    found = findings(MUSTERWIL, {**WELL, SecretRole.CUSTOMER: {**WELL[SecretRole.CUSTOMER], "realm": realm}})
    assert [finding.other_realm for finding in found] == (["other"] if wrong else [])


def view(*, age: timedelta, generation: int = 1) -> SecretsView:
    return SecretsView(generation=generation, looked_at=NOW - age)


LOOKS = {
    "never looked": (None, True),
    "looked for another generation": (view(age=timedelta(0), generation=0), True),
    "well": (view(age=timedelta(hours=5)), False),
}


@pytest.mark.parametrize(("seen", "expected"), LOOKS.values(), ids=LOOKS.keys())
def test_when_they_must_be_looked_at(seen: SecretsView | None, expected: bool) -> None:
    assert due(MUSTERWIL, NEXT_RUN, seen, NOW) is expected


def test_once_more_within_the_hour_before_a_run() -> None:
    at = NEXT_RUN - timedelta(hours=1)
    assert look_again(NEXT_RUN, view(age=timedelta(0))) == at
    assert due(MUSTERWIL, NEXT_RUN, view(age=timedelta(0)), at)
    looked = SecretsView(generation=1, looked_at=at)
    assert look_again(NEXT_RUN, looked) is None
    assert not due(MUSTERWIL, NEXT_RUN, looked, at + timedelta(minutes=30))
    assert look_again(None, looked) is None
