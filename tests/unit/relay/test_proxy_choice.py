"""Which proxy a bridge goes out through."""

import base64
from pathlib import Path

import pytest

from connect_relay.bridge.proxy_choice import from_environment, parse_proxy, read_login
from connect_relay.errors import ConfigurationError
from connect_relay.settings import Address, Proxy, ProxyChoice

PROXY = Proxy(address=Address(host="proxy.school.example", port=3128))
RELAY = Address(host="relay.example.org", port=8443)


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("http://proxy.school.example:3128", ""),
        ("proxy.school.example:3128/", ""),
        ("http://anna:p%40ss%3Aw%2Frd@proxy.school.example:3128", "anna:p@ss:w/rd"),
        ("http://anna@proxy.school.example:3128", "anna:"),
    ],
)
def test_a_proxy_is_read_with_its_login(text: str, login: str) -> None:
    assert parse_proxy(text, "--proxy") == Proxy(address=PROXY.address, login=login)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://anna:geheim@proxy:3128", "by https://, which is not supported"),
        ("socks5://anna:geheim@proxy:1080", "is not http://HOST:PORT"),
        ("http://anna:geheim@proxy", "is not http://HOST:PORT"),
        ("http://anna:geheim@proxy:x", "is not http://HOST:PORT"),
        ("http://anna:geheim@proxy:3128/path", "is not http://HOST:PORT"),
        ("http://anna:geheim%0d%0aX:y@proxy:3128", "holds control characters"),
    ],
)
def test_what_is_no_proxy_is_named_without_its_password(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=f"HTTPS_PROXY.*{why}") as refused:
        parse_proxy(text, "HTTPS_PROXY")
    assert "geheim" not in str(refused.value)


def test_a_login_shows_nowhere_but_in_its_header() -> None:
    proxy = Proxy(address=PROXY.address, login="anna:geheim")
    assert "geheim" not in f"{proxy} {proxy!r} {ProxyChoice(proxy=proxy)!r}"
    assert base64.b64decode(proxy.authorization.removeprefix("Basic ")) == b"anna:geheim"


def test_lower_case_goes_before_upper_case() -> None:
    found = from_environment({"HTTPS_PROXY": "http://other:1", "https_proxy": "proxy.school.example:3128"})
    assert found == ProxyChoice(proxy=PROXY)
    assert from_environment({"NO_PROXY": "*", "HTTP_PROXY": "http://other:1"}) == ProxyChoice()


EXEMPT = ["*", "relay.example.org", "example.org", ".example.org", "*.example.org", "RELAY.example.org:8443"]
NOT_EXEMPT = ["", "ample.org", "relay.example.org:443", "a.relay.example.org", "10.0.0.0/8", "."]


@pytest.mark.parametrize("entry", EXEMPT)
def test_no_proxy_names_hosts_domains_and_ports(entry: str) -> None:
    assert ProxyChoice(proxy=PROXY, without=("db.local", entry)).towards(RELAY) is None


@pytest.mark.parametrize("entry", NOT_EXEMPT)
def test_no_proxy_means_nobody_else(entry: str) -> None:
    assert ProxyChoice(proxy=PROXY, without=(entry,)).towards(RELAY) == PROXY


@pytest.mark.parametrize(
    ("host", "entry", "exempt"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:8443", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("fd00::7", "fd00::/8", True),
        ("fd00::7", "[fd00::7]", True),
        ("fd00::7", "10.0.0.0/8", False),
    ],
)
def test_no_proxy_names_addresses_and_networks(host: str, entry: str, *, exempt: bool) -> None:
    found = ProxyChoice(proxy=PROXY, without=(entry,)).towards(Address(host=host, port=8443))
    assert (found is None) == exempt


def test_a_login_is_one_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("anna:ge:heim\r\n", encoding="utf-8")
    assert read_login(file) == "anna:ge:heim"


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"geheim", "does not hold USER:PASSWORD"), (b"a:b\ngeheim", "several lines"), (b"\xff", "is not UTF-8")],
)
def test_a_file_that_holds_no_login_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "login"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=why) as refused:
        read_login(file)
    assert "geheim" not in str(refused.value)
