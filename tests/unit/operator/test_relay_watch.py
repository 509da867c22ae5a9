"""What the relay's admin endpoint tells of its bridges."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connect_operator.facts import BridgeState, RelayView
from connect_operator.relay_watch import PATIENCE, RelayWatch, read_bridges

SINCE = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ANSWER = """{
  "bridges": [{"realm": "musterwil", "since": "2026-11-22T02:00:00Z", "version": "1", "targets": ["database"]}],
  "absent": [{"realm": "otherwil", "since": "2026-11-22T02:00:00Z"}, {"realm": "neverwil", "since": null}]
}"""


class Relay:
    """Answers what the test says."""

    def __init__(self) -> None:
        self.text, self.status = ANSWER, 200
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.watch = RelayWatch(client, "http://relay.test:8080", interval=timedelta(seconds=30))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://relay.test:8080/bridges"
        return httpx.Response(self.status, text=self.text)

    def states(self, *realms: str) -> list[BridgeState]:
        return [self.watch.view(realm).state for realm in realms]


@pytest.fixture
def relay() -> Relay:
    return Relay()


def test_bridges_are_read_with_the_moment_since_when() -> None:
    assert read_bridges(ANSWER) == {
        "musterwil": RelayView(state=BridgeState.CONNECTED, since=SINCE),
        "otherwil": RelayView(state=BridgeState.ABSENT, since=SINCE),
        "neverwil": RelayView(state=BridgeState.ABSENT),
    }


async def test_before_the_first_answer_nothing_is_known(relay: Relay) -> None:
    assert relay.states("musterwil") == [BridgeState.UNKNOWN]


async def test_a_realm_that_the_relay_never_saw_is_absent(relay: Relay) -> None:
    await relay.watch.ask()
    assert relay.states("musterwil", "otherwil", "strange") == [
        BridgeState.CONNECTED,
        BridgeState.ABSENT,
        BridgeState.ABSENT,
    ]


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
