"""What `kubectl connect new` makes of the answers."""

from dataclasses import replace

import pytest
import yaml

from connect_operator.core.secret_needs import needs
from connect_operator.core.spec import ConnectJob, Mode, Transport
from connect_operator.kubectl.manifests import Answers, connect_job, secrets, to_yaml
from connect_operator.kubectl.questions import questions
from connect_protocol.environment import SecretKey


def answers(transport: Transport) -> Answers:
    keys = {question.key: f"value of {question.key}\n" for question in questions(transport)}
    return Answers(
        name="musterwil",
        namespace="connect",
        realm="musterwil",
        schedule="H 3 * * *",
        time_zone="Europe/Zurich",
        mode=Mode.SYNC,
        transport=transport,
        address="" if transport is Transport.NONE else "connect-relay:8443",
        keys={**keys, SecretKey.ENCRYPTION_KEY: "key", SecretKey.CUSTOMER_REALM: "musterwil"},
    )


@pytest.mark.parametrize("transport", Transport)
def test_the_secrets_hold_every_key_that_the_operator_asks_for(transport: Transport) -> None:
    given = answers(transport)
    document = connect_job(given)
    job = ConnectJob.parse({**document, "metadata": _met(document)})
    made = {each["metadata"]["name"]: each["stringData"] for each in yaml.safe_load_all(to_yaml(secrets(given)))}
    wanted = {need.name: need.keys for need in needs(job)}
    assert set(made) == set(wanted)
    assert {name: keys - set(made[name]) for name, keys in wanted.items()} == {name: set() for name in wanted}


def test_what_is_written_is_what_is_meant() -> None:
    document = connect_job(answers(Transport.GRPC))
    assert list(yaml.safe_load_all(to_yaml([document]))) == [document]


def test_certificates_are_to_be_recognised() -> None:
    assert "ca.crt: |\n" in to_yaml(secrets(answers(Transport.GRPC)))


def test_a_keytab_is_data_and_no_text() -> None:
    customer = replace(answers(Transport.GRPC), keytab=b"\x05\x02\xff")
    kept = {each["metadata"]["name"]: each.get("data") for each in yaml.safe_load_all(to_yaml(secrets(customer)))}
    assert kept["musterwil-directory"] == {"keytab": "BQL/"}
    assert [name for name, data in kept.items() if data] == ["musterwil-directory"]


def test_the_answers_do_not_print_their_secrets() -> None:
    assert "value of" not in repr(answers(Transport.GRPC))


def _met(document: dict[str, object]) -> dict[str, object]:
    metadata = document["metadata"]
    assert isinstance(metadata, dict)
    return {**metadata, "uid": "u", "generation": 1, "creationTimestamp": "2026-11-22T17:00:00+00:00"}
