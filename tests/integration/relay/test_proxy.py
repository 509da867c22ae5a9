"""The bridge behind an HTTP proxy, as schools have them: a real one that lets through, refuses, hangs and hangs up."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from connect_relay.bridge.proxy import reach
from connect_relay.errors import UnreachableError
from connect_relay.settings import Address, Proxy
from tests.support.http_proxy import HttpProxy, http_proxy, http_proxy_on
from tests.support.ports import reserved_port
from tests.support.relay import HOST, START_SECONDS, Command, Pki, RelayCommand, dial, tunnel, worker_channel
from tests.support.targets import Targets

LOGIN = "schule:pa-ss.w_rd"
AUTHENTICATION = "BasicAuth schule pa-ss.w_rd"


@pytest.fixture
def proxy(tmp_path: Path, own_relay: RelayCommand) -> Iterator[HttpProxy]:
    """It lets through to the relay's port and no other, and cuts what is idle for 3 seconds."""
    with http_proxy(tmp_path / "proxy", f"ConnectPort {own_relay.port}", "Timeout 3") as running:
        yield running


def bridge(
    pki: Pki, relay: Address, *options: str | Path, echo: int = 9, variables: dict[str, str] | None = None
) -> Command:
    """A bridge with one target, on a port of loopback."""
    return Command.start(
        *("connect-bridge", "run", "--relay", str(relay), "--tls", pki.bridge()),
        *("--target", f"echo={HOST}:{echo}", "--longest-pause-seconds", "0.5", *options),
        variables=variables,
    )


async def assert_carries(pki: Pki, relay: RelayCommand) -> None:
    async with worker_channel(pki.worker(), relay.address) as channel, tunnel(channel, dial("echo")) as connection:
        await connection.write(b"through")
        assert await connection.read_exactly(7) == b"through"


async def test_connections_flow_through_the_proxy(
    pki: Pki, own_relay: RelayCommand, goals: Targets, proxy: HttpProxy
) -> None:
    with bridge(pki, own_relay.address, "--proxy", proxy.url, echo=goals.echo) as running:
        await running.logged("relay connected")
        await assert_carries(pki, own_relay)
    assert proxy.connections() == [str(own_relay.address)]
    assert running.wait_for("bridge runs")["proxies"] == [proxy.url]


async def test_heartbeats_keep_a_proxy_from_cutting_what_is_idle(
    pki: Pki, own_relay: RelayCommand, goals: Targets, proxy: HttpProxy
) -> None:
    """It cuts after 3 seconds without a byte: one connection, held idle for longer, stays the same."""
    with bridge(pki, own_relay.address, "--proxy", proxy.url, "--heartbeat-seconds", "1", echo=goals.echo) as running:
        await running.logged("relay connected")
        with pytest.raises(AssertionError, match="no line 'relay disconnected'"):
            await running.logged("relay disconnected", 5)
        await assert_carries(pki, own_relay)
    assert proxy.connections() == [str(own_relay.address)]


@pytest.mark.parametrize("case", ["variable", "file"])
async def test_a_proxy_that_asks_for_a_password_is_given_it_and_no_log_is(
    pki: Pki, own_relay: RelayCommand, tmp_path: Path, case: str
) -> None:
    login = tmp_path / "login"
    login.write_text(LOGIN + "\n", encoding="utf-8")
    with http_proxy(tmp_path / "proxy", AUTHENTICATION) as proxy:
        quoted = f"http://schule:pa-ss%2Ew_rd@{HOST}:{proxy.port}"
        variables = {"HTTPS_PROXY": quoted if case == "variable" else proxy.url}
        options: list[str | Path] = [] if case == "variable" else ["--proxy-login", login, "--log-level", "debug"]
        with bridge(pki, own_relay.address, *options, variables=variables) as running:
            await running.logged("relay connected")
    assert running.wait_for("bridge runs")["proxies"] == [proxy.url]
    assert not [line for line in running.lines if "pa-ss" in str(line)]


@pytest.mark.parametrize(
    "variables", [{"NO_PROXY": HOST}, {"no_proxy": "127.0.0.0/8"}, {"CONNECT_BRIDGE_PROXY": "none"}]
)
async def test_a_relay_that_is_exempt_is_reached_without_the_proxy(
    pki: Pki, own_relay: RelayCommand, variables: dict[str, str]
) -> None:
    with reserved_port() as port:
        nobody = f"http://{HOST}:{port}"
        with bridge(pki, own_relay.address, variables={"HTTPS_PROXY": nobody, **variables}) as running:
            await running.logged("relay connected")


