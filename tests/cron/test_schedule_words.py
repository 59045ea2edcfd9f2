"""Schedules in plain English, each judged by reading it."""

from random import Random

import pytest

from jobctl.cron.schedule import Dialect, Schedule
from jobctl.cron.schedule_words import field_rows

# fmt: off
WORDS = [
    ("* * * * *", "every minute"),
    ("*/5 * * * *", "every 5 minutes"),
    ("3-59/5 * * * *", "at minutes 3, 8, 13 … 58 of every hour"),
    ("*/7 * * * *", "at minutes 0, 7, 14 … 56 of every hour"),
    ("*/60 * * * *", "every hour, on the hour"),
    ("0 * * * *", "every hour, on the hour"),
    ("0 * * * MON", "every hour, on the hour on Mondays"),
    ("0 * * * MON-FRI", "every hour, on the hour, Monday to Friday"),
    ("30 * * * *", "at minute 30 of every hour"),
    ("10,25,40 * * * *", "at minutes 10, 25 and 40 of every hour"),
    ("10,25,40 9-17 * * *", "at minutes 10, 25 and 40 in hours 09 to 17, every day"),
    ("0-29 * * * *", "at minutes 0 to 29 of every hour"),
    ("* 9-17 * * *", "every minute from 09:00 to 17:59, every day"),
    ("* 9 * * *", "every minute from 09:00 to 09:59, every day"),
    ("* 9-11,14-16 * * *", "every minute in hours 09 to 11 and 14 to 16, every day"),
    ("* 22-23,0-5 * * *", "every minute in hours 00 to 05, 22 and 23, every day"),
    ("*/5 9-17 * * MON-FRI", "every 5 minutes from 09:00 to 17:55, Monday to Friday"),
    ("*/7 9 * * *", "at minutes 0, 7, 14 … 56 in hour 09, every day"),
    ("*/7 9-17 * * *", "at minutes 0, 7, 14 … 56 in hours 09 to 17, every day"),
    ("5,10,20,22,47 9 * * *", "at 09:05, 09:10, 09:20, 09:22 and 09:47 every day"),
    ("5,10,20,22,47,51,52,54,56 9 * * *",
     "at minutes 5, 10, 20, 22, 47, 51 and 3 more in hour 09, every day"),
    ("30 9 * * MON-FRI", "at 09:30, Monday to Friday"),
    ("0 0 1 * *", "at 00:00 on the 1st of every month"),
    ("0 12 1,15 JAN,JUL *", "at 12:00 on the 1st and 15th of January and July"),
    ("CRON_TZ=Europe/Berlin 0 12 1,15 1,7 *",
     "at 12:00 on the 1st and 15th of January and July, in Europe/Berlin"),
    ("TZ=Local 30 9 * * *", "at 09:30 every day, in the server's own zone"),
    ("TZ= 30 9 * * *", "at 09:30 every day, in UTC"),
    ("0 9,12,17 * * *", "at 09:00, 12:00 and 17:00 every day"),
    ("0 */2 * * *", "every 2 hours, on the hour"),
    ("0 */6 * * *", "at 00:00, 06:00, 12:00 and 18:00 every day"),
    ("0 */5 * * *", "at 00:00, 05:00, 10:00, 15:00 and 20:00 every day"),
    ("15 */4 * * *", "every 4 hours from 00:15 to 20:15, every day"),
    ("30 9-17 * * *", "every hour from 09:30 to 17:30, every day"),
    ("0 9-12,14-17 * * *",
     "at 09:00, 10:00, 11:00, 12:00, 14:00, 15:00, 16:00 and 17:00 every day"),
    ("0 22-23,0-5 * * *", "at 00:00, 01:00, 02:00, 03:00, 04:00, 05:00, 22:00 and 23:00 every day"),
    ("0 0 * * 0", "at 00:00 on Sundays"),
    ("0 0 * * MON,WED,FRI", "at 00:00 on Mondays, Wednesdays and Fridays"),
    ("0 0 * * 6,0", "at 00:00 on Saturdays and Sundays"),
    ("0 0 * * 0-3", "at 00:00 on Mondays, Tuesdays, Wednesdays and Sundays"),
    ("0 0 * * 1-6", "at 00:00, Monday to Saturday"),
    ("0 0 * * 0-2,4-6", "at 00:00 on Mondays, Tuesdays, Thursdays, Fridays, Saturdays and Sundays"),
    ("0 0 13 * 5", "at 00:00 on the 13th of every month, or on Fridays"),
    ("0 0 13 * MON-FRI", "at 00:00 on the 13th of every month, or Monday to Friday"),
    ("0 0 13 1,7 5", "at 00:00 on the 13th of January and July, or on Fridays in January and July"),
    ("0 0 31 4,5 MON", "at 00:00 on the 31st of May, or on Mondays in April and May"),
    ("0 0 1-31 * MON", "at 00:00 every day"),
    ("0 0 *,13 * FRI", "at 00:00 on Fridays"),
    ("0 0 13 * *,FRI", "at 00:00 on the 13th of every month"),
    ("0 0 */2 * MON", "at 00:00 on the 1st, 3rd, 5th … 31st of every month, or on Mondays"),
    ("0 0 */2 * *", "at 00:00 on the 1st, 3rd, 5th … 31st of every month"),
    ("0 0 31 * *", "at 00:00 on the 31st of every month that has one"),
    ("0 0 30,31 * *", "at 00:00 on the 30th and 31st of every month that has them"),
    ("0 0 15,31 * *", "at 00:00 on the 15th and 31st of every month"),
    ("0 0 29 2 *", "at 00:00 on the 29th of February"),
    ("0 0 30 2 *", "never"),
    ("0 0 30 2 MON", "at 00:00 on Mondays in February"),
    ("0 0 , * *", "never"),
    ("0 0 1-7 * *", "at 00:00 on the 1st to 7th of every month"),
    ("0 0 1-7,15 3-6 *", "at 00:00 on the 1st to 7th and 15th of March to June"),
    ("0 0 1 11,12,1,2 *", "at 00:00 on the 1st of January, February, November and December"),
    ("0 0 1 */3 *", "at 00:00 on the 1st of January, April, July and October"),
    ("0 0 * 1-3 *", "at 00:00 every day in January to March"),
    ("0 0 * 1,2,3,4,5,6,7,9,10,11,12 *",
     "at 00:00 every day in January to July and September to December"),
    ("*/5 * * 1 *", "every 5 minutes in January"),
    ("*/5 * 1 * *", "every 5 minutes on the 1st of every month"),
    ("0 0 1,2,5,7,11,13,17,19,23,29 * *",
     "at 00:00 on the 1st, 2nd, 5th, 7th, 11th, 13th and 4 more of every month"),
    ("* * * * * *", "every second"),
    ("*/10 * * * * *", "every 10 seconds"),
    ("5/10 * * * * *", "at seconds 5, 15, 25 … 55 of every minute"),
    ("*/7 * * * * *", "at seconds 0, 7, 14 … 56 of every minute"),
    ("15 * * * * *", "at second 15 of every minute"),
    ("15 */5 * * * *", "at second 15 of minutes 0, 5, 10 … 55 of every hour"),
    ("15 30 9 * * *", "at 09:30:15 every day"),
    ("15 30 9-17 * * *", "every hour from 09:30:15 to 17:30:15, every day"),
    ("15 30 * * * *", "at second 15 of minute 30 of every hour"),
    ("* 30 9 * * *", "every second of minute 30 in hour 09, every day"),
    ("* * 9-17 * * *", "every second from 09:00:00 to 17:59:59, every day"),
    ("* * 9,12,15 * * *", "every second of every minute in hours 09, 12 and 15, every day"),
    ("*/10 30 * * * *", "every 10 seconds of minute 30 of every hour"),
    ("5,15,16 * * * * *", "at seconds 5, 15 and 16 of every minute"),
    ("5,15,16,18,20 30 9 * * *",
     "at 09:30:05, 09:30:15, 09:30:16, 09:30:18 and 09:30:20 every day"),
    ("@yearly", "at 00:00 on the 1st of January"),
    ("@monthly", "at 00:00 on the 1st of every month"),
    ("@weekly", "at 00:00 on Sundays"),
    ("@daily", "at 00:00 every day"),
    ("@hourly", "every hour, on the hour"),
    ("@every 90s", "every 90 seconds, counted from the start of the server"),
    ("@every 1s", "every second, counted from the start of the server"),
    ("@every 1h", "every hour, counted from the start of the server"),
    ("@every 24h", "every 24 hours, counted from the start of the server"),
    ("@every 48h", "every 48 hours, counted from the start of the server"),
    ("@every 1h1m1s", "every 3,661 seconds, counted from the start of the server"),
    ("@every 90m", "every 90 minutes, counted from the start of the server"),
    ("CRON_TZ=Asia/Tokyo @every 10m", "every 10 minutes, counted from the start of the server"),
    ("CRON_TZ=Asia/Kolkata , 0 * * *", "never"),
]
UNIX = [
    ("0 0 * * 7", "at 00:00 on Sundays"),
    ("*/5 * * * * 30", "at second 30 of minutes 0, 5, 10 … 55 of every hour"),
    ("0 0 13 * 5", "at 00:00 on the 13th of every month, or on Fridays"),
    ("0 0 1-31 * MON", "at 00:00 every day"),
    ("@daily", "at 00:00 every day"),
    ("*,5 0 * * *", "every minute from 00:00 to 00:59, every day"),
    ("0 0 L * *", "as the crontab's line says: 0 0 L * *"),
    ("0 0 * * 1#2", "as the crontab's line says: 0 0 * * 1#2"),
    ("0 0 1 1 * 0 2030", "as the crontab's line says: 0 0 1 1 * 0 2030"),
    ("0 0 1 1 * 0 *", "at 00:00 on the 1st of January"),
]
# fmt: on


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_a_schedule_in_words(text, words):
    assert Schedule.parse(text).explain() == words


