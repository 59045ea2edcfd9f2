"""What is said of schedules in other systems' spelling, and in words."""

import pytest

from jobctl.cron.schedule import Schedule
from jobctl.errors import BadSchedule

YEARS = "years cannot be told: leave the last field out"
BEHIND = "five fields, and nothing behind them: 0 4 * * *; six have the seconds first"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("'0 4 * * *'", "leave the quotes out: 0 4 * * *"),
        ('"@daily"', "leave the quotes out: @daily"),
        ("hourly", "did you mean @hourly?"),
        ("TZ=UTC Daily", "did you mean @daily?"),
        ("every 5 minutes", "write @every 5m"),
        ("every 1 hour", "write @every 1h"),
        ("rate(2 days)", "write @every 48h"),
        ("0 4 * * * root /bin/backup --all", BEHIND),
        ("0 4 * * * #backup", BEHIND),
        ("0 4 * * * 2027", BEHIND),
        ("0 0 4 * * ? *", YEARS),
        ("0 0 4 * * 7", "the server takes 0-6: Sunday is 0"),
        ("0~59 * * * *", "~ (a random value) is of another dialect: the server has none"),
    ],
)
def test_what_to_write_is_said(text, hint):
    with pytest.raises(BadSchedule) as refused:
        Schedule.parse(text)
    assert refused.value.hint == hint


def test_a_hint_does_not_say_an_endless_text_again():
    with pytest.raises(BadSchedule) as refused:
        Schedule.parse(f"'{'0,' * 5000}0 4 * * *'")
    assert len(refused.value.hint or "") < 200


QUARTZ = "in Quartz, where ? is from, Sunday is 1; here it is 0: name the days, SUN to SAT"


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("0 15 10 ? * 6L", "L (the last day)"),
        ("0 15 10 ? * FRIL", "L (the last day)"),
        ("0 15 10 L-2 * ?", "L (the last day)"),
        ("0 0 0 ? JAN-L *", "L (the last day)"),
        ("0 15 10 ? * 6#3", "# (the nth weekday)"),
        ("0 15 10 * * MON#2", "# (the nth weekday)"),
        ("0 15 10 15W * ?", "W (the nearest weekday)"),
        ("0 9 5? * *", "? (no value of its own)"),
        ("0 9 1-? * *", "? (no value of its own)"),
    ],
)
def test_signs_of_quartz_are_named_and_nothing_else_is_proposed(text, sign):
    with pytest.raises(BadSchedule) as refused:
        Schedule.parse(text)
    assert refused.value.hint == f"{sign} is of another dialect: the server has none"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0 15 10 ? * 7", QUARTZ),
        ("0 0 0 ? * 6-2", QUARTZ),
        ("0 9 ? * 1-7", QUARTZ),
        ("0 15 10 ? * 2-6 *", YEARS),
        ("0 4 ? * 2-6 2027", YEARS),
        ("0 4 ? * MON 2027", YEARS),
        ("0 0 4 * * ? 2027-2030", YEARS),
        ("0 4 ? * MON *", YEARS),
        ("0 0 24 * * ?", "the server takes 0-23"),
        ("0 0 9 * * MONDAY", "did you mean MON? names have three letters"),
    ],
)
def test_no_hint_makes_another_schedule_of_six_fields(text, hint):
    with pytest.raises(BadSchedule) as refused:
        Schedule.parse(text)
    assert refused.value.hint == hint
