"""authorized_keys of the relay: whose key is whose, and which file cannot be used."""

from base64 import b64encode

import pytest

from connect_protocol.relay.identity import Identity, Role
from connect_relay.authorized_keys import AuthorizedKey, AuthorizedKeys, public_key
from connect_relay.errors import ConfigurationError

HEAD = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
ONE, TWO = (HEAD + bytes([number]) * 32 for number in (1, 2))
MADE_BY_OPENSSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEHNNYOsygW+ZOl3CdNdatOSv4F/iPYpkI53dLM9Quxk me@here\n"
TOLD_BY_OPENSSH = "SHA256:TCurai0ap09tcQwJ1KzuFGN6QJ8o1ihkoPEWFpI6c8s"
BRIDGE = Identity(realm="musterwil", role=Role.BRIDGE)
WORKER = Identity(realm="musterwil", role=Role.WORKER)


def key(blob: bytes) -> str:
    return f"ssh-ed25519 {b64encode(blob).decode()}"


def parse(*lines: str) -> AuthorizedKeys:
    return AuthorizedKeys.parse("\n".join(lines), "keys")


def test_a_key_says_realm_and_role() -> None:
    keys = parse(
        "# the school's",
        "",
        f'realm="musterwil",role="bridge" {key(ONE)} bridge at the school',
        f'  role="worker",realm="musterwil"  {key(TWO)}',
    )
    assert keys.entries == (
        AuthorizedKey(identity=BRIDGE, blob=ONE, comment="bridge at the school"),
        AuthorizedKey(identity=WORKER, blob=TWO),
    )
    assert keys.find(TWO) == keys.entries[1]
    assert keys.find(HEAD + bytes(32)) is None


def test_what_is_written_is_read_again() -> None:
    entry = AuthorizedKey(identity=BRIDGE, blob=ONE, comment="at the school")
    assert parse(entry.line).entries == (entry,)


def test_a_fingerprint_is_the_one_that_openssh_tells() -> None:
    blob, comment = public_key(MADE_BY_OPENSSH, "key.pub")
    entry = AuthorizedKey(identity=BRIDGE, blob=blob, comment=comment)
    assert (entry.fingerprint, comment) == (TOLD_BY_OPENSSH, "me@here")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("nonsense", "is no key"),
        (key(ONE), "does not say realm and role"),
        (f'role="worker" {key(ONE)}', "does not say realm"),
        (f'realm="Musterwil",role="worker" {key(ONE)}', "'Musterwil' is no realm"),
        (f'realm="musterwil",role="boss" {key(ONE)}', "'boss' is not a valid Role"),
        (f'realm="musterwil",role="worker",restrict {key(ONE)}', "unknown option restrict"),
        (f"restrict {key(ONE)}", "unknown option restrict"),
        (f"realm=musterwil,role=worker {key(ONE)}", "unknown option realm=musterwil"),
        (f'realm="musterwil",,role="worker" {key(ONE)}', "unknown option"),
        (f'realm="musterwil",role="worker", {key(ONE)}', "unknown option"),
        (f'realm="a",realm="b",role="worker" {key(ONE)}', 'realm="…" should stand there once'),
        (f'realm,role="worker" {key(ONE)}', 'realm="…" should stand there once'),
        ('realm="musterwil",role="worker" ssh-rsa AAAA', "a key of type ssh-rsa; only ssh-ed25519 is accepted"),
        ('realm="musterwil",role="worker" sk-ssh-ed25519@openssh.com AAAA', "only ssh-ed25519 is accepted"),
        ('realm="musterwil",role="worker" ssh-ed25519 AAAA', "the key is damaged"),
        ('realm="musterwil",role="worker" ssh-ed25519 ÄÄÄÄ', "the key is damaged"),
        (f'realm="musterwil",role="worker" {key(ONE + b"x")}', "the key is damaged"),
    ],
)
def test_one_bad_line_makes_the_file_unusable_and_is_named(line: str, what: str) -> None:
    good = f'realm="musterwil",role="bridge" {key(TWO)}'
    with pytest.raises(ConfigurationError) as refused:
        parse("# keys", good, line, good)
    assert str(refused.value).startswith("keys:3")
    assert what in str(refused.value)


ENDS = ("\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
"""What Python takes for a line's end besides a line feed."""


@pytest.mark.parametrize("end", ENDS)
def test_a_comment_brings_no_line_of_its_own(end: str) -> None:
    """It was written by whoever made the key, and the other realm's key behind it would be his."""
    comment = f'me{end}realm="seldwyla",role="worker" {key(TWO)}'
    with pytest.raises(ConfigurationError, match=r"key\.pub is no public key"):
        public_key(f"{key(ONE)} {comment}\n", "key.pub")
    assert parse(f'realm="musterwil",role="bridge" {key(ONE)} {comment}').find(TWO) is None


def test_a_key_is_one_persons() -> None:
    with pytest.raises(ConfigurationError, match="keys:2: this key stands in line 1 already"):
        parse(f'realm="a",role="bridge" {key(ONE)}', f'realm="b",role="bridge" {key(ONE)}')


def test_who_is_gone_or_has_become_somebody_else_has_lost_his_right() -> None:
    older = parse(f'realm="a",role="bridge" {key(ONE)}', f'realm="b",role="bridge" {key(TWO)}')
    assert older.lost_in(older) == frozenset()
    assert older.lost_in(parse(f'realm="a",role="bridge" {key(ONE)} renamed')) == {older.entries[1]}
    assert older.lost_in(parse(f'realm="a",role="worker" {key(ONE)}')) == set(older.entries)


def test_a_key_holds_whatever_its_comment_says() -> None:
    (entry,) = parse(f'realm="a",role="bridge" {key(ONE)} me').entries
    assert parse(f'realm="a",role="bridge" {key(ONE)} renamed').still_hold(entry)
    assert not parse(f'realm="b",role="bridge" {key(ONE)} me').still_hold(entry)
    assert not parse().still_hold(entry)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("nothing", "is no public key"),
        (f'realm="a",role="bridge" {key(ONE)}', "is no public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "is no public key"),
        ("ssh-rsa AAAA me", "only ssh-ed25519"),
    ],
)
def test_what_is_no_public_key_is_named(text: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        public_key(text, "key.pub")
