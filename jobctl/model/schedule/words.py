"""A schedule in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobctl.model.schedule.schedule import Schedule


def in_words(schedule: Schedule) -> str:
    """Return what a schedule says, in plain English."""
    return f"at {schedule.text}"
