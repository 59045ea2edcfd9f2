"""Texts that other systems take for a schedule, and what to write for them here."""

from __future__ import annotations

import re

from jobctl.cron.field import other_dialect
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
_NO_WEEKDAY = re.compile(r"[#/].*|[0-9]{4}.*", re.ASCII)


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
    return _too_much([word.text for word in split(text)])


def _too_much(words: list[str]) -> str | None:
    """Return the hint where a year or a command follows the fields, or Quartz was meant."""
    if len(words) < 5:
        return None
    foreign = next(filter(None, map(other_dialect, words)), None)
    # Quartz has seconds first and a year last, AWS a year without seconds: a ? tells it.
    with_year = len(words) == 7 or (len(words) == 6 and "?" in words)
    if with_year and _YEARS.fullmatch(words[-1]):
        return foreign or "years cannot be told: leave the last field out"
    if "?" in words:
        digits = any(letter.isdigit() for letter in words[-1])
        return foreign or (QUARTZ_DAYS if digits else None)
    if len(words) == 6 and not _NO_WEEKDAY.fullmatch(words[5]):
        return None
    if len(words) > 5 and _is_schedule(words[:5]) and not _is_schedule(words[:6]):
        five = " ".join(words[:5])
        return f"five fields, and nothing behind them: {five}; six have the seconds first"
    return None


def _is_schedule(words: list[str]) -> bool:
    try:
        Fields.parse(" ".join(words))
    except BadSchedule:
        return False
    return True
