"""Schedules mean the same to Connect and to Kubernetes: thousands of them, in all zones, around clock changes."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from zoneinfo import ZoneInfo

from connect_operator.schedule.cron_fields import COLUMNS, DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH, Column
from connect_operator.schedule.grammar import MACROS, ScheduleError, resolve
from connect_operator.schedule.zones import names, zone
from tests.support.schedule_oracle import Question, ScheduleOracle, schedule_oracle

__all__ = ["schedule_oracle"]

SEED = 20261122
DAY = timedelta(days=1)
FIRST, LAST = datetime(2026, 11, 22, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
PAST = datetime(2012, 2, 1, tzinfo=UTC)
# Half an hour's change; no midnight on one day a year, or on the first of a month; the customers' own.
ODD_ZONES = (
    "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut", "America/Santiago", "America/Havana", "Atlantic/Azores",
    "America/Scoresbysund", "America/Nuuk", "Asia/Gaza", "Africa/Casablanca", "Africa/El_Aaiun", "Europe/Dublin",
    "Antarctica/Troll", "Pacific/Chatham", "Pacific/Apia", "America/St_Johns", "Europe/London", "Europe/Zurich",
    "Europe/Stockholm", "America/New_York", "Asia/Kathmandu", "UTC",
    "America/Asuncion", "America/Sao_Paulo", "Asia/Amman", "Asia/Tehran", "Asia/Pyongyang", "America/Caracas",
)  # fmt: skip
COMMON = ("* * * * *", "0 0 * * *", "30 2 * * *", "0 3 * * *", "0 0 1 * *", "15 0 * * 0", "45 1 * * *", "0 5 * * 5,6")


def changes(where: ZoneInfo, *, since: datetime, until: datetime) -> list[datetime]:
    """The days in which a zone's clocks change."""
    days = (since + DAY * n for n in range((until - since).days))
    return [at for at in days if at.astimezone(where).utcoffset() != (at + DAY).astimezone(where).utcoffset()]


def moment(chance: random.Random, around: list[datetime]) -> datetime:
    """Mostly within three days of a clock change, to the second."""
    if around and chance.random() < 0.8:
        return chance.choice(around) + timedelta(seconds=chance.randrange(-3 * 86_400, 3 * 86_400))
    return FIRST + timedelta(seconds=chance.randrange(int((LAST - FIRST).total_seconds())))


def element(chance: random.Random, column: Column) -> str:
    """One element of a column's list, of any form of the grammar."""
    low, high = sorted(chance.choices(range(column.low, column.high + 1), k=2))
    step = chance.randint(1, column.high - column.low + 1)
    name = chance.choice([*column.names] or [str(low)])
    forms = [
        str(low), f"{low:02}", name.upper(), f"{low}-{high}", f"{low}-{high}/{step}", f"{low}/{step}", f"*/{step}",
        "*/1", "H", f"H({low}-{high})", f"H/{step}", f"H({low}-{high})/{step}",
    ]  # fmt: skip
    return chance.choice(forms)


def expression(chance: random.Random) -> str:
    """Five columns; dates are more often free than not, the hours and minutes more often fixed."""
    stars = {MINUTE: 0.1, HOUR: 0.2, DAY_OF_MONTH: 0.6, MONTH: 0.8, DAY_OF_WEEK: 0.5}
    return " ".join(
        "*"
        if chance.random() < stars[column]
        else ",".join(element(chance, column) for _ in range(chance.choice((1, 1, 2))))
        for column in COLUMNS
    )


def compare(oracle: ScheduleOracle, asked: list[tuple[str, Question]]) -> list[str]:
    """Ask both, and tell every difference; the first of a pair is the expression before it was resolved."""
    different = []
    for (original, question), answer in zip(asked, oracle.ask(question for _, question in asked), strict=True):
        ours = tuple(islice(runs(original, question), question.runs))
        if ours != answer.runs:
            different.append(f"{original!r} {question}: {answer.refusal or answer.runs}, but ours are {ours}")
    return different


def runs(original: str, question: Question) -> Iterator[datetime]:
    schedule, where = resolve(original, realm="musterwil"), zone(question.zone)
    run = schedule.next_after(question.moment, where)
    while run is not None:
        yield run
        run = schedule.next_after(run, where)


