"""Whatever is typed, reading it raises nothing but BadSchedule, and what was read can be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest

from jobctl.cron.schedule import Dialect, Schedule
from jobctl.errors import BadSchedule, HangingSchedule

GOOD = (
    "* * * * *", "0 9 * * MON-FRI", "*/15 0-5 1,15 JAN *", "1 2 3 4 5 6", "*-x/3 ?/2 1,,2 07 +3",
    "TZ=UTC 0 0 * * *", "CRON_TZ=America/New_York  @daily", "TZ=Local * * * * *", "TZ= 0 0 1 1 ?",
    "@every 1h30m", "@every -1.5s", "@hourly", "@reboot", "0 0 L * *", "0 0 * * 1#2", "H H * * *",
    "R R * * *", "0 0 1 1 * 0 2030", "0 0 * * mon#5,L5", "0 0 15W * *", "* * * * * 1/5 2000-2010/3",
)  # fmt: skip
CHARS = "*?/-,0123456789LW#HRC()@=: \t\u3000\x85\xa0\x1c+._aMONjanTZ\ud800\U0001f600İ\u017f\0%\x1b"
ZONES = (UTC, ZoneInfo("America/New_York"), ZoneInfo("Europe/Dublin"), ZoneInfo("Pacific/Apia"))
DIALECTS = pytest.mark.parametrize("dialect", Dialect)


def ask(text: str, dialect: Dialect, random: Random) -> bool:
    """Read a text, and ask what was read; return whether it is a schedule."""
    try:
        schedule = Schedule.parse(text, dialect=dialect)
    except BadSchedule as caught:
        error = caught
    else:
        answer(schedule, random)
        return True
    typed, position = error.at or ("", -1)
    assert (error.message, typed) == (str(error), text)
    assert 0 <= position <= len(text)
    return False


def answer(schedule: Schedule, random: Random) -> None:
    year = random.choice((3, 1969, 2011, 2026, 2098, 9000))
    after = datetime(year, random.randint(1, 12), 28, tzinfo=random.choice(ZONES))
    try:
        assert all(found > after for found in islice(schedule.firings(after), 3))
    except HangingSchedule:
        assert year == 2011
    assert schedule.explain()


def mutated(random: Random) -> str:
    chars = list(random.choice(GOOD))
    for _ in range(random.choice((1, 1, 1, 4))):
        i, some = (
            random.randrange(len(chars) + 1),
            random.choice((CHARS, "0123456789*,", "0123456789*,")),
        )
        match random.randrange(4):
            case 0:
                chars[i : i + 1] = random.choice(some)
            case 1:
                chars.insert(i, random.choice(some))
            case 2:
                del chars[i : i + 1]
            case _:
                chars[i:i] = chars[i : i + random.randint(1, 6)]
    return "".join(chars)


@DIALECTS
def test_good_schedules_with_mistakes(dialect):
    random = Random(f"mistakes {dialect}")
    read = sum(ask(mutated(random), dialect, random) for _ in range(6000))
    assert 500 < read < 5500


@DIALECTS
def test_characters_of_schedules_at_random(dialect):
    random = Random(f"random {dialect}")
    for _ in range(3000):
        ask("".join(random.choices(CHARS, k=random.randint(0, 30))), dialect, random)


@DIALECTS
@pytest.mark.parametrize("prefix", ["", "* * * * ", "TZ=", "TZ=UTC ", "@", "@every ", "*/"])
def test_every_byte_and_a_lone_surrogate_anywhere(dialect, prefix):
    for char in [*map(chr, range(256)), "\ud800", "\udcff", "\u2028", "\U0010ffff"]:
        for text in (f"{prefix}{char}", f"{char}{prefix}", f"{prefix}1{char}", f"{prefix}{char} *"):
            ask(text, dialect, Random(ascii(text)))


@DIALECTS
@pytest.mark.parametrize(
    "text",
    [
        "1" * 100_000,
        "0" * 100_000 + "1 * * * *",
        f"*/{'9' * 100_000} * * * *",
        "," * 50_000 + " * * * *",
        ",".join(["*"] * 20_000) + " * * * *",
        "-" * 100_000 + " * * * *",
        "/" * 100_000 + " * * * *",
        "* " * 50_000,
        " " * 100_000,
        "@every " + "9" * 100_000 + "s",
        "@every 0." + "9" * 100_000 + "s",
        "@every " + "1ns" * 20_000,
        "@" * 100_000,
        "TZ=" + "x" * 100_000 + " * * * * *",
        "TZ=" + "a/" * 5_000 + " * * * * *",
        "TZ=UTC " * 10_000,
        "x" * 100_000 + " * * * *",
        "=" * 100_000,
    ],
    ids=lambda text: f"{text[:12]}.. {len(text)}",
)
def test_what_is_very_long(dialect, text):
    ask(text, dialect, Random(0))


def test_a_message_about_a_long_text_is_short():
    for text in ("x" * 9999 + " * * * *", "@" + "x" * 9999, "@every 1" + "x" * 9999,
                 "TZ=" + "x" * 9999 + " * * * * *", "1" * 9999 + " * * * *",
                 "1-" * 9999 + "1 * * * *", "@every " + "x" * 9999):  # fmt: skip
        with pytest.raises(BadSchedule) as caught:
            Schedule.parse(text)
        assert len(caught.value.message) < 120
        assert len(caught.value.hint or "") < 120
