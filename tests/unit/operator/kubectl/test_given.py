"""What `kubectl connect new --from` takes from a folder: all of it, or it says why not."""

from pathlib import Path

import pytest

from connect_operator.kubectl.exits import Exit
from connect_operator.kubectl.faults import CommandError
from connect_operator.kubectl.given import Given, read_given
from connect_protocol.environment import SecretKey


def put(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_every_key_that_a_secret_may_have_is_taken(tmp_path: Path) -> None:
    for key in SecretKey:
        put(tmp_path, key, f"value of {key}\n".encode())
    given = read_given(tmp_path)
    texts: dict[SecretKey, str] = {key: f"value of {key}" for key in SecretKey if key is not SecretKey.DIRECTORY_KEYTAB}
    assert given == Given(texts=texts, keytab=b"value of directory/keytab\n")
    assert "value" not in repr(given)


def test_a_keytab_is_bytes(tmp_path: Path) -> None:
    put(tmp_path, SecretKey.DIRECTORY_KEYTAB, b"\x05\x02\xff\x00\n")
    assert read_given(tmp_path).keytab == b"\x05\x02\xff\x00\n"


def test_what_kubernetes_hides_in_a_mounted_secret_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "..data/host", b"db")
    assert read_given(tmp_path) == Given()


@pytest.mark.parametrize(
    ("name", "content", "says", "todo"),
    [
        ("database/sslMode", b"require", "is no key", "database/sslmode"),
        ("databse/host", b"db", "is no key", "database/host"),
        ("database/host", b"\xff", "is not a text in UTF-8", "Write it anew"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, name: str, content: bytes, says: str, todo: str) -> None:
    put(tmp_path, name, content)
    with pytest.raises(CommandError, match=says) as caught:
        read_given(tmp_path)
    assert (caught.value.code, todo in caught.value.todo) == (Exit.USAGE, True)
