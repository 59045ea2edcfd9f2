"""Schedules in the server's own dialect: what they say, when they fire."""

from __future__ import annotations

from jobctl.model.schedule.schedule import Dialect, Schedule

__all__ = ["Dialect", "Schedule"]
