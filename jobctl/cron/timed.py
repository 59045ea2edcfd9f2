"""What only time tells of entries: when they fire, and what a clock change does to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jobctl.cron.clock import Clock
from jobctl.cron.document import Document, Place
from jobctl.cron.doubt import Doubt, Level
from jobctl.cron.doubting import doubts
from jobctl.cron.entry import CronEntry, Crontab
from jobctl.cron.finding import Code, Finding
from jobctl.cron.notes import finding_at
from jobctl.cron.repeats import Clashes
from jobctl.cron.schedule import Schedule
from jobctl.errors import BadSchedule


def with_time(crontab: Crontab, now: int, local: Clock) -> Crontab:
    """Return a crontab with the findings that depend on the time, all in order of place.

    Args:
        crontab: as it was loaded.
        now: unix seconds; clashes and clock changes are looked for in the year after it.
        local: the server's clock, for schedules without a zone.
    """
    document = crontab.document
    found = list(crontab.findings)
    known: dict[str, list[Doubt]] = {}
    for entry in crontab.entries:
        if entry.parsed is not None and entry.schedule is not None:
            if entry.schedule not in known:
                known[entry.schedule] = doubts(entry.parsed, now, local)
            found += [_finding(document, entry, each) for each in known[entry.schedule]]
    for entry, other, when in Clashes(crontab.entries, now, local).found():
        found.append(_finding(document, entry, _clash(entry, other, when)))
    return replace(crontab, findings=tuple(sorted(found, key=lambda each: _order(document, each))))


def _order(document: Document, finding: Finding) -> tuple[int, int]:
    place = Place(finding.file or "", finding.line or 1, finding.column or 1)
    return document.line_of(place), place.column


def _finding(document: Document, entry: CronEntry, doubt: Doubt) -> Finding:
    place = entry.schedule_at
    column = place.column
    if entry.plain and doubt.position is not None:
        column += 1 + doubt.position  # behind the quote
    return finding_at(
        document,
        document.line_of(place),
        column,
        doubt.level,
        doubt.code,
        doubt.message,
        hint=doubt.hint,
        entry=entry.number,
    )


def _clash(entry: CronEntry, other: CronEntry, when: str) -> Doubt:
    message = (
        f"fires at the same instant as {other.seen_from(entry.file)}, "
        f"with the same type and queue: {when}"
    )
    hint = "if both are meant, move one by a minute"
    return Doubt(Level.WARNING, Code.SAME_INSTANT, message, hint)


def expression_findings(text: str, now: int, local: Clock) -> list[Finding]:
    """Return what is wrong with a schedule of the command line, or may not be meant."""
    try:
        doubted = doubts(Schedule.parse(text), now, local)
    except BadSchedule as error:
        position = error.at[1] if error.at else None
        doubted = [Doubt(Level.ERROR, Code.BAD_SCHEDULE, error.message, error.hint, position)]
    return doubt_findings(text, doubted)


def doubt_findings(text: str, doubted: Iterable[Doubt]) -> list[Finding]:
    """Return the doubts about a schedule of the command line as findings."""
    return [
        Finding(
            file=None,
            line=None,
            column=None if each.position is None else each.position + 1,
            entry=None,
            level=each.level,
            code=each.code,
            message=each.message,
            hint=each.hint,
            at=(text, each.position or 0),
        )
        for each in doubted
    ]
