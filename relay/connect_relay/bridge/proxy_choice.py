"""Which proxy: as it is told by option or variable, or by HTTPS_PROXY and NO_PROXY, which other tools read too."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from connect_relay.errors import ConfigurationError
from connect_relay.settings import Address, Proxy, ProxyChoice

NONE = "none"
_FORM = "http://HOST:PORT, such as http://proxy.school.example:3128"


def from_environment(environment: Mapping[str, str]) -> ProxyChoice:
    """What HTTPS_PROXY and NO_PROXY say; the spelling in lower case goes before. Raises ConfigurationError."""
    url = _either(environment, "https_proxy")
    if not url:
        return ProxyChoice()
    entries = _either(environment, "no_proxy").split(",")
    without = tuple(entry.strip() for entry in entries if entry.strip())
    return ProxyChoice(proxy=parse_proxy(url, "HTTPS_PROXY"), without=without)


def parse_proxy(text: str, source: str) -> Proxy:
    """Read http://[USER:PASSWORD@]HOST:PORT; the scheme may be left out.

    Raises ConfigurationError, which names the source and not the text: a password may stand in it.
    """
    url = urlsplit(text if "://" in text else f"http://{text}")
    try:
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if url.scheme == "https":
        raise ConfigurationError(
            f"{source} asks for a proxy by https://, which is not supported",
            todo="Give it as http://: only the words with the proxy are then plain, not what flows through it",
        )
    if url.scheme != "http" or not host or not port or url.path.strip("/") or url.query or url.fragment:
        raise ConfigurationError(
            f"{source} is not {_FORM}", todo="A user and a password in it are written with %-signs"
        )
    login = "" if url.username is None else f"{unquote(url.username)}:{unquote(url.password or '')}"
    return Proxy(address=Address(host=host, port=port), login=_plain(login, source))


def read_login(path: Path) -> str:
    """The one line of a file, USER:PASSWORD. Raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{path} cannot be read: {reason}", todo="It should hold USER:PASSWORD") from error
    if ":" not in text:
        raise ConfigurationError(
            f"{path} does not hold USER:PASSWORD", todo="Write the proxy's user and password to it"
        )
    return _plain(text, str(path))


def _plain(login: str, source: str) -> str:
    if not login.isprintable():
        raise ConfigurationError(f"{source} holds control characters or several lines", todo="One line, USER:PASSWORD")
    return login


def _either(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "") or environment.get(name.upper(), "")
