"""What may not be meant about a schedule, or will not work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: an error stops the server, or what is asked for never happens."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """Every doubt there is about a schedule."""

    NEVER_FIRES = "never-fires"
    HANGS = "hangs"
    EMPTY_ENTRY = "empty-entry"
    IGNORED = "ignored"
    ODD_NUMBER = "odd-number"
    RAISED = "raised"
    CUT = "cut"
    EVERY_SECOND = "every-second"
    EVERY_MINUTE = "every-minute"
    UNEVEN_STEP = "uneven-step"
    NOT_EVERY_MONTH = "not-every-month"
    EITHER_DAY = "either-day"
    OTHER_DIALECT = "other-dialect"
    EVERY_RESTART = "every-restart"
    SKIPPED_TIME = "skipped-time"
    DOUBLED_TIME = "doubled-time"
    MISSED_FIRING = "missed-firing"
    ODD_FIRING = "odd-firing"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing about a schedule.

    Attributes:
        level: how bad it is.
        code: its name for programs: ``never-fires``.
        message: its name for people.
        hint: what to do about it.
        position: where in the schedule's text, in characters; None where it is the whole.
    """

    level: Level
    code: str
    message: str
    hint: str | None = None
    position: int | None = None
