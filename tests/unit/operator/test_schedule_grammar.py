"""What may stand in a schedule, what becomes of H, and what is refused with which words."""

from collections import Counter

import pytest

from connect_operator.schedule.grammar import MACROS, ScheduleError, resolve

REALM = "musterwil"


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        # These are some customers' hours: a change here would move every customer's run in one night.
        ("H H H H H", "13 17 3 1 0"),
        ("@hourly", "13 * * * *"),
        ("@daily", "13 5 * * *"),
        ("@midnight", "13 0 * * *"),
        ("@weekly", "13 5 * * 0"),
        ("@monthly", "13 5 3 * *"),
        ("@yearly", "13 5 3 1 *"),
        ("@annually", "13 5 3 1 *"),
        ("H(0-29) H(3-5) H(8-14) H(jan-mar) H(mon-fri)", "13 5 10 1 2"),
        ("H/15 H/6 H/10 H/3 H/2", "13-59/15 5-23/6 1-28/10 1-12/3 0-6/2"),
        ("H(0-29)/10 H(1-5)/9 * * *", "3-29/10 1 * * *"),
        ("H,45 H(3-4),H(20-22) * * *", "13,45 4,22 * * *"),
    ],
)
def test_h_becomes_the_same_number_for_ever(written: str, resolved: str) -> None:
    """Pinned for one realm; the hash never changes."""
    assert resolve(written, realm=REALM).expression == resolved


@pytest.mark.parametrize(
    ("realm", "resolved"), [("a", "47 8 27 9 2"), ("seestadt", "42 23 13 4 1"), ("musterwil", "13 17 3 1 0")]
)
def test_each_realm_has_numbers_of_its_own(realm: str, resolved: str) -> None:
    assert resolve("H H H H H", realm=realm).expression == resolved


@pytest.mark.parametrize(
    "plain",
    [
        "0 3 * * *",
        "*/15 6-18 * * 1-5",
        "0,30 3 1-28/7 * *",
        "5/20 3 * * *",
        "00 03 01 01 00",
        "0 3 * JAN-Mar,dec Mon,sat",
        "*/1 */23 */31 */12 */7",
        "0 3 29 2 *",
        "0 3 31 1,2 *",
        "0 3 30 2 1",
        "59 23 31 12 6",
    ],
)
def test_what_has_no_h_is_given_to_kubernetes_as_it_is(plain: str) -> None:
    assert resolve(plain, realm=REALM).expression == plain


@pytest.mark.parametrize("macro", MACROS)
def test_a_macro_of_resolved_fields_resolves_to_itself(macro: str) -> None:
    """What the CronJob holds can be written into a ConnectJob as well."""
    once = resolve(macro, realm=REALM)
    assert resolve(once.expression, realm="another") == once


def test_a_thousand_customers_are_spread_over_the_minutes() -> None:
    """17 in a minute on average: none stands empty, and none holds three times as many."""
    minutes = Counter(resolve("H 3 * * *", realm=f"school-{n}").expression.split()[0] for n in range(1_000))
    assert len(minutes) == 60
    assert max(minutes.values()) < 50


def test_a_thousand_customers_are_spread_over_the_night() -> None:
    hours = Counter(resolve("@daily", realm=f"school-{n}").expression.split()[1] for n in range(1_000))
    assert {hour: round(count, -2) for hour, count in hours.items()} == {"3": 300, "4": 300, "5": 300}


def test_h_as_day_of_the_month_is_a_day_that_every_month_has() -> None:
    days = {int(resolve("0 3 H * *", realm=f"school-{n}").expression.split()[2]) for n in range(1_000)}
    assert days == set(range(1, 29))