@pytest.mark.parametrize(("text", "words"), UNIX)
def test_a_crontabs_line_in_words(text, words):
    assert Schedule.parse(text, dialect=Dialect.UNIX).explain() == words


def fields_of(text: str, dialect: Dialect = Dialect.FAKTORY) -> list[tuple[object, ...]] | None:
    fields = Schedule.parse(text, dialect=dialect).fields
    return None if fields is None else [tuple(row.values()) for row in field_rows(fields)]


def test_the_fields_are_their_values():
    assert fields_of("TZ=UTC */5 9-17,20 1,15 feb MON-FRI") == [
        ("second", None, "0", 1),
        ("minute", "*/5", "0-55/5", 12),
        ("hour", "9-17,20", "9-17,20", 10),
        ("day of month", "1,15", "1,15", 2),
        ("month", "feb", "FEB (2)", 1),
        ("day of week", "MON-FRI", "MON-FRI (1-5)", 5),
    ]
    assert (fields_of(", * * * *") or [])[1] == ("minute", ",", "", 0)
    assert {text for _, text, _, _ in fields_of("@weekly") or []} == {None}  # it was not typed


def test_a_crontabs_seconds_come_last_and_are_shown_first():
    found = fields_of("*/5 * * * 7 30", Dialect.UNIX) or []
    assert [(text, values) for _, text, values, _ in found] == [
        ("30", "30"),
        ("*/5", "0-55/5"),
        ("*", "0-23"),
        ("*", "1-31"),
        ("*", "1-12"),
        ("7", "SUN (0)"),
    ]


def test_an_interval_and_a_crontabs_odd_line_have_no_fields():
    assert fields_of("@every 90s") is None
    assert fields_of("0 0 L * *", Dialect.UNIX) is None


def _random(seed: int) -> str:
    dice = Random(seed)

    def field(least: int, most: int) -> str:
        if dice.random() < 0.3:
            return dice.choice(["*", "*/2", f"*/{dice.randint(1, most + 2)}"])
        count = dice.choice([1, 1, 1, 2, 3, 6, most])
        return ",".join(str(dice.randint(least, most)) for _ in range(count))

    return " ".join(
        [field(0, 59), field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)]
    )


@pytest.mark.parametrize("seed", range(300))
def test_whatever_is_said_reads_as_a_sentence(seed):
    schedule = Schedule.parse(_random(seed))
    words = schedule.explain()
    assert 0 < len(words) < 400
    assert words[:2] in ("at", "ev") or words == "never"
    assert "  " not in words