def possible(texts: Iterator[str], count: int) -> list[tuple[str, str]]:
    """The first expressions that are not refused, each with what it resolves to."""
    accepted: list[tuple[str, str]] = []
    while len(accepted) < count:
        text = next(texts)
        try:
            accepted.append((text, resolve(text, realm="musterwil").expression))
        except ScheduleError:
            continue
    return accepted


def test_the_next_runs_of_thousands_of_schedules_around_clock_changes(schedule_oracle: ScheduleOracle) -> None:
    """Any schedule of the grammar, in the zones whose clocks do odd things, or did."""
    chance = random.Random(SEED)  # noqa: S311
    around = {name: changes(zone(name), since=PAST, until=LAST) for name in ODD_ZONES}
    expressions = possible(iter(lambda: expression(chance), ""), 4_000)
    asked = [
        (text, Question(expression=resolved, zone=name, moment=moment(chance, around[name])))
        for text, resolved in expressions
        for name in [chance.choice(ODD_ZONES)]
    ]
    assert compare(schedule_oracle, asked) == []


def test_common_schedules_in_every_zone(schedule_oracle: ScheduleOracle) -> None:
    """Kubernetes knows every zone that we accept, and changes its clocks at the same moments."""
    chance = random.Random(SEED)  # noqa: S311
    year = FIRST + 365 * DAY
    asked = []
    for name in sorted(names()):
        around = changes(zone(name), since=FIRST, until=year)
        text = chance.choice([*COMMON, *MACROS])
        resolved = resolve(text, realm="musterwil").expression
        asked += [(text, Question(expression=resolved, zone=name, moment=moment(chance, around))) for _ in range(3)]
    assert compare(schedule_oracle, asked) == []


def test_every_night_of_a_year(schedule_oracle: ScheduleOracle) -> None:
    """From run to run, as the controller does it: no night is lost on the way, none is invented."""
    texts = ("0 0 * * *", "45 1 * * *", "30 2 * * *", "0 5 * * 5,6")
    asked = [
        (text, Question(expression=text, zone=name, moment=FIRST, runs=370))
        for name, text in zip(ODD_ZONES, cycle(texts), strict=False)
    ]
    assert compare(schedule_oracle, asked) == []


def test_dates_that_come_too_seldom(schedule_oracle: ScheduleOracle) -> None:
    """29 February is eight years away in 2096: there is no next run, until five years before it."""
    text = "0 3 29 2 *"
    days = (datetime(2096, 1, 1, tzinfo=UTC) + 20 * DAY * n for n in range(90))
    asked = [(text, Question(expression=text, zone="Europe/Zurich", moment=day)) for day in days]
    assert compare(schedule_oracle, asked) == []


def test_months_that_begin_without_a_midnight(schedule_oracle: ScheduleOracle) -> None:
    """On 1 October 2023 the clocks of Paraguay went from 00:00 to 01:00."""
    texts = ("0 3 * 10 *", "0 3 1 * *", "0 3 * 10 1", "0 0 1 10 *", "0 3 1 11 *")
    days = [datetime(2023, 7, 20, 12, tzinfo=UTC) + DAY * n for n in range(0, 80, 5)]
    asked = [(text, Question(expression=text, zone="America/Asuncion", moment=day)) for text in texts for day in days]
    assert compare(schedule_oracle, asked) == []


def test_what_we_accept_kubernetes_accepts_and_understands_alike(schedule_oracle: ScheduleOracle) -> None:
    """Texts put together by chance from everything that occurs in expressions."""
    chance = random.Random(SEED)  # noqa: S311
    pieces = [
        *"0123456789",
        "*",
        "/",
        ",",
        "-",
        "H",
        "(",
        ")",
        "?",
        "L",
        "W",
        "#",
        "mon",
        "Jan",
        "07",
        "60",
        "5-3",
        "1-5",
    ]

    def field() -> str:
        return "".join(chance.choices(pieces, k=chance.choice((1, 1, 1, 2, 3))))

    expressions = possible(iter(lambda: " ".join(field() for _ in range(5)), ""), 150)
    asked = [(text, Question(expression=resolved, zone="UTC", moment=FIRST)) for text, resolved in expressions]
    assert compare(schedule_oracle, asked) == []


def test_the_oracle_refuses_what_is_no_schedule(schedule_oracle: ScheduleOracle) -> None:
    """An oracle that says yes to everything would prove nothing."""
    answers = schedule_oracle.ask([Question(expression="0 3 * * 7", zone="UTC", moment=FIRST)])
    assert answers[0].refusal == "end of range (7) above maximum (6): 7"