NAMES = "The fields are minute, hour, day of month, month, day of week"
EXAMPLE = 'Write five fields, such as "H 3 * * *".'
BLANKS = "there is one blank between two fields, no tab, and none before or after"
MACRO_NAMES = "@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"
WEEKDAYS = "weekdays go from 0 (Sunday) to 6 (Saturday). Write 0 or sun for Sunday, and 5-6,0 for Friday to Sunday."
MINUTE_EXAMPLES = "Write *, a number from 0 to 59, a range 1-5, a list 1,3, a step */2, or H."


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        ("", f"The schedule: it is empty. {EXAMPLE}"),
        ("  ", f"The schedule: it is empty. {EXAMPLE}"),
        ("0 3 * *", f'"0 3 * *": five fields are needed, not 4. {NAMES}. {EXAMPLE}'),
        ("daily", f'"daily": five fields are needed, not 1. {NAMES}. {EXAMPLE}'),
        ("0 0 3 * * *", f'"0 0 3 * * *": five fields are needed, not 6. {NAMES} (no seconds, no year). {EXAMPLE}'),
        ("0 0 3 * * * *", f'"0 0 3 * * * *": five fields are needed, not 7. {NAMES} (no seconds, no year). {EXAMPLE}'),
        ("0  3 * * *", f'"0  3 * * *", at character 2: {BLANKS}. Write "0 3 * * *".'),
        (" 0 3 * * *", f'" 0 3 * * *", at character 1: {BLANKS}. Write "0 3 * * *".'),
        ("0 3 * * * ", f'"0 3 * * * ", at character 10: {BLANKS}. Write "0 3 * * *".'),
        ("0 3 *\t* *", f'"0 3 *\\t* *", at character 6: {BLANKS}. Write "0 3 * * *".'),
        ("0 3 * * *\n", f'"0 3 * * *\\n", at character 10: {BLANKS}. Write "0 3 * * *".'),
        ("0\u00a03 * * *", f'"0\u00a03 * * *", at character 2: {BLANKS}. Write "0 3 * * *".'),
        ("@Daily", f'"@Daily": there is no such macro. Write one of {MACRO_NAMES}.'),
        ("@daily 3", f'"@daily 3": there is no such macro. Write one of {MACRO_NAMES}.'),
        ("@", f'"@": there is no such macro. Write one of {MACRO_NAMES}.'),
        (
            "@every 2h",
            (
                '"@every 2h": intervals have no fixed time of day. '
                'Write a step, such as "H */2 * * *" for every two hours.'
            ),
        ),
        ("@reboot", '"@reboot": there is no machine that starts. Write a time, such as "@daily".'),
        (
            "TZ=Europe/Zurich 0 3 * * *",
            (
                '"TZ=Europe/Zurich 0 3 * * *": the time zone does not belong into the schedule. '
                "Write it into spec.timeZone."
            ),
        ),
        (
            "CRON_TZ=UTC 0 3 * * *",
            '"CRON_TZ=UTC 0 3 * * *": the time zone does not belong into the schedule. Write it into spec.timeZone.',
        ),
        ("0 3 * * 7", f'Field 5 (day of week), "7": {WEEKDAYS}'),
        ("0 3 * * 1,5-7", f'Field 5 (day of week), "5-7": {WEEKDAYS}'),
        (
            "0 3 L * *",
            (
                'Field 3 (day of month), "L": L is not understood. '
                "Kubernetes knows no last day: write a day that every month has, 1 to 28."
            ),
        ),
        (
            "0 3 * * 5L",
            (
                'Field 5 (day of week), "5L": L is not understood. '
                "Kubernetes knows no last day: write a day that every month has, 1 to 28."
            ),
        ),
        (
            "0 3 15W * *",
            (
                'Field 3 (day of month), "15W": W is not understood. '
                "Kubernetes knows no nearest working day: write mon-fri into field 5."
            ),
        ),
        (
            "0 3 * * 1#2",
            (
                'Field 5 (day of week), "1#2": # is not understood. '
                "Kubernetes knows no «second Monday of the month»: write days of the month, such as H(8-14)."
            ),
        ),
        ("0 3 ? * *", 'Field 3 (day of month), "?": ? is not understood. Write * for every value.'),
        ("h 3 * * *", 'Field 1 (minute), "h": h is not understood. Write the capital letter H.'),
        ("60 3 * * *", 'Field 1 (minute), "60": 60 is out of range. Write a number from 0 to 59.'),
        ("0 24 * * *", 'Field 2 (hour), "24": 24 is out of range. Write a number from 0 to 23.'),
        ("0 3 0 * *", 'Field 3 (day of month), "0": 0 is out of range. Write a number from 1 to 31.'),
        ("0 3 1-32 * *", 'Field 3 (day of month), "1-32": 32 is out of range. Write a number from 1 to 31.'),
        ("0 3 * 13 *", 'Field 4 (month), "13": 13 is out of range. Write a number from 1 to 12.'),
        ("H(0-60) 3 * * *", 'Field 1 (minute), "H(0-60)": 60 is out of range. Write a number from 0 to 59.'),
        (
            "99999999999 3 * * *",
            'Field 1 (minute), "99999999999": 99999999999 is out of range. Write a number from 0 to 59.',
        ),
        ("-5 3 * * *", f'Field 1 (minute), "-5": this is not understood. {MINUTE_EXAMPLES}'),
        ("*-5 3 * * *", f'Field 1 (minute), "*-5": this is not understood. {MINUTE_EXAMPLES}'),
        ("1-2-3 3 * * *", f'Field 1 (minute), "1-2-3": this is not understood. {MINUTE_EXAMPLES}'),
        ("*/2/3 3 * * *", f'Field 1 (minute), "*/2/3": this is not understood. {MINUTE_EXAMPLES}'),
        ("H(5) 3 * * *", f'Field 1 (minute), "H(5)": this is not understood. {MINUTE_EXAMPLES}'),
        ("٣ 3 * * *", f'Field 1 (minute), "٣": this is not understood. {MINUTE_EXAMPLES}'),
        (
            "0 3 * * mo",
            (
                'Field 5 (day of week), "mo": this is not understood. Write *, a number from 0 to 6, '
                "a name from sun, mon, tue, wed, thu, fri, sat, a range 1-5, a list 1,3, a step */2, or H."
            ),
        ),
        (
            "0 3 * * monday",
            'Field 5 (day of week), "monday": monday is no name here: names have three letters. Write mon.',
        ),
        (
            "0 3 * mon *",
            (
                'Field 4 (month), "mon": mon does not belong into this field. '
                "Months stand in field 4, weekdays in field 5."
            ),
        ),
        ("0 22-2 * * *", 'Field 2 (hour), "22-2": the range goes backwards, from 22 to 2. Write 22-23,0-2.'),
        ("0 3 * * sat-sun", 'Field 5 (day of week), "sat-sun": the range goes backwards, from 6 to 0. Write 6,0.'),
        (
            "0 H(22-2) * * *",
            (
                'Field 2 (hour), "H(22-2)": the range goes backwards, from 22 to 2. '
                "Write H(2-22), or a range that ends by 23."
            ),
        ),
        (
            "*/0 * * * *",
            'Field 1 (minute), "*/0": a step of 0 never moves on. Write a step from 1 on, such as */2.',
        ),
        (
            "*/90 * * * *",
            (
                'Field 1 (minute), "*/90": a step of 90 is longer than the 60 values of this field. '
                "Write the one value that is meant, without a step."
            ),
        ),
        (
            "0 3,,5 * * *",
            'Field 2 (hour), "": a value is missing before or after a comma. Take the extra comma out.',
        ),
        (
            "0, 3 * * *",
            'Field 1 (minute), "": a value is missing before or after a comma. Take the extra comma out.',
        ),
        (
            "0 3 30 2 *",
            (
                'Fields 3 and 4 (day of month, month), "30 2": this date never comes. '
                "Write a day that the month has, such as 28."
            ),
        ),
        (
            "0 3 31 4,6,SEP,11 *",
            (
                'Fields 3 and 4 (day of month, month), "31 4,6,SEP,11": this date never comes. '
                "Write a day that the month has, such as 28."
            ),
        ),
    ],
)
def test_a_refusal_says_where_what_and_what_to_write_instead(refused: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        resolve(refused, realm=REALM)
    assert str(caught.value) == message