async def test_no_proxy_does_not_bend_a_proxy_that_was_asked_for(
    pki: Pki, own_relay: RelayCommand, proxy: HttpProxy
) -> None:
    """By our option; gRPC by itself would go past it."""
    variables = {"NO_PROXY": "*", "no_proxy": HOST}
    with bridge(pki, own_relay.address, "--proxy", proxy.url, variables=variables) as running:
        await running.logged("relay connected")
    assert proxy.connections() == [str(own_relay.address)]


@pytest.mark.parametrize(("setting", "cause"), [("ConnectPort 443", "code 403"), (AUTHENTICATION, "code 407")])
async def test_a_proxy_that_refuses_is_told_and_tried_again(
    pki: Pki, own_relay: RelayCommand, tmp_path: Path, setting: str, cause: str
) -> None:
    """The connection comes by itself when the proxy has been mended."""
    with reserved_port() as port:
        with http_proxy_on(port, tmp_path / "first", setting) as proxy:
            running = bridge(pki, own_relay.address, "--proxy", proxy.url)
            line = await running.logged("relay not reached")
        with running, http_proxy_on(port, tmp_path / "second"):
            await running.logged("relay connected")
    assert cause in line["cause"]


async def test_a_bridge_comes_back_when_its_proxy_was_away(pki: Pki, own_relay: RelayCommand, tmp_path: Path) -> None:
    with reserved_port() as port:
        with http_proxy_on(port, tmp_path / "first") as first:
            running = bridge(pki, own_relay.address, "--proxy", first.url)
            await running.logged("relay connected")
        with running:
            await running.logged("relay disconnected")
            with http_proxy_on(port, tmp_path / "second"):
                await running.logged("relay connected", after=len(running.lines))


async def test_any_connection_goes_through_the_proxy_and_none_of_its_bytes_are_lost(
    goals: Targets, tmp_path: Path
) -> None:
    with http_proxy(tmp_path / "proxy", AUTHENTICATION) as proxy:
        way = Proxy(address=proxy.address, login=LOGIN)
        with await reach(Address(host=HOST, port=goals.echo), way, 5) as connection:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(connection, b"hello")
            assert await loop.sock_recv(connection, 100) == b"hello"


REFUSALS = [
    ("ConnectPort 443", "", "forbids connections to 127.0.0.1:9 (403). Let whoever runs the proxy allow CONNECT"),
    (AUTHENTICATION, "", "asks for a user and a password. Give them in a file by --proxy-login"),
    (AUTHENTICATION, "schule:wrong", "refuses this user and password. Mend them"),
    ("# all", "", "answers 500 when asked for 127.0.0.1:9. Can the proxy itself reach the relay?"),
]


@pytest.mark.parametrize(("setting", "login", "words"), REFUSALS)
async def test_a_refusal_says_what_to_do(tmp_path: Path, setting: str, login: str, words: str) -> None:
    with http_proxy(tmp_path / "proxy", setting) as proxy, pytest.raises(UnreachableError) as refused:
        await reach(Address(host=HOST, port=9), Proxy(address=proxy.address, login=login), 5)
    assert f"the proxy {proxy.url} {words}" in str(refused.value)
    assert "wrong" not in str(refused.value)


async def test_a_proxy_that_is_away_hangs_or_is_none_is_told_apart(goals: Targets) -> None:
    async def fault(port: int, patience: float = START_SECONDS) -> str:
        with pytest.raises(UnreachableError) as refused:
            await reach(Address(host="relay.invalid", port=1), Proxy(address=Address(host=HOST, port=port)), patience)
        return str(refused.value)

    assert (await fault(goals.refusing)).startswith(f"the proxy {HOST}:{goals.refusing} cannot be reached: Connection")
    assert "has not answered within 0.3 s. Does a firewall" in await fault(goals.hanging, 0.3)
    assert "has not answered within 1 s. Does it know the relay's name" in await fault(goals.stalled, 1)
    with socket.create_server((HOST, 0)) as server:
        answering = asyncio.create_task(asyncio.to_thread(_say_hello, server))
        assert "does not answer as an HTTP proxy does" in await fault(server.getsockname()[1])
        await answering


def _say_hello(server: socket.socket) -> None:
    with server.accept()[0] as connection:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


def test_a_password_on_the_command_line_is_refused_and_not_repeated(pki: Pki) -> None:
    relay = Address(host=HOST, port=1)
    with bridge(pki, relay, "--proxy", "http://anna:geheim@proxy:3128") as running:
        assert running.process.wait(START_SECONDS) == 2
    output = str(running.lines)
    assert "can be read by everybody: give --proxy-login FILE" in output
    assert "geheim" not in output
