"""Durations as Go's time.ParseDuration reads them."""

from __future__ import annotations

import pytest

from jobctl.cron.fields import go_nanoseconds
from jobctl.errors import BadSchedule

US, MS, S, M, H = 1_000, 1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000
MOST = 2**63 - 1
UNITS = "durations look like 90s, 15m, 1h30m; the units are h m s ms us ns"
DAYS = "Go's durations know no days or weeks: 24h, 168h"
BLANKS = "one blank behind @every, none in the duration or behind it: @every 1h30m"
YEARS = "the server knows up to 292 years"


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0), ("+0", 0), ("-0", 0), ("0s", 0), ("0h0m", 0), ("00s", 0),
        ("5s", 5 * S), ("30s", 30 * S), ("1478s", 1478 * S), ("090s", 90 * S),
        ("-5s", -5 * S), ("+5s", 5 * S), ("-1h1s", -H - S),
        ("5.0s", 5 * S), ("5.6s", 5 * S + 600 * MS), ("5.s", 5 * S), (".5s", 500 * MS),
        ("1.004s", S + 4 * MS), ("1.0040s", S + 4 * MS), ("100.00100s", 100 * S + MS),
        ("0.0000000009s", 0), ("0.9ns", 0),
        ("10ns", 10), ("11us", 11 * US), ("12\u00b5s", 12 * US), ("12\u03bcs", 12 * US),
        ("13ms", 13 * MS), ("14s", 14 * S), ("15m", 15 * M), ("16h", 16 * H),
        ("3h30m", 3 * H + 30 * M), ("10.5s4m", 4 * M + 10 * S + 500 * MS),
        ("-2m3.4s", -(2 * M + 3 * S + 400 * MS)), ("1s1s1s", 3 * S),
        ("1h2m3s4ms5us6ns", H + 2 * M + 3 * S + 4 * MS + 5 * US + 6),
        ("39h9m14.425s", 39 * H + 9 * M + 14 * S + 425 * MS),
        ("52763797000ns", 52763797000),
        # A third of an hour in floats, and digits beyond 63 bits left out.
        ("0.3333333333333333333h", 20 * M), ("0.9223372036854775808h", 3_320_413_933_267),
        ("0.100000000000000000000h", 6 * M), ("0.830103483285477580700h", 2_988_372_539_827),
        (f"0.{'3' * 400}h", 20 * M),
        # The longest, either way.
        ("9223372036854775807ns", MOST), ("9223372036854775.807us", MOST),
        ("9223372036s854ms775us807ns", MOST), ("-9223372036854775807ns", -MOST),
        ("-9223372036854775808ns", -MOST - 1), ("-9223372036854775.808us", -MOST - 1),
        ("-2562047h47m16.854775808s", -MOST - 1), ("2562047h47m16.854775807s", MOST),
        (f"{'0' * 400}1s", S),
    ],
)  # fmt: skip
def test_what_go_reads(text, nanoseconds):
    assert go_nanoseconds(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message", "hint", "at"),
    [
        ("", "the duration is missing", UNITS, 0),
        ("-", "the duration is missing", UNITS, 1),
        ("+", "the duration is missing", UNITS, 1),
        ("3", "the unit is missing", UNITS, 1),
        ("1h30", "the unit is missing", UNITS, 4),
        ("1.2.3s", "the unit is missing", UNITS, 3),
        ("s", "'s' is not a duration", UNITS, 0),
        (".", "'.' is not a duration", UNITS, 0),
        ("-.", "'-.' is not a duration", UNITS, 1),
        (".s", "'.s' is not a duration", UNITS, 0),
        ("+.s", "'+.s' is not a duration", UNITS, 1),
        ("++1s", "'++1s' is not a duration", UNITS, 1),
        ("1h-1m", "'h-' is not a unit", UNITS, 1),
        ("1e3s", "'e' is not a unit", UNITS, 1),
        ("1H", "'H' is not a unit", UNITS, 1),
        ("1hour", "'hour' is not a unit", UNITS, 1),
        ("1s2\u00b5", "'\u00b5' is not a unit", UNITS, 3),
        ("\u0661s", "'\u0661s' is not a duration", UNITS, 0),  # a digit, not ASCII
        ("1d", "'d' is not a unit", DAYS, 1),
        ("2weeks", "'weeks' is not a unit", DAYS, 1),
        (" 1h", "' 1h' is not a duration", BLANKS, 0),
        ("1h ", "'h ' is not a unit", BLANKS, 1),
        ("1 h", "' h' is not a unit", BLANKS, 1),
        ("1" + "x" * 99, f"'{'x' * 40}' is not a unit", UNITS, 1),
        ("9223372036854775808ns", "the duration is too long", YEARS, 0),
        ("9223372036854775.808us", "the duration is too long", YEARS, 0),
        ("-9223372036854775809ns", "the duration is too long", YEARS, 1),
        ("2562047h47m16.854775808s", "the duration is too long", YEARS, 0),
        ("1h9223372036854775807s", "the duration is too long", YEARS, 2),
        ("9223372036854775809ns", "the duration is too long", YEARS, 0),
        ("3000000h", "the duration is too long", YEARS, 0),
        ("1m" + "9" * 30 + "ns", "the duration is too long", YEARS, 2),
    ],
)  # fmt: skip
def test_what_go_refuses(text, message, hint, at):
    with pytest.raises(BadSchedule) as caught:
        go_nanoseconds(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.at == (text, at)
