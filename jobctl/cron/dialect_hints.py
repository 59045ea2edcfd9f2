"""Texts that other systems take for a schedule, and what to write for them here."""

from __future__ import annotations

import re

from jobctl.cron.field import WEEKDAY, other_dialect
from jobctl.cron.fields import Fields, split
from jobctl.errors import BadSchedule

QUARTZ_DAYS = "in Quartz, where ? is from, Sunday is 1; here it is 0: name the days, SUN to SAT"

_QUOTES = "'\"`"
_LONGEST = 200  # characters that a hint says again
_WORDS = ("yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly")
_UNITS = {"second": (1, "s"), "minute": (1, "m"), "hour": (1, "h"), "day": (24, "h")}
_OFTEN = re.compile(
    r"(?:rate\(|every )\s*([0-9]{1,6}) (second|minute|hour|day)s?\)?", re.ASCII | re.IGNORECASE
)
_YEARS = re.compile(r"[0-9]{4}[-,/0-9]*|\*", re.ASCII)


def foreign_hint(text: str) -> str | None:
    """Return what to write for a text that the server refuses; None where nobody's is known.

    Args:
        text: without a zone in front.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if len(text) > 2 and text[0] in _QUOTES and text[0] == text[-1]:
        return f"leave the quotes out: {text[1:-1]}"
    if text.lower() in _WORDS:
        return f"did you mean @{text.lower()}?"
    often = _OFTEN.fullmatch(text)
    if often is not None:
        times, letter = _UNITS[often[2].lower()]
        return f"write @every {int(often[1]) * times}{letter}"
    if text.lower().startswith("every "):
        return "schedules are not words: every 5 minutes is @every 5m, every day at 9 is 0 9 * * *"
    if text.startswith("cron("):
        return "cron(..) is of AWS: write minute hour day month weekday alone, without the year"
    if "*-*" in text or ".." in text:
        return "this is systemd's OnCalendar: Mon..Fri 09:00 is 0 9 * * MON-FRI here"
    return _too_much(text)


def _too_much(text: str) -> str | None:
    """Return the hint where something follows the fields: a year, a command."""
    words = [word.text for word in split(text)]
    # Quartz has seconds first and a year last, AWS a year without seconds: a ? tells it.
    if len(words) == 7 or (len(words) == 6 and "?" in words):
        *fields, last = words
        if _YEARS.fullmatch(last):
            return _before_year(fields, last)
    if "?" in words[:-1] and _is_schedule([*words[:-1], "*"]):
        return other_dialect(words[-1]) or (QUARTZ_DAYS if _has_digit(words[-1]) else None)
    if len(words) < 6 or not _is_schedule(words[:5]):
        return None
    if _is_weekday(words[5]) if len(words) == 6 else _is_schedule(words[:6]):
        return None
    five = " ".join(words[:5])
    return f"five fields, and nothing behind them: {five}; six have the seconds first"


def _before_year(words: list[str], year: str) -> str | None:
    """Return the hint for fields before a year; None where they are no schedule here."""
    foreign = next(filter(None, map(other_dialect, words)), None)
    if foreign is not None:
        return foreign
    if "?" in words and _has_digit(words[-1]):
        return f"years cannot be told; {QUARTZ_DAYS}"
    if not _is_schedule(words):
        return None
    every = f"; without: {' '.join(words)}" if year == "*" else ""  # else it is another schedule
    return f"years cannot be told{every}"


def _is_weekday(word: str) -> bool:
    """Check whether a day of week was meant, rather than a year or a command."""
    if word.isdigit():
        return len(word) < 4
    meant = WEEKDAY.near(word) or other_dialect(word)
    return bool(meant) or _is_schedule(["*", "*", "*", "*", word])


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)


def _is_schedule(words: list[str]) -> bool:
    try:
        Fields.parse(" ".join(words))
    except BadSchedule:
        return False
    return True
