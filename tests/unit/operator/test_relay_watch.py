"""What the relay's admin endpoint tells of its bridges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connect_operator.core.facts import BridgeState, RelayView
from connect_operator.core.spec import RelaySpec, Transport
from connect_operator.relay_watch import PATIENCE, RelayWatch, read_bridges
from tests.support.connect_jobs import MUSTERWIL

SINCE = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ANSWER = """{
  "bridges": [{"realm": "musterwil", "since": "2026-11-22T02:00:00Z", "version": "1", "targets": ["database"]}],
  "absent": [{"realm": "otherwil", "since": "2026-11-22T02:00:00Z"}, {"realm": "neverwil", "since": null}]
}"""

LEFT = '{"bridges": [], "absent": [{"realm": "musterwil", "since": "2026-11-22T03:00:00Z"}]}'
NOBODY = '{"bridges": [], "absent": []}'


class Relay:
    """Answers what the test says."""

    def __init__(self) -> None:
        self.text, self.status = ANSWER, 200
        self.others: dict[str, tuple[int, str]] = {}
        self.resolves = True
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.watch = RelayWatch(
            client, "http://relay.test:8080", interval=timedelta(seconds=30), resolve=self._addresses
        )

    async def _addresses(self, host: str) -> list[str]:
        assert host == "relay.test"
        if not self.resolves:
            raise OSError("Temporary failure in name resolution")
        return ["10.0.0.1", *self.others]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.url.port, request.url.path, request.headers["Host"]) == (8080, "/bridges", "relay.test:8080")
        status, text = self.others.get(request.url.host, (self.status, self.text))
        return httpx.Response(status, text=text)

    def states(self, *realms: str) -> list[BridgeState]:
        return [self.watch.view(realm).state for realm in realms]

    async def told(self, realm: str) -> list[BridgeState]:
        """The state of a bridge now, and after each question until patience has run out."""
        states = self.states(realm)
        for _ in range(PATIENCE):
            await self.watch.ask()
            states += self.states(realm)
        return states


@pytest.fixture
def relay() -> Relay:
    return Relay()


def test_bridges_are_read_with_the_moment_since_when() -> None:
    assert read_bridges(ANSWER) == {
        "musterwil": RelayView(state=BridgeState.CONNECTED, since=SINCE),
        "otherwil": RelayView(state=BridgeState.ABSENT, since=SINCE),
        "neverwil": RelayView(state=BridgeState.ABSENT),
    }


async def test_a_relay_that_never_answers_is_told_after_a_while(relay: Relay) -> None:
    """Before, nothing has been heard: an operator that begins again is no news."""
    relay.status = 503
    assert await relay.told("musterwil") == [BridgeState.UNHEARD] * PATIENCE + [BridgeState.UNKNOWN]


async def test_a_realm_that_the_relay_never_saw_is_absent_after_a_while(relay: Relay) -> None:
    """The relay may have begun again at the same time as the operator, and its bridges be on their way."""
    assert await relay.told("strange") == [BridgeState.UNHEARD] * PATIENCE + [BridgeState.ABSENT]


async def test_what_the_relay_says_of_a_realm_counts_at_once(relay: Relay) -> None:
    await relay.watch.ask()
    assert relay.states("musterwil", "otherwil") == [BridgeState.CONNECTED, BridgeState.ABSENT]
    relay.text = LEFT
    await relay.watch.ask()
    assert relay.states("musterwil") == [BridgeState.ABSENT]


async def test_a_relay_that_begins_again_is_no_news_while_its_bridges_come_back(relay: Relay) -> None:
    await relay.watch.ask()
    relay.text = NOBODY
    for _ in range(PATIENCE - 1):
        await relay.watch.ask()
    assert relay.states("musterwil") == [BridgeState.CONNECTED]
    relay.text = ANSWER
    await relay.watch.ask()
    assert relay.states("musterwil") == [BridgeState.CONNECTED]


async def test_a_bridge_that_does_not_come_back_to_a_relay_is_absent_after_a_while(relay: Relay) -> None:
    await relay.watch.ask()
    relay.text = NOBODY
    assert await relay.told("musterwil") == [BridgeState.CONNECTED] * PATIENCE + [BridgeState.ABSENT]


async def test_a_relay_that_was_away_for_long_is_heard_out_before_its_bridges_are_absent(relay: Relay) -> None:
    relay.status = 503
    for _ in range(PATIENCE):
        await relay.watch.ask()
    relay.status, relay.text = 200, NOBODY
    unheard = [BridgeState.UNHEARD] * (PATIENCE - 1)
    assert await relay.told("musterwil") == [BridgeState.UNKNOWN, *unheard, BridgeState.ABSENT]


@pytest.mark.parametrize(("status", "text"), [(503, ANSWER), (200, "busy"), (200, '{"bridges": [{}]}')])
async def test_a_relay_that_does_not_answer_keeps_its_word_for_a_while(relay: Relay, status: int, text: str) -> None:
    await relay.watch.ask()
    relay.status, relay.text = status, text
    for _ in range(PATIENCE - 1):
        await relay.watch.ask()
    assert relay.states("musterwil") == [BridgeState.CONNECTED]
    await relay.watch.ask()
    assert relay.states("musterwil", "otherwil") == [BridgeState.UNKNOWN, BridgeState.UNKNOWN]


async def test_a_relay_that_answers_again_is_believed_again(relay: Relay) -> None:
    relay.status = 503
    for _ in range(PATIENCE):
        await relay.watch.ask()
    relay.status = 200
    await relay.watch.ask()
    assert relay.states("musterwil") == [BridgeState.CONNECTED]


# Several relays


async def asked(relay: Relay, times: int = PATIENCE) -> RelayView:
    """What is known of the realm after so many questions."""
    for _ in range(times):
        await relay.watch.ask()
    return relay.watch.view("musterwil")


async def test_a_bridge_at_one_of_several_relays_is_connected(relay: Relay) -> None:
    relay.others = {"10.0.0.2": (200, LEFT)}
    assert await asked(relay) == RelayView(state=BridgeState.CONNECTED, since=SINCE, connected=1, without=1)


async def test_a_relay_that_does_not_answer_beside_one_that_does_is_counted(relay: Relay) -> None:
    relay.others = {"10.0.0.2": (503, "")}
    assert await asked(relay) == RelayView(state=BridgeState.CONNECTED, since=SINCE, connected=1, silent=1)
    relay.text = LEFT
    left = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert await asked(relay) == RelayView(state=BridgeState.ABSENT, since=left, without=1, silent=1)


async def test_relays_of_which_none_answers_tell_nothing(relay: Relay) -> None:
    relay.status, relay.others = 503, {"10.0.0.2": (503, "")}
    assert (await asked(relay)).state is BridgeState.UNKNOWN


async def test_a_relay_in_the_place_of_another_is_no_news(relay: Relay) -> None:
    """A restarted pod has a new address; its bridges are on their way."""
    relay.others = {"10.0.0.2": (200, ANSWER)}
    await asked(relay)
    relay.others = {"10.0.0.3": (200, NOBODY)}
    assert await asked(relay, times=1) == RelayView(state=BridgeState.CONNECTED, since=SINCE, connected=1)


async def test_a_bridge_that_is_at_no_relay_is_absent_once_all_are_heard_out(relay: Relay) -> None:
    relay.text = LEFT
    await asked(relay)
    relay.others = {"10.0.0.2": (200, NOBODY)}
    assert (await asked(relay, times=PATIENCE - 1)).state is BridgeState.UNHEARD
    assert (await asked(relay, times=1)).state is BridgeState.ABSENT


async def test_a_name_that_cannot_be_resolved_for_a_while_changes_nothing(relay: Relay) -> None:
    await asked(relay)
    relay.resolves = False
    assert (await asked(relay)).state is BridgeState.CONNECTED


async def test_a_name_that_nobody_has_ever_resolved_is_asked_itself(relay: Relay) -> None:
    relay.resolves = False
    assert (await asked(relay)).state is BridgeState.CONNECTED


@pytest.mark.parametrize(
    "address",
    [
        "connect-relay:8443",
        "connect-relay.connect:8443",
        "connect-relay.connect.svc.cluster.local:8443",
        "connect-relay-1.connect-relay.connect.svc:8443",
        "relay.elsewhere.org:8443, Relay.Example.org:443",
    ],
)
def test_the_bridge_of_whoever_goes_by_this_relay_is_told(address: str) -> None:
    assert serves(address)


@pytest.mark.parametrize(
    ("address", "transport"),
    [
        ("relay.elsewhere.org:8443", Transport.GRPC),
        ("connect-relay.other.svc:8443", Transport.SSH),
        ("other-relay:8443", Transport.GRPC),
        ("connect-relay:22", Transport.JUMP_HOST),
        ("", Transport.NONE),
    ],
)
def test_nothing_is_said_of_who_goes_by_another_relay_or_by_none(address: str, transport: Transport) -> None:
    """This relay has no bridge of that realm, which is no news."""
    assert not serves(address, transport)


def test_a_short_name_is_a_service_of_the_connect_jobs_own_namespace() -> None:
    assert not serves("connect-relay:8443", namespace="other")


def test_without_names_every_connect_job_goes_by_the_relay_that_is_asked() -> None:
    assert serves("relay.elsewhere.org:8443", names=())


NAMES = ("connect-relay.connect", "relay.example.org")


def serves(
    address: str,
    transport: Transport = Transport.GRPC,
    *,
    names: tuple[str, ...] = NAMES,
    namespace: str = "connect",
) -> bool:
    watch = RelayWatch(httpx.AsyncClient(), "http://relay.test:8080", interval=timedelta(seconds=30), names=names)
    relay = RelaySpec(transport=transport, address=address)
    return watch.serves(replace(MUSTERWIL, namespace=namespace, relay=relay))
