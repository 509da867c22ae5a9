"""`kubectl connect new`: asks for a customer, then writes its ConnectJob and Secrets to files, or applies them."""

import base64
import os
import secrets as randomness
from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import click

from connect_operator.core.spec import Mode, Transport
from connect_operator.kubectl import manifests
from connect_operator.kubectl.cluster import Cluster
from connect_operator.kubectl.connection import Access
from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_operator.kubectl.given import Given, read_given
from connect_operator.kubectl.manifests import Answers, Manifest
from connect_operator.kubectl.options import NAME, access_options, examples
from connect_operator.kubectl.questions import ADDRESSES, Kind, Question, questions
from connect_operator.kubectl.session import done, fail
from connect_operator.schedule.grammar import resolve
from connect_operator.schedule.zones import zone
from connect_protocol.environment import SecretKey

KEY_BYTES = 32
FOLDER_MODE, FILE_MODE = 0o700, 0o600
LONGEST_NAME = 44
_BY_PASSWORD = (SecretKey.DIRECTORY_BIND_DN, SecretKey.DIRECTORY_PASSWORD)


@click.command(epilog=examples("new musterwil", "new musterwil --from secrets --to musterwil", "new musterwil --apply"))
@click.argument("name")
@click.option(
    "--from",
    "known",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with a file for each key, such as database/password: what stands there is taken, and not asked.",
)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="The folder to write to; NAME if not given.")
@click.option("--apply", "apply", is_flag=True, help="Create them in the cluster instead of writing files.")
@access_options
def new(name: str, known: Path | None, folder: Path | None, apply: bool, access: Access) -> None:
    """A new customer: its ConnectJob and its Secrets.

    Asks for what they need, and writes connectjob.yaml and secrets.yaml, which nobody but you can read; passwords are
    typed unseen and never shown. A key for the tables' secrets is made unless one is given: keep a copy of it. Without
    it no initial password can be read again.
    """
    try:
        given = Given() if known is None else read_given(known)
        answers = _ask(name, given, access.namespace)
        if apply:
            done(access, lambda cluster: _create(cluster, answers))
            if SecretKey.ENCRYPTION_KEY not in given.texts:
                _tell_of_the_key(name)
        else:
            _write(answers, folder or Path(name))
    except CommandError as error:
        fail(error)


def _ask(name: str, given: Given, namespace: str) -> Answers:
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise CommandError(
            f"{name} cannot be a ConnectJob's name",
            todo=f"Take lower-case letters, digits and inner hyphens, {LONGEST_NAME} at most",
            code=Exit.USAGE,
        )
    realm = given.texts.get(SecretKey.CUSTOMER_REALM) or click.prompt(
        "Realm, the customer's name in Connect", default=name
    )
    schedule = click.prompt("Schedule", default="H 3 * * *", value_proc=_valid(lambda text: resolve(text, realm=realm)))
    time_zone = click.prompt("Time zone", default="Europe/Zurich", value_proc=_valid(zone))
    mode = Mode(click.prompt("Mode", type=_choice(Mode), default=Mode.SYNC.value))
    transport = Transport(click.prompt("Way", type=_choice(Transport), default=Transport.GRPC.value))
    address = "" if transport is Transport.NONE else _address(transport)
    asked = (question for question in questions(transport) if not _is_known(question.key, given))
    keys = {SecretKey.ENCRYPTION_KEY: _encryption_key()} | {question.key: _answer(question) for question in asked}
    return Answers(
        name=name,
        namespace=namespace,
        realm=realm,
        schedule=schedule,
        time_zone=time_zone,
        mode=mode,
        transport=transport,
        address=address,
        keys={**keys, **given.texts, SecretKey.CUSTOMER_REALM: realm},
        keytab=given.keytab,
    )


def _choice(kind: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([each.value for each in kind])


def _valid(check: Callable[[str], object]) -> Callable[[str], str]:
    def checked(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        return text

    return checked


def _address(transport: Transport) -> str:
    return str(click.prompt("Address of relay or jump host", default=ADDRESSES[transport] or None))


def _is_known(key: SecretKey, given: Given) -> bool:
    """With a keytab nobody signs in by password."""
    return key in given.texts or (bool(given.keytab) and key in _BY_PASSWORD)


def _answer(question: Question) -> str:
    if question.kind is Kind.FILE:
        return _file(question)
    hidden = question.kind is Kind.HIDDEN
    default = "" if question.optional else question.default or None
    return str(click.prompt(question.text, default=default, hide_input=hidden, show_default=bool(question.default)))


def _file(question: Question) -> str:
    place = click.prompt(
        question.text + (", nothing for the system's" if question.optional else ""),
        default="" if question.optional else None,
        show_default=False,
        value_proc=_readable,
    )
    return Path(place).read_text(encoding="utf-8") if place else ""


def _readable(place: str) -> str:
    if place and not Path(place).is_file():
        raise click.UsageError(f"there is no file {place}")
    return place


def _encryption_key() -> str:
    return base64.b64encode(randomness.token_bytes(KEY_BYTES)).decode()


def _tell_of_the_key(name: str) -> None:
    click.echo("Keep a copy of the encryption key that was made; this shows it:")
    click.echo(f"  kubectl get secret {name}-customer --output jsonpath='{{.data.encryptionKey}}' | base64 --decode")


async def _create(cluster: Cluster, answers: Answers) -> None:
    """Secrets first, so that the ConnectJob lacks nothing; and none if any of them would be refused."""
    placed = replace(answers, namespace=cluster.namespace)
    documents = (*manifests.secrets(placed), manifests.connect_job(placed))
    for document in documents:
        await cluster.try_out(document)
    for document in documents:
        await cluster.create(document)
        click.echo(f"{str(document['kind']).lower()}/{_name(document)} created")
    click.echo(f"Look with kubectl connect status {answers.name}")


def _write(answers: Answers, folder: Path) -> None:
    """Nothing is written over."""
    files = {
        folder / "secrets.yaml": manifests.secrets(answers),
        folder / "connectjob.yaml": (manifests.connect_job(answers),),
    }
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    for path, documents in files.items():
        _write_file(path, documents)
        click.echo(f"{path} written")
    click.echo(f"Check connectjob.yaml, keep a copy of the encryption key, then: kubectl apply --filename {folder}")


def _write_file(path: Path, documents: Iterable[Manifest]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    except FileExistsError:
        raise CommandError(
            f"{path} is there already", todo="Choose another folder with --to", code=Exit.USAGE
        ) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(manifests.to_yaml(documents))


def _name(document: Manifest) -> str:
    metadata = document["metadata"]
    assert isinstance(metadata, dict)
    return str(metadata["name"])
