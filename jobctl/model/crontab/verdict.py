"""What the server would do with a document, at its start and at a reload."""

from __future__ import annotations

from jobctl.model.crontab.entry import Crontab
from jobctl.model.crontab.finding import Finding, Stage

_ORDER = (
    (Stage.DOCUMENT,),
    (Stage.ENTRIES,),
    (Stage.ENTRY,),
    (Stage.SCHEDULE, Stage.CRASH),
)


def verdict(crontab: Crontab) -> str:
    """Return it in a few words, by the first thing that the server would stumble over."""
    stop = first_stop(crontab)
    if stop is not None and stop.stage is Stage.DOCUMENT:
        return "the server does not start; a reload keeps the old configuration"
    if not crontab.enabled:
        return "the plugin is off: the server starts, and no entry runs"
    if stop is None:
        count = len(crontab.entries)
        return f"the server starts with {counted(count)}"
    if stop.stage is Stage.CRASH:
        return "the server crashes at its start, and at a reload"
    if stop.stage is Stage.SCHEDULE:
        before = (stop.entry or 1) - 1
        rest = f"the {before:,} entries" if before > 1 else "the entry"
        kept = f"running only {rest} before it" if before else "no entry running"
        return f"the server does not start; a reload leaves {kept}"
    return "the server does not start; a reload keeps the old entries"


def counted(entries: int) -> str:
    """Return a count of entries in words."""
    return f"{entries:,} {'entry' if entries == 1 else 'entries'}"


def first_stop(crontab: Crontab) -> Finding | None:
    """Return the finding that the server stops at; None where it starts.

    All entries are read before the first schedule is: a wrong type further down comes first.
    """
    for stages in _ORDER:
        if not crontab.enabled and Stage.DOCUMENT not in stages:
            break
        stops = [each for each in crontab.findings if each.stage in stages]
        if stops:
            return min(stops, key=lambda each: each.entry or 0)
    return None
