"""Entries that stand in a file twice."""

from __future__ import annotations

import json
from collections.abc import Sequence

from jobctl.model.crontab.code import Code
from jobctl.model.crontab.entry import CronEntry
from jobctl.model.crontab.finding import Stage
from jobctl.model.crontab.noting import Notes


def check_twice(notes: Notes, entries: Sequence[CronEntry]) -> None:
    """Note entries whose schedule and job are those of an earlier one."""
    broken = {each.entry for each in notes.findings if each.stage is Stage.ENTRY}
    first: dict[str, CronEntry] = {}
    for entry in entries:
        if entry.number in broken:
            continue  # what is wrong in it is not in its job
        same = first.setdefault(content(entry), entry)
        if same is not entry:
            there = f"line {same.line}" if same.file == entry.file else f"{same.file}:{same.line}"
            message = f"the same schedule and job as entry {same.number} in {there}"
            hint = "leave one of them out: each firing makes the job twice"
            notes.warning(("cron", entry.number - 1), Code.DUPLICATE, message, hint=hint)


def content(entry: CronEntry) -> str:
    """Return what an entry does, as text that can be compared."""
    return json.dumps([entry.schedule, entry.queue, entry.job], sort_keys=True)
