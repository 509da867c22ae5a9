"""A new customer's ConnectJob and Secrets, as Kubernetes takes them, and as YAML that people can edit."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import yaml

from connect_operator.core.names import API_VERSION, KIND
from connect_operator.core.spec import Mode, Transport
from connect_protocol.environment import SecretKey

Manifest = dict[str, object]
SECRET_KINDS = ("customer", "database", "directory", "relay")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """All that is known of a new customer; without a namespace, whoever applies it chooses.

    The values of `keys` and `keytab` are secret, and not in the repr.
    """

    name: str
    namespace: str
    realm: str
    schedule: str
    time_zone: str
    mode: Mode
    transport: Transport
    address: str
    keys: Mapping[SecretKey, str] = field(repr=False)
    keytab: bytes = field(default=b"", repr=False)

    @property
    def secret_kinds(self) -> tuple[str, ...]:
        """Those that this customer needs."""
        return tuple(kind for kind in SECRET_KINDS if kind != "relay" or self.transport is not Transport.NONE)


def connect_job(answers: Answers) -> Manifest:
    """The ConnectJob."""
    relay = {"transport": answers.transport.value} | ({"address": answers.address} if answers.address else {})
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": _metadata(answers, answers.name),
        "spec": {
            "realm": answers.realm,
            "schedule": answers.schedule,
            "timeZone": answers.time_zone,
            "mode": answers.mode.value,
            "secrets": {kind: f"{answers.name}-{kind}" for kind in answers.secret_kinds},
            "relay": relay,
        },
    }


def secrets(answers: Answers) -> tuple[Manifest, ...]:
    """Its Secrets."""
    return tuple(_secret(answers, kind) for kind in answers.secret_kinds)


def to_yaml(documents: Iterable[Manifest]) -> str:
    """One after the other, with texts of several lines as they stand."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _metadata(answers: Answers, name: str) -> dict[str, str]:
    return {"name": name} | ({"namespace": answers.namespace} if answers.namespace else {})


def _secret(answers: Answers, kind: str) -> Manifest:
    holds_keytab = answers.keytab and SecretKey.DIRECTORY_KEYTAB.startswith(f"{kind}/")
    binary = {"keytab": base64.b64encode(answers.keytab).decode()} if holds_keytab else {}
    secret: Manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(answers, f"{answers.name}-{kind}"),
        "stringData": {
            key.value.removeprefix(f"{kind}/"): value
            for key, value in answers.keys.items()
            if key.value.startswith(f"{kind}/") and value
        },
    }
    return secret | ({"data": binary} if binary else {})


class _Dumper(yaml.SafeDumper):
    """Certificates are to be recognised."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
